"""Reads environment variables into typed values and refuses what it cannot read.

Which variables exist, and what they mean, is decided in base.py; this module only knows how to read one.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit


class BadEnvironment(RuntimeError):
    """An environment variable holds a value that cannot be used."""


def _refuse(name: str, value: str, wanted: str) -> BadEnvironment:
    return BadEnvironment(f"{name}={value!r} cannot be used: {wanted}.")


def text(name: str, default: str = "", *, env: Mapping[str, str] = os.environ) -> str:
    """The variable's value, stripped; the default where it is unset or empty."""
    return env.get(name, "").strip() or default


def flag(name: str, default: bool, *, env: Mapping[str, str] = os.environ) -> bool:
    """True for 1/true/yes/on, False for 0/false/no/off, in any case; anything else is refused."""
    value = text(name, env=env).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise _refuse(name, value, "write 1 or 0")


def number(name: str, default: int, *, least: int = 0, env: Mapping[str, str] = os.environ) -> int:
    """A whole number, `least` or more."""
    value = text(name, env=env)
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) < least:
        raise _refuse(name, value, f"write a whole number, {least} or more")
    return int(value)


def words(name: str, default: tuple[str, ...] = (), *, env: Mapping[str, str] = os.environ) -> list[str]:
    """A comma-separated list without empty items."""
    value = text(name, env=env)
    return [word.strip() for word in value.split(",") if word.strip()] if value else list(default)


def path(name: str, default: Path, *, env: Mapping[str, str] = os.environ) -> Path:
    """A path with `~` expanded, absolute."""
    value = text(name, env=env)
    return Path(value).expanduser().absolute() if value else default


def database(name: str, url: str) -> dict[str, str]:
    """NAME, USER, PASSWORD, HOST and PORT of a `postgresql://` URL, and its query as SSL_ and other options.

    Gives:   {"NAME", "USER", "PASSWORD", "HOST", "PORT"} plus libpq options such as "sslmode"
    Raises:  BadEnvironment where the scheme is not PostgreSQL's or the database has no name
    """
    parts = urlsplit(url)
    if not parts.scheme:
        raise BadEnvironment(f"{name} is no URL. Write it as postgresql://user:password@host/audit.")
    if parts.scheme not in {"postgresql", "postgres"}:
        raise _refuse(
            name, parts.scheme + "://...", "only postgresql:// URLs work, PostgreSQL is the one database supported"
        )
    if not parts.path.strip("/"):
        raise _refuse(
            name,
            f"{parts.scheme}://{parts.hostname or ''}",
            "name the database at the end, as in postgresql://user@host/audit",
        )
    query = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        # A socket folder comes as ?host=/run/postgresql, as libpq takes it.
        "HOST": query.pop("host", unquote(parts.hostname or "")),
        "PORT": str(parts.port or ""),
        **query,
    }
