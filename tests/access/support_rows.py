"""Rows of the matrix about support access: who sees members sees it, owners alone give it and take it back."""

from auditapp.access.support_models import SupportAccess
from auditapp.record.workspace_scope import in_workspace
from tests.factories import Cast

#                    olga milo rita mina zoe nobody
READERS = "          200  403  200  403 404 302"
OWNER = "            200  403  403  403 404 302"
OWNER_DOES = "       302  403  403  403 404 302"

SUPPORT = {"email": "sam@vendor.example", "hours": "4", "purpose": "Ticket 2", "level": "read"}
ROWS: list[tuple[str, str, tuple[str, ...], dict[str, object] | None]] = [
    ("access:support", READERS, (), None),
    ("access:support_grant", OWNER, (), None),
    ("access:support_grant", OWNER_DOES, (), SUPPORT),
    ("access:support_revoke", OWNER_DOES, ("support",), {}),
]


def support_ids(cast: Cast) -> dict[str, str]:
    """One that waits for who it was given to."""
    with in_workspace(cast.workspace.id):
        given = SupportAccess.objects.create(
            workspace_id=cast.workspace.id,
            id=f"sup_{cast.workspace.slug}",
            email="grace@vendor.example",
            purpose="Ticket 1",
            granted_by=cast.olga,
            digest=b"support",
            expires_at="2100-01-01T00:00:00Z",
        )
    return {"support": given.id}
