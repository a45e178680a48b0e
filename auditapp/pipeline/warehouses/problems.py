"""What a warehouse answers when it does not do what it is asked, in words for the person who can mend it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import errors

from auditapp.lib.errors import Outside

MOST_CHARACTERS: Final = 300
# Which address a name has is not told: it would map the inner network for whoever tries names.
_ADDRESSES: Final = re.compile(
    r"connection to server at \"[^\"]*\"(?: \([^)]*\))?, port \d+ failed: |\([0-9a-fA-F.:]+\)"
)
_BY_WORDS: Final = (
    ("password", ("password authentication failed", "no password supplied", "authentication failed", "sasl")),
    ("no_entry", ("no pg_hba.conf entry", "is not permitted to log in", "permission denied for database")),
    ("full", ("too many connections", "remaining connection slots", "too many clients")),
    ("no_database", ("database \"",)),
    ("no_user", ("role \"",)),
    ("certificate", ("certificate verify failed", "root certificate", "does not match host name")),
    ("no_tls", ("server does not support ssl", "ssl error", "ssl is not")),
    ("refused", ("connection refused",)),
    ("timeout", ("timeout expired", "timed out", "connection timeout")),
    ("no_route", ("network is unreachable", "no route to host")),
    ("starting", ("is starting up", "is shutting down", "in recovery mode", "not yet accepting connections")),
    ("weak_auth", ("authentication method requirement",)),
    ("away", ("server closed the connection", "connection lost", "connection is closed", "could not receive data", "eof")),
)  # fmt: skip
_WORDS: Final = {
    "password": "The server refused the user or the password. Check both; the password can be entered again in the settings.",
    "no_entry": "The server does not let this user in from here. Its administrator can allow it (pg_hba.conf, or the firewall's list).",
    "no_database": "There is no such database on this server. Check its name.",
    "no_user": "There is no such user on this server. Check its name.",
    "certificate": "The server's certificate cannot be trusted. Choose another encryption setting, or install a certificate for this host name.",
    "no_tls": "The server does not offer encryption as asked. Turn TLS on at the server, or choose another encryption setting.",
    "refused": "Nothing listens at this host and port: the connection was refused. Check the port, and that the server runs.",
    "timeout": "The server did not answer in time. Check host, port and firewall.",
    "no_route": "This host cannot be reached from here.",
    "full": "The server has no free connections. It is tried again later.",
    "starting": "The server is starting or stopping. It is tried again later.",
    "weak_auth": "The server asks for the password in the clear. Choose an encryption setting that is never without TLS.",
    "away": "The connection to the warehouse broke off. It is tried again.",
    "locked": "Another session holds a lock on a table of the warehouse. It is tried again.",
    "slow": "The warehouse took too long for one statement. It is tried again.",
    "no_right": "The user of the warehouse lacks a right",
    "no_key": "A table that was made by hand has no unique id, without which nothing can be loaded once only",
    "read_only": "The warehouse is read-only: it is a standby, or set so. Enter the address of its primary server.",
    "disk_full": "The warehouse has no space left.",
    "other": "The warehouse did not do what it was asked",
}  # fmt: skip
_BY_STATE: Final = (
    (errors.LockNotAvailable, "locked"),
    (errors.DeadlockDetected, "locked"),
    (errors.QueryCanceled, "slow"),
    (errors.InsufficientPrivilege, "no_right"),
    (errors.InvalidColumnReference, "no_key"),
    (errors.ReadOnlySqlTransaction, "read_only"),
    (errors.DiskFull, "disk_full"),
    (errors.InvalidPassword, "password"),
    (errors.InvalidAuthorizationSpecification, "no_entry"),
    (errors.InvalidCatalogName, "no_database"),
    (errors.TooManyConnections, "full"),
)
# To these the server's own words are added.
_WITH_DETAIL: Final = frozenset({"no_right", "no_key", "other"})


class WarehouseProblem(Outside):
    """The warehouse did not do what it was asked."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def plain_words(password: str = "") -> Iterator[None]:
    """Errors of the warehouse's database inside become ones for people, without the password.

    Raises:  WarehouseProblem
    """
    try:
        yield
    except psycopg.Error as error:
        raise problem_of(error, password) from None


def problem_of(error: psycopg.Error, password: str = "") -> WarehouseProblem:
    """What an error means."""
    said = str(error.diag.message_primary or error)
    code = _code_of(error, said)
    words = _WORDS[code]
    if code in _WITH_DETAIL:
        words = f"{words}: {cleaned(said, password)}"
    return WarehouseProblem(code, words)


def cleaned(text: str, password: str = "") -> str:
    """The server's own words on one line, without addresses and without the password."""
    text = _ADDRESSES.sub("", " ".join(text.replace("\x00", "").split()))
    if password:
        text = text.replace(password, "***")
    return text[:MOST_CHARACTERS]


def _code_of(error: psycopg.Error, said: str) -> str:
    for kind, code in _BY_STATE:
        if isinstance(error, kind):
            return code
    lowered = said.lower()
    if error.sqlstate is None:
        for code, words in _BY_WORDS:
            if any(word in lowered for word in words):
                return code
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and error.sqlstate is None:
        return "away"
    if isinstance(error, errors.AdminShutdown | errors.CrashShutdown | errors.CannotConnectNow):
        return "starting"
    return "other"
