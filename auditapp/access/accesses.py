"""What several members may do, in a few queries for all of them."""

from collections.abc import Collection

from auditapp.access.permissions import Access, held_grants
from auditapp.access.resources import ids_that_show_trail
from auditapp.access.role_queries import grants_by_member


def accesses_by_roles(workspace_id: int, user_ids: Collection[str]) -> dict[str, Access]:
    """What each of these members may do by roles, without what every member sees; nothing of who is none."""
    found = grants_by_member(workspace_id, user_ids)
    grants = {grant.id: grant for rows in found.values() for grant, _ in rows}
    held = dict(zip(grants, held_grants(grants.values()), strict=True))
    accesses = {
        one: Access(workspace_id, one, tuple(held[grant.id] for grant, _ in rows)) for one, rows in found.items()
    }
    withheld = ids_that_show_trail(workspace_id)
    return {
        one: access if access.sees_whole_trail else Access(workspace_id, one, access.grants, withheld)
        for one, access in accesses.items()
    }
