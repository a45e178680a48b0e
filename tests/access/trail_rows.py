"""Rows of the matrix about the trail: events, exports and saved views. Everyone with a role may open it and finds what their role shows."""

from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.exports.models import Export, State
from auditapp.trail.saved_views.models import SavedView
from tests.factories import Cast

#                  olga milo rita mina zoe nobody
OPEN = "           200  200  200  200 404 302"
DO = "             302  302  302  302 404 302"
SEE = "            200  200  200  404 404 302"
SEE_KIOSK = "      200  404  200  404 404 302"
OWN = "            200  404  404  404 404 302"
# Who manages the workspace sees what was exported, and gets a file that shows no more than they see themselves.
OWN_OF_MILO = "    200  200  404  404 404 302"
OWN_DO = "         302  404  404  404 404 302"
CANCEL_OF_MILO = " 409  409  404  404 404 302"
SHARED_EDIT = "    200  403  403  403 404 302"
SHARED_DO = "      302  403  403  403 404 302"

VIEW = {"name": "New", "query": "risk:risky"}
ROWS: list[tuple[str, str, tuple[str, ...], dict[str, object] | None]] = [
    ("trail:event_list", OPEN, (), None),
    ("trail:query_help", OPEN, (), None),
    ("trail:event_page", SEE, ("changed",), None),
    ("trail:event_page", SEE_KIOSK, ("changed_kiosk",), None),
    ("trail:event_proof", SEE, ("changed",), None),
    ("trail:event_proof", SEE_KIOSK, ("changed_kiosk",), None),
    ("trail:event_export", OPEN, ("csv",), None),
    ("trail:export_list", OPEN, (), None),
    ("trail:export_request", DO, (), {"format": "csv"}),
    ("trail:export_file", OWN, ("export",), None),
    ("trail:export_file", OWN_OF_MILO, ("export_of_milo",), None),
    ("trail:export_manifest", OWN, ("export",), None),
    ("trail:export_manifest", OWN_OF_MILO, ("export_of_milo",), None),
    ("trail:export_cancel", CANCEL_OF_MILO, ("export_of_milo",), {}),
    ("trail:view_list", OPEN, (), None),
    ("trail:view_create", OPEN, (), None),
    ("trail:view_create", DO, (), VIEW),
    ("trail:view_edit", OWN, ("view",), None),
    ("trail:view_edit", SHARED_EDIT, ("shared_view",), None),
    ("trail:view_edit", OWN_DO, ("view",), VIEW),
    ("trail:view_edit", SHARED_DO, ("shared_view",), VIEW),
    ("trail:view_update", OWN_DO, ("view",), {"query": "risk:risky"}),
    ("trail:view_update", SHARED_DO, ("shared_view",), {"query": "risk:risky"}),
    ("trail:view_delete", OWN_DO, ("view",), {}),
    ("trail:view_delete", SHARED_DO, ("shared_view",), {}),
    ("trail:view_default", OWN_DO, ("view",), {}),
    ("trail:view_default", DO, ("shared_view",), {}),
    ("trail:view_default_clear", DO, (), {}),
]


def trail_ids(cast: Cast) -> dict[str, str]:
    """Exports of two people, a view of olga's own and one that she shares; formats are the same everywhere, so that the other workspace has none."""
    made = {"csv": "csv" if cast.workspace.slug == "demo" else "none"}
    now = clock.now()
    with in_workspace(cast.workspace.id):
        for name, who, sees_all in (("export", cast.olga, True), ("export_of_milo", cast.milo, False)):
            made[name] = Export.objects.create(
                workspace_id=cast.workspace.id,
                id=new_id("exp"),
                requested_by=who.id,
                sees_all=sees_all,
                sees_personal=sees_all,
                scope_ids=[] if sees_all else sorted([cast.shop.id, cast.app.id]),
                own_actor_ids=[who.id],
                format="csv",
                query="",
                zone="UTC",
                requested_at=now,
                until=now,
                state=State.DONE,
                rows=0,
                finished_at=now,
                expires_at=now.replace(year=now.year + 1),
                filename="events.csv",
            ).id
        for name, is_shared in (("view", False), ("shared_view", True)):
            made[name] = SavedView.objects.create(
                workspace_id=cast.workspace.id,
                id=new_id("viw"),
                owner_id=cast.olga.id,
                name=name,
                query="risk:risky",
                is_shared=is_shared,
            ).id
    return made
