"""Whether a session is enough for a workspace that lets people in by single sign-on only."""

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from auditapp.access.models import User, Workspace
from auditapp.access.permissions import Access, Permission
from auditapp.access.queries import managers_of
from auditapp.access.second_factor import APP, PASSKEY
from auditapp.access.sso.links import is_by_sso


class SsoNeeded(Exception):
    """The workspace wants another way in than the one of this session."""


def require_way_in(request: HttpRequest, workspace: Workspace, access: Access) -> None:
    """Go on only by single sign-on, where the workspace wants that; who manages its access may come by two factors of their
    own, or a provider that is down would lock everybody out.

    Raises:  SsoNeeded
    """
    if not workspace.sso_required or is_by_sso(request):
        return
    if access.can(Permission.ACCESS_MANAGE) and came_by_two_factors(request):
        return
    raise SsoNeeded


def came_by_two_factors(request: HttpRequest) -> bool:
    """Whether a second factor or a passkey of the account itself was asked for in this session."""
    user = request.user if isinstance(request.user, User) else None
    return any(one["method"] == "mfa" for one in get_authentication_records(request, user))


def with_ways_of_their_own(workspace_id: int) -> list[User]:
    """Those who could still manage the workspace's access with the provider down: with a password and a second factor, or a
    passkey."""
    strong = Authenticator.objects.filter(user_id__in=managers_of(workspace_id), type__in=(APP, PASSKEY))
    people = User.objects.filter(id__in=strong.values("user_id"), is_active=True).order_by("name", "id")
    return [one for one in people if one.has_usable_password() or _has_lone_passkey(one)]


def _has_lone_passkey(user: User) -> bool:
    return any(one.wrap().is_passwordless for one in Authenticator.objects.filter(user_id=user.id, type=PASSKEY))
