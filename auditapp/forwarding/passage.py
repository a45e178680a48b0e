"""Where events of the trail are on their way into the source: taken, on the way, left out, or from before it all began."""

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
    """How far an event came between the trail and the source."""

    TAKEN = "taken"
    UNSEALED = "unsealed"
    WAITING = "waiting"
    OFF = "off"  # it waits, and nothing moves
    BEFORE = "before"
    LEFT_OUT = "left_out"
    FORGOTTEN = "forgotten"  # forwarding is past it, and the inbox does not go back so far


@dataclass(frozen=True, slots=True)
class Standing:
    """How a workspace forwards, and how far its reader is."""

    forwarding: Forwarding
    source: Source
    position: int
    kept_since: datetime

    def passage(self, row: EventRow, leaf: int | None, found: Found | None) -> Passage:
        """How far this event came.

        Takes:   leaf, its place in the log; found, what the inbox has of it
        """
        if found:
            return Passage.TAKEN
        if leaf is None or leaf >= self.position:
            if not self.forwarding.is_on:
                return Passage.OFF
            return Passage.UNSEALED if leaf is None else Passage.WAITING
        if leaf < self.forwarding.start_index:
            return Passage.BEFORE
        return Passage.FORGOTTEN if row.event.received_at < self.kept_since else Passage.LEFT_OUT


def standing_of(access: Access) -> Standing | None:
    """How the workspace forwards; None where it never did, or into a source that this person may not see."""
    forwarding = Forwarding.objects.filter(workspace_id=access.workspace_id, generation__gt=0).first()
    source = visible_sources(access).filter(id=forwarding.source_id).first() if forwarding else None
    if forwarding is None or source is None:
        return None
    position = max(reader_position(access.workspace_id, forwarding.reader_name), forwarding.start_index)
    kept_since = clock.now() - timedelta(days=settings.SOURCE_DAYS) + A_DAY
    return Standing(forwarding, source, position, kept_since)


def taken_by(standing: Standing, rows: Sequence[EventRow]) -> Mapping[UUID, Found]:
    """What the inbox has of these events; one query for all of them."""
    messages = {message_id_of(row.key): row.id for row in rows}
    source = standing.source
    found = find_messages(source.workspace_id, source.id, list(messages))
    return {messages[one.message_id]: one for one in found}
