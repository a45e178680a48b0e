"""Too many wrong tries at an account: that sign-in is stopped for a while is told once, to each workspace of the person, and how long to wait.

The tries themselves are counted by allauth, by address of the client and by account; what is stopped is no try, and no event of its own.
"""

import logging
from math import ceil
from typing import Final, NamedTuple

from allauth.account.internal.stagekit import get_pending_stage
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest

from auditapp.access.models import User
from auditapp.access.own_account import record_of_person
from auditapp.lib import clock

logger = logging.getLogger(__name__)

CODE: Final = "too_many_login_attempts"
_COUNTED: Final = {"app": "allauth.account", "action": "login_failed"}
PASSWORD, SECOND_STEP, AGAIN = "with the password", "at the second step", "when asked again"


class Stopped(NamedTuple):
    """How long no further try is taken, and how long it is until the next is told of as stopped anew; in seconds."""

    wait_s: int
    window_s: int


def stopped(request: HttpRequest, key: str) -> Stopped:
    """For how long sign-in is stopped, by the tries that were counted under this key."""
    now, waits = clock.now().timestamp(), [Stopped(60, 60)]
    for rate in ratelimit.get_rates(**_COUNTED):
        counted = cache.get(ratelimit.get_cache_key(request, **_COUNTED, rate=rate, key=key), [])
        tries = sorted(at for at in counted if at > now - rate.duration)
        if len(tries) >= rate.amount:
            waits.append(Stopped(ceil(tries[-rate.amount] + rate.duration - now), ceil(rate.duration)))
    return max(waits)


def second_step_of(request: HttpRequest) -> User | None:
    """Who is at the second step, or is asked again who sits there; nobody of a sign-in by password."""
    if isinstance(request.user, User):
        return request.user
    stage = get_pending_stage(request)
    return stage.login.user if stage and isinstance(stage.login.user, User) else None


def second_step_key(user: User) -> str:
    """What allauth counts wrong codes by."""
    return f"mfa-auth-user-{user.pk}"


def tell_stopped(request: HttpRequest, user: User | None, when: str, found: Stopped) -> str:
    """Record that sign-in is stopped, once in a window; gives what to say on the page.

    Writes:  user.sign_in_throttled in each workspace of the person, unless it was told in this window
    """
    minutes = ceil(found.wait_s / 60)
    wait = f"{minutes} minute{'' if minutes == 1 else 's'}"
    who = user.id if user else "unknown"
    if cache.add(f"sign-in-stopped:{who}:{when.replace(' ', '-')}", True, timeout=found.window_s):
        if user is None:
            logger.warning("Somebody tries too often to sign in with addresses that have no account.")
        else:
            record_of_person(
                "user.sign_in_throttled", user, request, meta={"when": when, "wait": wait}, outcome="failure"
            )
    return f"Too many wrong tries. Wait {wait}, then try again."
