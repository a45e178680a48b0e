"""Who acted in a member's name as support, as far as a viewer may know of it: for the Actors dropdown and for names that are typed."""

from typing import Final

from auditapp.access.support_queries import support_people
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.facets import ActorFacet
from auditapp.record.viewer import Viewer

# What tells that there was any: asked of the types that occur, which a page knows anyway.
SUPPORT: Final = "support_access."
COUNTED_UP_TO: Final = 1_000


def supporters_seen(viewer: Viewer, wanted: EventFilter) -> list[ActorFacet]:
    """Those of whom the viewer sees an event in the filter's range, with how many, up to a thousand."""
    events = visible_events(viewer)
    found = []
    for person in support_people(viewer.workspace_id):
        asked = EventFilter(behind=Choice((person.id,)), since=wanted.since, until=wanted.until, with_reads=True)
        if count := events.count(asked, up_to=COUNTED_UP_TO).events:
            email = person.email if viewer.sees_personal or person.id in viewer.own_actor_ids else None
            found.append(ActorFacet(person.id, "user", str(person), email, count))
    return found
