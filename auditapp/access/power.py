"""What gives power: by it somebody could give roles, make tokens or change the workspace, or see the whole trail, or the addresses of
others. On pages it is given by who proved lately who they are; taken away it is at once, since that must be quick.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from auditapp.access.models import Invitation, Role
from auditapp.access.permissions import Permission
from auditapp.access.role_queries import grants_of_group, roles_in

POWERFUL: Final = frozenset(
    {
        Permission.ACCESS_MANAGE,
        Permission.TOKEN_MANAGE,
        Permission.WORKSPACE_MANAGE,
        Permission.AUDIT_READ_ALL,
        Permission.AUDIT_READ_PERSONAL,
    }
)
POWERFUL_SCOPES: Final = frozenset({"access:write", "audit:read"})


def gives_power(role: Role) -> bool:
    """Whether who has this role decides over others or over the workspace, or sees the whole trail or the addresses of others."""
    return not POWERFUL.isdisjoint(role.permissions)


def token_gives_power(scopes: Iterable[str], expires_at: datetime | None) -> bool:
    """Whether a token with these scopes gives roles to others or reads the whole trail, or works for ever, whatever it does."""
    return expires_at is None or not POWERFUL_SCOPES.isdisjoint(scopes)


def choice_gives_power(workspace_id: int, choice: str) -> bool:
    """Whether what answers a request for access gives such a role.

    Takes:   choice, of `roles_covering`
    """
    return any(map(gives_power, roles_in(workspace_id).filter(key=choice.rpartition(".")[0])))


def group_gives_power(workspace_id: int, group_id: str) -> bool:
    """Whether who comes into this group has such a role by it."""
    return any(gives_power(grant.role) for grant in grants_of_group(workspace_id, group_id))


def invitation_gives_power(workspace_id: int, invitation_id: str) -> bool:
    """Whether who follows this invitation has such a role by it."""
    found = Invitation.objects.filter(workspace_id=workspace_id, id=invitation_id).select_related("role")
    return any(gives_power(one.role) for one in found)
