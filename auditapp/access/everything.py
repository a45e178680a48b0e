"""What makes an owner of somebody, whatever the role is called: its events say so in a word, so that search and alerts ask for that and not
for a name.
"""

from collections.abc import Iterable
from typing import Final

from auditapp.access.models import Grant, Role, Scope
from auditapp.access.queries import owner_role, owners_of
from auditapp.access.role_queries import grants_of_group, open_invitations_of

# A part of what the ready rule about owners looks for (alerts/ready.py): rules in use look for these very words.
EVERYTHING: Final = "Everything an owner may do"
_TOLD: Final = {"gives": EVERYTHING}


def gives_everything(role: Role, scope: str) -> bool:
    """Whether who has this role so far is an owner."""
    return scope == Scope.WORKSPACE and set(owner_role().permissions) <= set(role.permissions)


def told_of(role: Role, scope: str) -> dict[str, str]:
    """What the event adds by which somebody comes to have a role, or is promised it; nothing where the role gives less."""
    return dict(_TOLD) if gives_everything(role, scope) else {}


def told_of_grants(grants: Iterable[Grant]) -> dict[str, str]:
    """The same of what comes with several grants."""
    return dict(_TOLD) if any(gives_everything(one.role, one.scope) for one in grants) else {}


def told_of_holder(workspace_id: int, user_id: str) -> dict[str, str]:
    """The same of somebody with all that they have by now, their own and that of their groups."""
    return dict(_TOLD) if user_id in owners_of(workspace_id) else {}


def told_of_group(workspace_id: int, group_id: str) -> dict[str, str]:
    """The same of who is in a group."""
    return told_of_grants(grants_of_group(workspace_id, group_id))


def told_of_change(role: Role, before: Iterable[str]) -> dict[str, str]:
    """The same of a role that somebody has, or an open invitation promises, and that gives everything since it was changed.

    Takes:   before, the permissions that it had
    """
    scope = role.scopes[0]
    was_everything = set(owner_role().permissions) <= set(before)
    if was_everything or not gives_everything(role, scope):
        return {}
    workspace_id = role.workspace_id or 0  # a built-in role is not changed
    is_held = Grant.objects.filter(workspace_id=workspace_id, role=role).exists()
    promised = open_invitations_of(workspace_id).filter(role=role)
    return dict(_TOLD) if is_held or promised.exists() else {}


def told_of_owner() -> dict[str, str]:
    """The same of a workspace that is handed over."""
    return dict(_TOLD)
