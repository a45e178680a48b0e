"""Where events of the trail are on their way into a source: taken, on the way, left out, or from before it all began.

What was forwarded stays in the source that was chosen at the time, so all of them are asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from django.conf import settings

from auditapp.access.permissions import Access
from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.track_call import message_id_of
from auditapp.lib import clock
from auditapp.record.event_row import EventRow
from auditapp.sealing.readers import reader_position
from auditapp.sources.inbox import Found, find_messages
from auditapp.sources.models import Source
from auditapp.sources.queries import visible_sources

# The inbox drops whole weeks: what is this old may be there no more.
A_DAY: Final = timedelta(days=1)


class Passage(StrEnum):
    """Why an event of the trail is in no source."""

    UNSEALED = "unsealed"
    WAITING = "waiting"
    OFF = "off"  # it waits, and nothing moves
    BEFORE = "before"
    LEFT_OUT = "left_out"
    FORGOTTEN = "forgotten"  # forwarding is past it, and the inbox does not go back so far


@dataclass(frozen=True, slots=True)
class Standing:
    """How a workspace forwards, and how far its reader is.

    `source` is today's, None where this person may not see it; `sources` are all that they may see, today's first.
    """

    forwarding: Forwarding
    source: Source | None
    sources: Mapping[str, Source]
    position: int
    kept_since: datetime

    def missing(self, row: EventRow, leaf: int | None) -> Passage:
        """How far an event came that is in no source.

        Takes:   leaf, its place in the log
        """
        if leaf is None or leaf >= self.position:
            if not self.forwarding.is_on:
                return Passage.OFF
            return Passage.UNSEALED if leaf is None else Passage.WAITING
        if leaf < self.forwarding.start_index:
            return Passage.BEFORE
        return Passage.FORGOTTEN if row.event.received_at < self.kept_since else Passage.LEFT_OUT


def standing_of(access: Access) -> Standing | None:
    """How the workspace forwards; None where it never did, or this person may see no source."""
    forwarding = Forwarding.objects.filter(workspace_id=access.workspace_id, generation__gt=0).first()
    sources = {one.id: one for one in visible_sources(access)} if forwarding else {}
    if forwarding is None or not sources:
        return None
    if source := sources.pop(forwarding.source_id, None):
        sources = {source.id: source, **sources}
    position = max(reader_position(access.workspace_id, forwarding.reader_name), forwarding.start_index)
    kept_since = clock.now() - timedelta(days=settings.SOURCE_DAYS) + A_DAY
    return Standing(forwarding, source, sources, position, kept_since)


def taken_by(standing: Standing, rows: Sequence[EventRow]) -> Mapping[UUID, Sequence[Found]]:
    """In which sources these events are, today's first; one query for all of them."""
    messages = {message_id_of(row.key): row.id for row in rows}
    order = list(standing.sources)
    taken: dict[UUID, list[Found]] = {}
    found = find_messages(standing.forwarding.workspace_id, order, list(messages))
    for one in sorted(found, key=lambda one: order.index(one.source_id)):
        taken.setdefault(messages[one.message_id], []).append(one)
    return taken
