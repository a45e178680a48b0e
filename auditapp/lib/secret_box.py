"""Secrets at rest: text sealed with keys that lie outside the database. Never used for what a hash can do.

Keys come from SECRET_BOX_KEYS (the first one seals, all open, so that keys can be exchanged), else from a file made on first use.
"""

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from auditapp.lib.errors import AppError


class SecretBoxLocked(AppError):
    """A stored secret cannot be opened: its key is not among SECRET_BOX_KEYS, nor in the key file. Restore the key, or enter the secret anew."""


def seal(secret: str) -> bytes:
    """The secret as it may be stored."""
    return _box(_keys()).encrypt(secret.encode())


def unseal(sealed: bytes) -> str:
    """The secret that was stored.

    Raises:  SecretBoxLocked
    """
    try:
        return _box(_keys()).decrypt(bytes(sealed)).decode()
    except InvalidToken:
        raise SecretBoxLocked from None


def _keys() -> tuple[str, ...]:
    return tuple(settings.SECRET_BOX_KEYS) or (_key_in(Path(settings.DATA_DIR) / "keys" / "secret_box.key"),)


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _key_in(file: Path) -> str:
    """The key in this file; made where there is none, whole and 0400 before its name exists."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = file.with_name(f"{file.name}.{uuid4()}")  # threads of one process come at once, too
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as new:
            new.write(Fernet.generate_key())
        with suppress(FileExistsError):  # another process was first
            file.hardlink_to(made)
        made.unlink()
    return file.read_text().strip()
