"""Rows of the matrix about spaces: owners change them, who has a role over one sees that one."""

from tests.factories import Cast, make_space

#                  olga milo rita mina zoe nobody
OWNERS = "         200  403  403  403 404 302"
OWNERS_DO = "      302  403  403  403 404 302"
READERS = "        200  403  200  403 404 302"

ROWS: list[tuple[str, str, tuple[str, ...], dict[str, object] | None]] = [
    ("spaces:space_list", READERS, (), None),
    ("spaces:space_create", OWNERS, (), None),
    ("spaces:space_create", OWNERS_DO, (), {"name": "New"}),
    ("spaces:space", READERS, ("space",), None),
    ("spaces:space_settings", READERS, ("space",), None),
    ("spaces:space_settings", OWNERS_DO, ("space",), {"name": "New"}),
    ("spaces:space_delete", OWNERS_DO, ("space",), {}),
]


def space_ids(cast: Cast) -> dict[str, str]:
    """The space in their paths."""
    return {"space": make_space(workspace=cast.workspace, id=f"spa_{cast.workspace.slug}").id}
