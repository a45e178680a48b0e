"""Of a Django project that installs `auditapp` beside apps of its own: what its settings lack. docs/django.md lists them all."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

SEE: Final = "docs/django.md has the settings to copy."
APPS: Final = (
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
)
# Outer ones first.
MIDDLEWARE: Final = (
    "auditapp.web.middleware.RequestIdMiddleware",
    "auditapp.web.middleware.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "auditapp.web.middleware.ErrorPageMiddleware",
    "auditapp.access.middleware.SeenMiddleware",
    "auditapp.access.middleware.ActingMiddleware",
)
VALUES: Final = {
    "AUTH_USER_MODEL": "auditapp.User",
    "ACCOUNT_ADAPTER": "auditapp.access.adapter.AccountAdapter",
    "ACCOUNT_USER_MODEL_USERNAME_FIELD": None,
    "MFA_ADAPTER": "auditapp.access.second_factor.SecondFactorAdapter",
    "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
    "SOCIALACCOUNT_ADAPTER": "auditapp.access.sso.protocol.Adapter",
    "PROCRASTINATE_ON_APP_READY": "auditapp.wiring.register_jobs",
    "USE_TZ": True,
}
NAMES: Final = (
    "ALLOW_OWNER_LOGIN",
    "ALLOW_PLAIN_HTTP",
    "DATABASE_APP_LOGIN",
    "DATABASE_ROLE",
    "DATABASE_URL",
    "DATA_DIR",
    "METRICS_TOKEN",
    "OUTBOUND_ALLOWED_NETWORKS",
    "OUTBOUND_ALLOW_HTTP",
    "PUBLIC_URL",
    "SEAL_KEY_FILE",
    "SEAL_ORIGIN",
    "SECRET_BOX_KEYS",
    "SECURE_CSP",
    "SSO_CLIENT_ID",
    "SSO_CLIENT_SECRET",
    "SSO_DOMAINS",
    "SSO_ISSUER",
    "SSO_NAME",
    "TRUSTED_PROXIES",
)


@register()
def project_is_complete(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Every app, middleware and setting that the pages, the recorder and the worker need."""
    return [Error(text, hint=SEE, id=f"auditapp.{number}") for number, text in _lacking()]


def _lacking() -> Iterable[tuple[str, str]]:
    for app in APPS:
        if app not in settings.INSTALLED_APPS:
            yield "E020", f"INSTALLED_APPS lacks {app}."
    if settings.INSTALLED_APPS[0] != "auditapp" and "auditapp" in settings.INSTALLED_APPS:
        yield "E020", "auditapp is not the first of INSTALLED_APPS: its `migrate` makes the database roles."
    for middleware in MIDDLEWARE:
        if middleware not in settings.MIDDLEWARE:
            yield "E021", f"MIDDLEWARE lacks {middleware}."
    places = [settings.MIDDLEWARE.index(one) for one in MIDDLEWARE if one in settings.MIDDLEWARE]
    if places != sorted(places):
        yield "E021", f"MIDDLEWARE has another order than this: {', '.join(MIDDLEWARE)}."
    for name, value in VALUES.items():
        if getattr(settings, name, None) != value or not hasattr(settings, name):
            yield "E022", f"{name} has to be {value!r}."
    for name in NAMES:
        if not hasattr(settings, name):
            yield "E022", f"{name} is not set."
    options = _template_options()
    if "auditapp.nav.navigation" not in options.get("context_processors", ()):
        yield "E023", "The context processors of TEMPLATES lack auditapp.nav.navigation."
    if "auditapp.templatetags.audit" not in options.get("builtins", ()):
        yield "E023", "The builtins of TEMPLATES lack auditapp.templatetags.audit."


def _template_options() -> dict[str, Any]:
    return dict(settings.TEMPLATES[0].get("OPTIONS", {})) if settings.TEMPLATES else {}  # type: ignore[call-overload]
