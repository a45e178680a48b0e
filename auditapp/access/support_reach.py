"""Who may be in a workspace as support now, and what is left of their giver's permissions; how those add up is in permissions.py."""

from typing import Final

from auditapp.access.models import Member
from auditapp.access.support_models import SupportAccess
from auditapp.lib import clock

# Whoever gives support access keeps these to themselves: who acts as support lets nobody in, and makes nothing that outlasts it.
NOT_FOR_SUPPORT: Final = frozenset({"access.manage", "token.manage"})
# How permissions end that change nothing. An export is more than reading: it takes along.
READING: Final = frozenset({"read", "read_all", "read_personal", "verify"})


def support_of(workspace_id: int, user_id: str) -> SupportAccess | None:
    """The support access that somebody took and that lasts: while whoever gave it is a member, and they themselves are none."""
    members = Member.objects.filter(workspace_id=workspace_id)
    given = SupportAccess.objects.filter(
        workspace_id=workspace_id,
        user_id=user_id,
        user__is_active=True,
        revoked_at=None,
        expires_at__gt=clock.now(),
        granted_by__is_active=True,
        granted_by__in=members.values("user_id"),
    )
    taken = given.exclude(user__in=members.values("user_id")).exclude(accepted_at=None)
    return taken.select_related("user", "granted_by").order_by("-created_at").first()


def left_to(support: SupportAccess, permissions: frozenset[str]) -> frozenset[str]:
    """What is left of these permissions to who acts as support."""
    if support.is_read_only:
        return frozenset(one for one in permissions if one.rpartition(".")[2] in READING)
    return permissions - NOT_FOR_SUPPORT
