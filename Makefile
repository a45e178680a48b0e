# Everything runs from .venv, which is made from uv.lock; nothing is installed outside of this folder.
export UV_PYTHON_DOWNLOADS = never
export UV_PYTHON_PREFERENCE = only-system
export UV_SYSTEM_CERTS = 1
export UV_PROJECT_ENVIRONMENT = .venv
PYTHON ?= python3
RUN = .venv/bin/python
# uv where it is on the PATH, else a copy of its own in .uv
UV = $(or $(shell command -v uv 2>/dev/null),$(CURDIR)/.uv/bin/uv)
# These stand in the middle of a line and must not end with a newline, which djade would add.
TEMPLATES = $$(git ls-files 'templates/*.html' ':!templates/trail/_count.html' ':!templates/trail/_diff_value.html' ':!templates/_components/withheld.html')

.PHONY: demo up test check format clients bench torture access-matrix lock clean

demo: .venv/.runtime
	@exec $(RUN) manage.py demo

up: .venv/.runtime
	@exec $(RUN) manage.py up

# Two runs: the browser's own event loop would be in the way of every other database test.
test: .venv/.all
	$(RUN) -m pytest tests --ignore=tests/browser -n 2 --dist loadfile
	$(RUN) -m pytest tests/browser -n 2 --dist loadfile

check: .venv/.all
	$(UV) lock --check
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	.venv/bin/djade --check $(TEMPLATES)
	$(RUN) -m mypy
	DATABASE_ROLE=owner $(RUN) manage.py makemigrations --check --dry-run

format: .venv/.all
	$(RUN) -m ruff format .
	$(RUN) -m ruff check --fix .
	.venv/bin/djade $(TEMPLATES)

# Real clients of other makers; without them the tests that use them skip and say so.
clients: | $(filter %/.uv/bin/uv,$(UV))
	npm ci --ignore-scripts --prefix tests/clients --no-audit --no-fund
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .clients
	@$(UV) pip install --quiet --python .clients --require-hashes --requirement tests/clients/requirements.txt

bench: .venv/.all
	@$(UV) sync --quiet --frozen --group bench --inexact --python $(PYTHON)
	$(RUN) -m tests.bench $(BENCH)

torture: .venv/.all
	$(RUN) -m tests.torture $(TORTURE)

.uv/bin/uv:
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .uv 'uv>=0.9,<1' \
		|| { $(PYTHON) -m venv .uv && .uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'; }

.venv/.runtime: pyproject.toml uv.lock | $(filter %/.uv/bin/uv,$(UV))
	@$(UV) sync --quiet --frozen --no-default-groups --inexact --python $(PYTHON)
	@touch $@

.venv/.all: pyproject.toml uv.lock | $(filter %/.uv/bin/uv,$(UV))
	@$(UV) sync --quiet --frozen --python $(PYTHON)
	@touch $@ .venv/.runtime

$(CURDIR)/.uv/bin/uv: .uv/bin/uv

# Who gets what on every page and operation of the API, for auditors; the tests are made from the same cells.
access-matrix: .venv/.all
	DJANGO_SETTINGS_MODULE=settings.testing $(RUN) -c "import django; django.setup(); from tests.access.matrix_file import write; write('docs/access-matrix.json')"

lock:
	$(UV) lock

clean:
	rm -rf .venv .uv .clients .pytest_cache .mypy_cache .ruff_cache
