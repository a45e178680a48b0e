"""Permissions as pages show them: in words, grouped by the part of the product that they are about."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from auditapp.access.permissions import ONLY_EVERYWHERE, Permission
from auditapp.access.resources import kind_of

# By the first word of a permission; others are called as it is.
AREAS: Final = {
    "audit": "Audit Trail",
    "source": "Sources",
    "warehouse": "Warehouses",
    "tracking_plan": "Tracking Plans",
    "function": "Functions",
    "space": "Spaces",
    "engage": "Spaces",
    "privacy": "End User Privacy",
    "identity": "Identity",
    "entity": "Entities",
    "label": "Access and workspace",
    "access": "Access and workspace",
    "token": "Access and workspace",
    "workspace": "Access and workspace",
    "event_type": "Access and workspace",
}
# Everybody's: a role over some resources may have these beside the permissions of its kind.
OWN_ACTIONS: Final = (Permission.AUDIT_READ, Permission.AUDIT_VERIFY, Permission.AUDIT_EXPORT)


# What is done within resources of a kind, beside the permissions that begin with its key.
WITHIN: Final = {"space": ("engage.",)}


@dataclass(frozen=True, slots=True)
class PermissionShown:
    """A permission; `note` says where it counts for less than it seems to."""

    key: str
    meaning: str
    note: str = ""


def fits(permission: str, over: str) -> bool:
    """Whether a permission can be in a role over this kind of resources; over the workspace every one can."""
    return not over or permission in OWN_ACTIONS or permission.startswith((f"{over}.", *WITHIN.get(over, ())))


def permissions_over(over: str) -> list[Permission]:
    """The permissions that a role over this kind can have."""
    return [permission for permission in Permission if fits(permission, over)]


def by_area(permissions: Collection[str], over: str = "") -> list[tuple[str, list[PermissionShown]]]:
    """Permissions with their meanings under the names of their areas, in the order of Permission."""
    found: dict[str, list[PermissionShown]] = {}
    for permission in Permission:
        if permission in permissions:
            word = permission.partition(".")[0]
            area = AREAS.get(word) or word.replace("_", " ").capitalize()
            found.setdefault(area, []).append(PermissionShown(permission, permission.meaning, _note(permission, over)))
    return list(found.items())


def _note(permission: Permission, over: str) -> str:
    kind = kind_of(over)
    return f"only where the role is given over all {kind.plural}" if kind and permission in ONLY_EVERYWHERE else ""
