"""What is done to the trail from its own page: exports, which are events themselves."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from auditapp.access.models import Workspace
from auditapp.lib import clock
from auditapp.record.drafts import Target
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.trail.errors import ExportTooLarge
from auditapp.trail.moments import PageTime

MAX_EXPORTED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was granted: what it holds, up to the moment it began, and how many events that are."""

    wanted: EventFilter
    events: int

    def filename(self, *, slug: str, time: PageTime, suffix: str) -> str:
        """Workspace, range, zone and number of events, so that the file still says what it holds once it is elsewhere."""
        first = time.local(self.wanted.since).date().isoformat() if self.wanted.since else "begin"
        last = time.local(self.wanted.until - timedelta(microseconds=1)).date() if self.wanted.until else time.today
        zone = time.zone.key.replace("/", "-")
        return f"audit-trail_{slug}_{first}_{last.isoformat()}_{zone}_{self.events}-events.{suffix}"


def begin_export(
    *, workspace: Workspace, viewer: Viewer, wanted: EventFilter, format_name: str, filters: str
) -> Export:
    """Grant and record an export of what a filter finds now; nothing is ever cut off silently.

    Takes:   format_name and filters, in words, as the event says them
    Raises:  ExportTooLarge, beyond 100,000 events or where they cannot be counted in time
    Writes:  audit_trail.exported
    """
    now = clock.now()
    wanted = replace(wanted, until=min(wanted.until, now) if wanted.until else now)
    count = visible_events(viewer).count(wanted, up_to=MAX_EXPORTED)
    if count.is_more:
        raise ExportTooLarge
    meta = {"rows": count.events, "format": format_name} | ({"filters": filters} if filters else {})
    record("audit_trail.exported", target=Target("audit_trail", f"ws_{workspace.id}", workspace.name), meta=meta)
    return Export(wanted, count.events)
