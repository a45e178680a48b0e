"""Reads about Audit Forwarding: what is forwarded, how far it is, and what a query would forward."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from django.db import connection

from auditapp.forwarding.models import Forwarding
from auditapp.lib import clock
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import Count, visible_events
from auditapp.record.viewer import Viewer
from auditapp.sealing.models import TreeHead
from auditapp.sealing.readers import reader_position
from auditapp.sources.inbox import ACCEPTED
from auditapp.sources.models import SourceCount
from auditapp.trail.address import Address
from auditapp.trail.filters import read_query
from auditapp.trail.moments import UTC_ZONE
from auditapp.trail.query_box import read_box

A_DAY: Final = timedelta(hours=24)
COUNTED_UP_TO: Final = 10_000
SYSTEM: Final = "system"
# The first events from a moment on by the index on their times, which the log has not: it is only nearly in the order of time.
INDEX_AT = """
SELECT min(l.index) FROM (
    SELECT id FROM event WHERE workspace_id = %s AND occurred_at >= %s ORDER BY occurred_at, id LIMIT 200
) AS e JOIN leaf AS l ON l.event_id = e.id WHERE l.workspace_id = %s
"""
OLDEST = """
SELECT e.received_at FROM leaf AS l JOIN event AS e ON e.workspace_id = l.workspace_id AND e.occurred_at = l.occurred_at AND e.id = l.event_id
WHERE l.workspace_id = %s AND l.index = %s
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the reader of the log is: events that are sealed and wait, and since when the oldest of them does."""

    position: int
    size: int
    waiting_since: datetime | None

    @property
    def waiting(self) -> int:
        return max(self.size - self.position, 0)

    @property
    def lag(self) -> timedelta:
        return clock.now() - self.waiting_since if self.waiting_since else timedelta()


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What came into a source within a day."""

    accepted: int
    stopped: int
    last_at: datetime | None


def forwarding_of(workspace_id: int) -> Forwarding:
    """How the workspace forwards; off where nobody ever said."""
    found = Forwarding.objects.filter(workspace_id=workspace_id).first()
    return found or Forwarding(workspace_id=workspace_id)


@lru_cache(maxsize=1_000)
def wanted_by(line: str) -> EventFilter:
    """The filter that a stored line of the trail's language means."""
    return read_query(read_box(line, Address("")).address, zone=UTC_ZONE).wanted


def size_of_log(workspace_id: int) -> int:
    """How many events are sealed."""
    return TreeHead.objects.filter(workspace_id=workspace_id).values_list("size", flat=True).first() or 0


def index_at(workspace_id: int, moment: datetime) -> int:
    """Where in the log a moment is: the place of the first event that is not older, or its end."""
    with connection.cursor() as cursor:
        cursor.execute(INDEX_AT, [workspace_id, moment, workspace_id])
        first: int | None = cursor.fetchone()[0]
    return size_of_log(workspace_id) if first is None else first


def position_of(forwarding: Forwarding) -> int:
    """The place of the log that is forwarded next."""
    return max(reader_position(forwarding.workspace_id, forwarding.reader_name), forwarding.start_index)


def progress_of(forwarding: Forwarding) -> Progress:
    """How far forwarding is behind the log."""
    position, size = position_of(forwarding), size_of_log(forwarding.workspace_id)
    since = None
    if position < size:
        with connection.cursor() as cursor:
            cursor.execute(OLDEST, [forwarding.workspace_id, position])
            row = cursor.fetchone()
            since = row[0] if row else None
    return Progress(position, size, since)


def matching_in_a_day(viewer: Viewer, line: str) -> Count:
    """How many events of the last 24 hours a line would have forwarded, counted up to a bound."""
    return matching_since(viewer, line, clock.now() - A_DAY)


def matching_since(viewer: Viewer, line: str, moment: datetime) -> Count:
    """How many events since a moment a line asks for, counted up to a bound."""
    wanted = wanted_by(line)
    since = max(filter(None, (wanted.since, moment)))
    return visible_events(viewer).count(replace(wanted, since=since), up_to=COUNTED_UP_TO)


def echo_since(viewer: Viewer, line: str, source_id: str, moment: datetime) -> Count:
    """How many of the events that a line asks for the source itself caused, which are not forwarded."""
    wanted = wanted_by(line)
    kinds = wanted.actor_kinds
    is_asked = SYSTEM not in kinds.exclude and (not kinds.include or SYSTEM in kinds.include)
    if not is_asked or not (viewer.sees_all or source_id in viewer.scope_ids):
        return Count(0)
    of_source = Viewer(viewer.workspace_id, sees_personal=viewer.sees_personal, scope_ids=(source_id,))
    own = replace(wanted, actor_kinds=Choice((SYSTEM,)), since=max(filter(None, (wanted.since, moment))))
    return visible_events(of_source).count(own, up_to=COUNTED_UP_TO)


def arrivals_of(source_ids: list[str], workspace_id: int) -> dict[str, Arrivals]:
    """What came into these sources within the last day, by the hour."""
    counts = SourceCount.objects.filter(
        workspace_id=workspace_id, source_id__in=source_ids, hour__gt=clock.now() - A_DAY - timedelta(hours=1)
    )
    found = {source_id: Arrivals(0, 0, None) for source_id in source_ids}
    for source_id, verdict, events, last_at in counts.values_list("source_id", "verdict", "events", "last_at"):
        one = found[source_id]
        is_good = verdict == ACCEPTED
        last = max(filter(None, (one.last_at, last_at if is_good else None)), default=None)
        found[source_id] = Arrivals(one.accepted + events * is_good, one.stopped + events * (not is_good), last)
    return found
