"""The id that ties an answer, its log lines and its events together. Set by RequestIdMiddleware, read by logging."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from auditapp.lib.ids import new_id

HEADER = "X-Request-ID"
# What proxies and tracers make: UUIDs, hex, ULIDs. Anything else could write into logs and events what it likes.
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)

_current: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id_from(header: str | None) -> str:
    """The caller's own id where it is a sane one, else a new one."""
    return header if header and _SANE.fullmatch(header) else new_id("req")


@contextmanager
def carrying(request_id: str) -> Iterator[None]:
    """Every log record made inside the block carries this id."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)


def put_on_log_records() -> None:
    """Let each log record of the process carry the id of its request; safe to repeat."""
    make = logging.getLogRecordFactory()
    if getattr(make, "carries_request_id", False):
        return

    def with_request_id(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        record.request_id = _current.get()
        return record

    with_request_id.carries_request_id = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(with_request_id)
