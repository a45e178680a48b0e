"""Whether a workspace needs a second factor of its members, from when on, and who is led to set one up before anything else."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from auditapp.access.models import FactorRule, User, Workspace
from auditapp.access.queries import workspaces_of
from auditapp.access.second_factor import APP, PASSKEY
from auditapp.access.sso.links import provider_asked_for_two
from auditapp.lib import clock
from auditapp.lib.errors import AppError

GRACE: Final[Mapping[str, timedelta]] = {
    FactorRule.AT_ONCE: timedelta(0),
    FactorRule.IN_7_DAYS: timedelta(days=7),
    FactorRule.IN_30_DAYS: timedelta(days=30),
}


class SecondFactorNeeded(AppError):
    """This workspace needs a second factor. Set one up, and go on."""


def needed_from(rule: str) -> datetime | None:
    """When a rule that is set now begins."""
    return clock.now() + GRACE[rule] if rule in GRACE else None


def has_second_factor(user_id: str) -> bool:
    """Whether somebody has an authenticator app or a passkey."""
    return bool(Authenticator.objects.filter(user_id=user_id, type__in=(APP, PASSKEY)).exists())


def second_factor_due(request: HttpRequest, workspace: Workspace) -> datetime | None:
    """Until when somebody without a second factor goes on as before; None where nothing is asked of them. Who came by single sign-on
    was asked there, where the provider says so. Only where the workspace wants one, a query is made.

    Raises:  SecondFactorNeeded, where that time is over
    """
    due = workspace.second_factor_from
    if due is None or provider_asked_for_two(request) or has_second_factor(str(request.user.pk)):
        return None
    if due <= clock.now():
        raise SecondFactorNeeded
    return due


def workspace_that_waits(user: User, slug: str) -> Workspace | None:
    """The workspace of this person that wants a second factor of them and does not let them in without."""
    if not slug or has_second_factor(user.id):
        return None
    waiting = (one for one in workspaces_of(user.id) if one.slug == slug and one.second_factor_from)
    return next(waiting, None)
