"""Event types of the roles that a workspace defines. That one is given to somebody is told in `users`."""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Target
from auditapp.catalogue.types import EventType, Risk

_declare = partial(declaring.declare, area="users")

_ROLE = Target("role", "rol_7dTn2VxKqR4mYb9LfWc5Hs", "Release manager")
_WRITES = "permissions.source.write"
_CHANGES_SOURCES = "May change sources"

TYPES: tuple[EventType, ...] = (
    _declare(
        "role.created",
        "Role Created",
        "created {resource}",
        _ROLE,
        Change("name", "Name", None, "Release manager"),
        Change("description", "Description", None, "Ships the apps"),
        Change("over", "Given over", None, "source"),
        Change(_WRITES, _CHANGES_SOURCES, None, True),
        risk=Risk.NOTABLE,
        revertible=True,
    ),
    _declare(
        "role.updated",
        "Role Updated",
        "changed {resource}",
        _ROLE,
        Change(_WRITES, _CHANGES_SOURCES, None, True),
        # Whoever has it may do more or less from their next request on.
        risk=Risk.RISKY,
    ),
    _declare(
        "role.deleted",
        "Role Deleted",
        "deleted {resource}",
        _ROLE,
        Change("name", "Name", "Release manager", None),
        Change("over", "Given over", "source", None),
        Change(_WRITES, _CHANGES_SOURCES, True, None),
        revertible=True,
    ),
    _declare(
        "role.restored",
        "Role Restored",
        "restored {resource}",
        _ROLE,
        Change("name", "Name", None, "Release manager"),
        Change("over", "Given over", None, "source"),
        Change(_WRITES, _CHANGES_SOURCES, None, True),
    ),
)
