"""Rows of the matrix about reverts: everyone who may open an event may look; who may change what it is about may undo it."""

from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import change_source
from tests.factories import Cast, acting_as

# mina reads one source through her group: she may open the trail, and does not see these events in it.
#                  olga milo rita mina zoe nobody
SEE = "            200  200  200  404 404 302"
# A stamp of nothing that was looked at: nothing is undone, and the fresh preview comes back.
STALE = "          409  409  409  404 404 302"
SEE_KIOSK = "      200  404  200  404 404 302"

ROWS: list[tuple[str, str, tuple[str, ...], dict[str, object] | None]] = [
    ("revert:undo", SEE, ("changed",), None),
    ("revert:undo", STALE, ("changed",), {"stamp": "none"}),
    ("revert:undo", SEE_KIOSK, ("changed_kiosk",), None),
]


def revert_ids(cast: Cast) -> dict[str, str]:
    """The keys of the events in their paths."""
    found = {}
    for name, source in (("changed", cast.shop), ("changed_kiosk", cast.kiosk)):
        with acting_as(cast.olga, cast.workspace):
            change_source(source_id=source.id, name=source.name, labels=["environment:dev"])
        with in_workspace(cast.workspace.id):
            viewer = Viewer(cast.workspace.id, sees_all=True)
            found[name] = visible_events(viewer).page(EventFilter(), size=1).rows[0].key
    return found
