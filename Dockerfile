# One image for web, worker and migrations. compose.yaml runs it; settings are in the README.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy
# The user has no shell and owns nothing but its data.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin audit \
    && install --directory --mode 0700 --owner audit --group audit /data
WORKDIR /app

# What else is installed: docker compose build --build-arg EXTRAS="--extra functions --extra parquet"
ARG EXTRAS=""
# Packages first: they change less often than the code.
COPY pyproject.toml uv.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check 'uv>=0.9,<1' \
    && uv sync --frozen --no-default-groups --no-cache ${EXTRAS}
COPY manage.py gunicorn.conf.py README.md LICENSE ./
COPY auditapp auditapp
COPY settings settings
COPY static static
COPY templates templates

ENV PATH=/app/.venv/bin:$PATH DATA_DIR=/data
USER audit
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "settings.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", \
     "--preload", "--worker-tmp-dir", "/dev/shm", "--graceful-timeout", "10", "--timeout", "120"]
