"""Doing, looking and undoing, as the pages do it: each in a request of its own."""

from contextlib import contextmanager
from itertools import count

from auditapp.access.permissions import acting_access, viewer_for
from auditapp.record.acting import acting
from auditapp.record.event_query import visible_events
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.models import What
from auditapp.revert.preview import make_preview
from auditapp.revert.services import revert
from tests.factories import events_of

_requests = count(1)


@contextmanager
def one_request(cast, who=None):
    """A request of this person, by default the owner."""
    actor = (who or cast.olga).audit_actor
    with (
        in_workspace(cast.workspace.id),
        acting(cast.workspace.id, actor, ip="203.0.113.9", request_id=f"req_{next(_requests)}"),
    ):
        yield


def latest(cast, type_key):
    """The latest event of a type."""
    return next(row for row in events_of(cast.workspace) if row.event.type == type_key)


def preview_of(cast, row, what=What.CHANGE, who=None):
    with one_request(cast, who):
        access = acting_access()
        viewer = viewer_for(access)
        return make_preview(access, viewer, visible_events(viewer).get(row.id), what)


def keys_of(preview, *, with_conflicts=False):
    """What stands ticked in a preview: what is safe, and conflicts where they were chosen."""
    wanted = {"safe", "conflict"} if with_conflicts else {"safe"}
    return [part.key_of(field.path) for part in preview.parts for field in part.choices if field.standing in wanted]


def undo(cast, row, what=What.CHANGE, who=None, *, with_conflicts=False, secrets=None):
    """Look at the preview and do what it has ticked."""
    preview = preview_of(cast, row, what, who)
    with one_request(cast, who):
        return revert(
            event_id=row.id,
            what=what,
            stamp=preview.stamp,
            chosen=keys_of(preview, with_conflicts=with_conflicts),
            secrets=secrets,
        )


def standings(preview):
    return {field.path: str(field.standing) for part in preview.parts for field in part.fields}
