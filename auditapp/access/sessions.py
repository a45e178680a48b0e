"""Sessions of a person: which there are, when each was used last, and their end, which holds on the next request."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from auditapp.access.models import User, Workspace
from auditapp.access.own_account import record_of_person
from auditapp.access.requests import session_id
from auditapp.lib import clock
from auditapp.lib.errors import AppError, NotFound

SEEN, BEGAN, OFTEN = "seen_at", "began_at", "seen_often"
SEEN_EVERY: Final = timedelta(minutes=5)
SEEN_OFTEN: Final = timedelta(minutes=1)
# The first that is found: each names those after it, too.
_BROWSERS: Final = (
    ("Edge", r"\bEdgA?/"),
    ("Opera", r"\bOPR/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chromium", r"\bChromium/"),
    ("Chrome", r"(?:Chrome|CriOS)/"),
    ("Safari", r"\bSafari/"),
)
_SYSTEMS: Final = (
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("Android", r"\bAndroid\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Linux", r"\bLinux\b"),
)


class SessionIdle(AppError):
    """Nobody used this session for longer than the workspace lets one rest. Sign in again."""


class SessionGone(NotFound):
    """This session has ended already."""


def sessions_of(request: HttpRequest, user: User) -> list[UserSession]:
    """All that are signed in as this person, the one of the request first, then the one used last."""
    UserSession.objects.create_from_request(request)
    found = UserSession.objects.purge_and_list(user)
    return sorted(found, key=lambda one: (one.is_current(), one.last_seen_at), reverse=True)


def note_seen(request: HttpRequest) -> None:
    """Keep when and where from a session is used, once in five minutes: a row written by each request costs more than it tells."""
    seen, now = request.session.get(SEEN), clock.now().timestamp()
    request.unused_for = timedelta(seconds=now - seen if seen is not None else 0)  # type: ignore[attr-defined]
    every = SEEN_OFTEN if request.session.get(OFTEN) else SEEN_EVERY
    if seen is None or now - seen < every.total_seconds() or not request.user.is_authenticated:
        return
    UserSession.objects.create_from_request(request)
    request.session[SEEN] = clock.now().timestamp()
    # Or each of these writes would put its end off.
    ends = datetime.fromtimestamp(request.session[BEGAN], UTC) + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    request.session.set_expiry(ends)


def end_idle(request: HttpRequest, workspace: Workspace) -> None:
    """Sign out whose session rested for longer than the workspace they enter lets one. What it is used for, it is kept more exactly
    where one does.

    Raises:  SessionIdle
    """
    if not workspace.idle_minutes:
        return
    if getattr(request, "unused_for", timedelta(0)) > timedelta(minutes=workspace.idle_minutes):
        logout(request)
        raise SessionIdle
    if SEEN in request.session and not request.session.get(OFTEN):
        request.session[OFTEN] = True


def mark_begun(request: HttpRequest) -> None:
    """Somebody signed in now: the session ends a fixed time after this, however much it is used."""
    request.session[SEEN] = request.session[BEGAN] = clock.now().timestamp()


@transaction.atomic
def end_session(request: HttpRequest, user: User, *, pk: int) -> None:
    """End another session of this person.

    Raises:  SessionGone
    """
    found = _others(request, user).filter(pk=pk).first()
    if found is None:
        raise SessionGone
    _end(request, user, [found])


@transaction.atomic
def end_other_sessions(request: HttpRequest, user: User) -> int:
    """End all sessions of this person but the one of the request; gives how many there were."""
    found = [one for one in _others(request, user) if not one.purge()]
    if found:
        _end(request, user, found)
    return len(found)


def device_of(user_agent: str) -> str:
    """What a browser says that it is, in two words."""
    browser, system = (_first(user_agent, names) for names in (_BROWSERS, _SYSTEMS))
    return " on ".join(filter(None, (browser, system))) or "Unknown browser"


def _others(request: HttpRequest, user: User) -> QuerySet[UserSession]:
    mine: QuerySet[UserSession] = UserSession.objects.filter(user_id=user.id)
    return mine.exclude(session_key=request.session.session_key)


def _end(request: HttpRequest, user: User, sessions: list[UserSession]) -> None:
    told = {"sessions": len(sessions), "session_ids": [session_id(one.session_key) for one in sessions]}
    for one in sessions:
        one.end()
    record_of_person("user.sessions_revoked", user, request, meta=told)


def _first(text: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((name for name, pattern in names if re.search(pattern, text)), "")
