"""Rows of the matrix about roles: who manages access makes and changes those of the workspace, auditors see what each allows."""

from auditapp.access.own_roles import create_role
from tests.factories import Cast, acting_as

#                     olga milo rita mina zoe nobody
READERS_OF_ACCESS = " 200  403  200  403 404 302"
OWNER = "             200  403  403  403 404 302"
OWNER_DOES = "        302  403  403  403 404 302"
FOUND_WANTING = "     422  403  403  403 404 302"

NEW = {"name": "New", "permissions": "audit.read"}
ROWS: list[tuple[str, str, tuple[str, ...], dict[str, object] | None]] = [
    ("access:role_list", READERS_OF_ACCESS, (), None),
    ("access:role", READERS_OF_ACCESS, ("role",), None),
    ("access:role_create", OWNER, (), None),
    ("access:role_create", OWNER_DOES, (), NEW),
    ("access:role_create", FOUND_WANTING, (), {"name": "New"}),
    ("access:role_edit", OWNER, ("role",), None),
    ("access:role_edit", OWNER_DOES, ("role",), NEW),
    ("access:role_delete", OWNER_DOES, ("role",), {}),
]


def role_ids(cast: Cast) -> dict[str, str]:
    """A role of the workspace that nobody has."""
    with acting_as(cast.olga, cast.workspace):
        role = create_role(name="Reader of sources", over="source", permissions=["source.read"])
    return {"role": role.key}
