"""The settings of every process; what differs between installations is read from the environment and listed in the README.

Values for tests are in testing.py.
"""

import os
import secrets
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from settings import env, paths
from settings.embedded import LOGIN, SUPERUSER, project_server
from settings.logs import LOGGING as LOGGING
from settings.mail import mail_settings

BASE_DIR = paths.BASE_DIR
DATA_DIR = paths.DATA_DIR
DEBUG = env.flag("DEBUG", False)

# --- Database -----------------------------------------------------------------------------------

EMBEDDED_SERVER = project_server()
DATABASE_URL = env.text("DATABASE_URL")
DATABASE_OWNER_URL = env.text("DATABASE_OWNER_URL", DATABASE_URL)
# The login of web and worker: the migrations let it become audit_app and audit_worker.
DATABASE_APP_LOGIN = env.database("DATABASE_URL", DATABASE_URL)["USER"] if DATABASE_URL else LOGIN
DATABASE_ROLE = env.text("DATABASE_ROLE", "app")
# For a trial on a server with one login: it could turn itself into the owner, which no trigger holds for long.
ALLOW_OWNER_LOGIN = env.flag("ALLOW_OWNER_LOGIN", DEBUG)
DATABASE_POOL_SIZE = env.number("DATABASE_POOL_SIZE", 0)
# Off behind a pooler that gives each transaction another connection and does not know them (PgBouncer before 1.21).
DATABASE_PREPARED_STATEMENTS = env.flag("DATABASE_PREPARED_STATEMENTS", True)
if DATABASE_ROLE not in {"app", "worker", "owner"}:
    raise env.BadEnvironment(f"DATABASE_ROLE={DATABASE_ROLE!r} cannot be used: write app, worker or owner.")


def _database() -> dict[str, Any]:
    """The connection of this process: the login of its URL, at once turned into the role that it works under."""
    is_owner = DATABASE_ROLE == "owner"
    url = DATABASE_OWNER_URL if is_owner else DATABASE_URL
    if not url and (EMBEDDED_SERVER.home / "password").exists():
        url = EMBEDDED_SERVER.url(user=SUPERUSER) if is_owner else EMBEDDED_SERVER.url()
    # Without a server that was ever started there is nothing to connect to; commands that need none still work.
    where = (
        env.database("DATABASE_URL", url)
        if url
        else {"NAME": "audit", "USER": "", "PASSWORD": "", "HOST": "", "PORT": ""}
    )
    options: dict[str, Any] = {key: value for key, value in where.items() if key.islower()}
    settings = [f"role=audit_{DATABASE_ROLE}", "timezone=UTC"]
    if DATABASE_ROLE == "app":
        settings += ["statement_timeout=15s", "lock_timeout=5s", "idle_in_transaction_session_timeout=120s"]
    options["options"] = " ".join(f"-c {setting}" for setting in settings)
    if DATABASE_POOL_SIZE:
        options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 10}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{key: value for key, value in where.items() if key.isupper()},
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if DATABASE_POOL_SIZE else 600,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Secrets and addresses ----------------------------------------------------------------------


def _own_secret_key() -> str:
    """A key made once and kept in the data folder, so that a first run needs no configuration."""
    file = DATA_DIR / "keys" / "secret.key"
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = file.with_name(f"secret.{secrets.token_hex(4)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as new:
            new.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # another process was first
            file.hardlink_to(made)
        made.unlink()
    return file.read_text().strip()


SECRET_KEY = env.text("SECRET_KEY") or _own_secret_key()
SECRET_BOX_KEYS = env.words("SECRET_BOX_KEYS")
METRICS_TOKEN = env.text("METRICS_TOKEN")


def _last_port() -> int:
    """The port on which this installation was started last: commands of other terminals print links to it."""
    text = PORT_FILE.read_text().strip() if PORT_FILE.exists() else ""
    return int(text) if text.isdecimal() else 8000


PORT_FILE = DATA_DIR / "port"
PORT = env.number("PORT", _last_port(), least=1)
DEMO_TRICKLE = env.flag("DEMO_TRICKLE", True)
PUBLIC_URL = env.text("PUBLIC_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", ("127.0.0.1", "localhost", "[::1]", urlsplit(PUBLIC_URL).hostname or "localhost")
)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", (PUBLIC_URL,))
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES")
ALLOW_PLAIN_HTTP = env.flag("ALLOW_PLAIN_HTTP", False)
SEAL_KEY_FILE = env.path("SEAL_KEY_FILE", DATA_DIR / "keys" / "seal.key")
SEAL_ORIGIN = env.text("SEAL_ORIGIN", f"{urlsplit(PUBLIC_URL).hostname}/audit")

IS_HTTPS = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if IS_HTTPS else "sessionid"
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if IS_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# The shape of Django 6's setting; auditapp.web sends the header until Django does.
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}
# The API's own limits are tighter; this one is for forms.
DATA_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
# A role may be given over thousands of resources, each of which is a field of the form.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# --- Applications -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "auditapp",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "allauth.usersessions",
    "django_filters",
    "django_htmx",
    "ninja",
    "procrastinate.contrib.django",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "auditapp.web.middleware.RequestIdMiddleware",
    "auditapp.web.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "auditapp.web.middleware.ErrorPageMiddleware",
    "auditapp.access.middleware.SeenMiddleware",
    "auditapp.access.middleware.ActingMiddleware",
]
ROOT_URLCONF = "settings.urls"
WSGI_APPLICATION = "settings.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "auditapp.nav.navigation",
            ],
            "builtins": ["auditapp.templatetags.audit"],
        },
    }
]

# --- People -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "auditapp.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "auditapp.access.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "none"  # people come by invitation, to the address that was invited
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "auditapp.access.second_factor.SecondFactorAdapter"
MFA_FORMS = {
    "add_webauthn": "auditapp.access.passkey_forms.AddPasskeyForm",
    "authenticate_webauthn": "auditapp.access.passkey_forms.SecondStepPasskeyForm",
    "login_webauthn": "auditapp.access.passkey_forms.SignInPasskeyForm",
    "reauthenticate_webauthn": "auditapp.access.passkey_forms.ProofPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # whoever came by invitation has the address
# Single sign-on: one OpenID Connect provider, which is none without an issuer.
SSO_ISSUER = env.text("SSO_ISSUER")
SSO_CLIENT_ID = env.text("SSO_CLIENT_ID")
SSO_CLIENT_SECRET = env.text("SSO_CLIENT_SECRET")
SSO_NAME = env.text("SSO_NAME", "single sign-on")
SSO_DOMAINS = env.words("SSO_DOMAINS")
SOCIALACCOUNT_ADAPTER = "auditapp.access.sso.protocol.Adapter"
# Limits live in the cache, which several processes share through the database.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}
globals().update(mail_settings(env.text("EMAIL_URL"), outbox=DATA_DIR / "outbox"))
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"audit-trail@{urlsplit(PUBLIC_URL).hostname}")

# What destinations may call besides the public Internet: networks, as 10.0.5.0/24.
OUTBOUND_ALLOWED_NETWORKS = env.words("OUTBOUND_ALLOWED_NETWORKS")
OUTBOUND_ALLOW_HTTP = env.flag("OUTBOUND_ALLOW_HTTP", False)

EXPORT_DAYS = env.number("EXPORT_DAYS", 7, least=1)
SOURCE_DAYS = env.number("SOURCE_DAYS", 14, least=2)
# Destinations that one worker serves at a time.
DELIVERY_THREADS = env.number("DELIVERY_THREADS", 8, least=2)

# --- Language, time, files ----------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # or whitenoise warns at every start
# Files are served from where they lie: nothing is to be collected before the first start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

PROCRASTINATE_ON_APP_READY = "auditapp.wiring.register_jobs"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""  # jobs are listed in auditapp/wiring.py

SILENCED_SYSTEM_CHECKS: list[str] = []
