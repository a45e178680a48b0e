"""Of keys and tokens: long enough, of the right kind, and read by nobody else."""

import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LEAST_SECRET_KEY: Final = 32
LEAST_METRICS_TOKEN: Final = 16


@register(Tags.security)
def secrets_are_safe(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Nobody guesses a secret, and nobody but their user reads the key that signs checkpoints."""
    return [*_of_environment(), *_of_seal_key()]


def _of_environment() -> Iterable[CheckMessage]:
    if len(settings.SECRET_KEY) < LEAST_SECRET_KEY:
        hint = (
            "Leave SECRET_KEY unset and one is made in DATA_DIR, or set 32 characters or more: openssl rand -base64 48"
        )
        yield Error(
            "SECRET_KEY is short enough to be guessed: sessions could be forged.", hint=hint, id="auditapp.E012"
        )
    if 0 < len(settings.METRICS_TOKEN) < LEAST_METRICS_TOKEN:
        hint = f"Set {LEAST_METRICS_TOKEN} characters or more: openssl rand -hex 24"
        yield Error("METRICS_TOKEN is short enough to be guessed.", hint=hint, id="auditapp.E017")
    if any(not _is_box_key(key) for key in settings.SECRET_BOX_KEYS):
        hint = "Make one with: openssl rand -base64 32 | tr '+/' '-_'"
        yield Error("SECRET_BOX_KEYS holds something that is no key.", hint=hint, id="auditapp.E015")


def _is_box_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _of_seal_key() -> Iterable[CheckMessage]:
    file = Path(settings.SEAL_KEY_FILE)
    try:
        mode = stat.S_IMODE(file.stat().st_mode)
    except OSError:  # the worker makes it, or says that it is missing; the web need not see it
        return
    if mode & 0o077:
        hint = f"Run: chmod 400 {file}"
        yield Error(f"Others can read {file}, the key that signs checkpoints.", hint=hint, id="auditapp.E016")
