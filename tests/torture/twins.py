"""Broken on purpose: the webs and the sealer that the scenarios must catch."""

import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from functools import cache
from io import BytesIO
from typing import Any
from unittest.mock import patch

LATE_S = 0.3
REMEMBERED_S = 2.0
EARLY_ANSWER = b'{"data": {"id": "00000000-0000-0000-0000-000000000000"}}'


def answer_early(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application that acknowledges an event first and has the real one store it a moment later."""
    from settings.wsgi import application

    if environ["REQUEST_METHOD"] != "POST":
        return application(environ, start_response)
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    later = {**environ, "wsgi.input": BytesIO(body)}
    threading.Timer(LATE_S, lambda: application(later, lambda *_: bytes).close()).start()
    start_response("201 Created", [("Content-Type", "application/json")])
    return [EARLY_ANSWER]


def break_down(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application that answers 500 to a search that it cannot read."""
    from settings.wsgi import application

    if "%00" in environ.get("RAW_URI", ""):
        start_response("500 Internal Server Error", [("Content-Length", "0")])
        return []
    return application(environ, start_response)


def choke(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application that answers 500 to a packing that it does not know."""
    from settings.wsgi import application

    if environ.get("HTTP_CONTENT_ENCODING") == "br":
        start_response("500 Internal Server Error", [("Content-Length", "0")])
        return []
    return application(environ, start_response)


def remember(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """A WSGI application that looks up what somebody may do every two seconds, and does not see whether an owner is left."""
    from settings.wsgi import application

    _make_forgetful()
    return application(environ, start_response)


@cache
def _make_forgetful() -> None:
    from auditapp.access import decorators, groups, members, permissions, roles

    real, held = permissions.permissions_for, dict[tuple[int, str], tuple[Any, float]]()

    def permissions_for(workspace_id: int, user_id: str) -> Any:
        access, until = held.get((workspace_id, user_id), (None, 0.0))
        if time.monotonic() > until:
            access = real(workspace_id, user_id)
            held[workspace_id, user_id] = access, time.monotonic() + REMEMBERED_S
        return access

    decorators.permissions_for = permissions.permissions_for = permissions_for
    for module in (groups, members, roles):
        module.keep_an_owner = lambda workspace_id, owners: None


def seal_in_pieces() -> None:
    """A worker that commits each statement of a batch by itself."""
    import django

    django.setup()
    from auditapp.sealing.sealer import run_sealer

    with patch("auditapp.sealing.services.transaction.atomic", lambda **_: nullcontext()):
        run_sealer(threading.Event())


def dawdle() -> None:
    """A worker whose forwarder looks for news every five seconds only."""
    import django
    from django.core.management import call_command

    django.setup()
    with patch("auditapp.forwarding.reader.POLL_S", 5.0):
        call_command("worker")


def drowse() -> None:
    """A worker whose sealer looks for what waits every five seconds only."""
    import django
    from django.core.management import call_command

    django.setup()
    with patch("auditapp.sealing.sealer.POLL_S", 5.0):
        call_command("worker")


if __name__ == "__main__":
    {"dawdle": dawdle, "drowse": drowse}.get("".join(sys.argv[1:]), seal_in_pieces)()
