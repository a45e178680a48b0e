"""The next batch of a lane: read from the inbox, through the stages, rendered, and its end fixed before anybody tries to send it.

Read again after a crash, the same place under the same version gives the same bytes.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Final

import orjson
from django.db import connection

from auditapp.lib import clock
from auditapp.pipeline.delivery.claims import Held
from auditapp.pipeline.delivery.models import DeadLetter, Delivery
from auditapp.pipeline.delivery.stages import Stages
from auditapp.pipeline.destinations.kind import Batch, Kind, Outgoing, Setup
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.verdicts import Verdict
from auditapp.sources.inbox import ACCEPTED, InboxEvent, read_inbox
from auditapp.sources.models import SourceHead

logger = logging.getLogger(__name__)

LEAST_READ: Final = 50
MOST_LETTERS: Final = 500
# A function may leave out event after event and take its time: what was gone through by then is written down.
MAKE_S: Final = 5.0
MOST_MESSAGE: Final = 300
FIRST_KEPT = """
SELECT index FROM source_event WHERE workspace_id = %s AND source_id = %s AND index >= %s ORDER BY index LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event that does not go to the destination, and why."""

    index: int
    code: str
    filter_id: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of the inbox from `start` up to `end`: what is sent of it, as bytes, and what is not.

    Without a batch nothing is to be sent. `payloads` are the events of the batch as the inbox has them.
    """

    start: int
    end: int
    version: int
    batch: Batch | None
    body: bytes
    payloads: tuple[InboxEvent, ...]
    skipped: tuple[Skipped, ...]
    applied: tuple[str, ...] = ()  # transformations, once for each event of the batch that one changed
    lost: int = 0  # events that the inbox does not keep any more
    is_full: bool = False  # there was no room for more

    @property
    def oldest_at(self) -> datetime | None:
        return self.payloads[0].received_at if self.payloads else None


@dataclass(frozen=True, slots=True)
class Wait:
    """Events are there, and more are waited for until then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Sender:
    """All it takes to make and send batches of one version of a destination."""

    destination: Destination
    kind: Kind
    setup: Setup
    stages: Stages


def next_cut(held: Held, sender: Sender) -> Cut | Wait | None:
    """What comes next in a lane; None where nothing waits. The row of the lane stays as it is: see `fix`.

    Raises:  StageFailed
    """
    row = held.row
    is_same_batch = row.batch_end is not None and row.batch_version == sender.destination.version
    end = row.batch_end if row.batch_end is not None and is_same_batch else _end_of(row, sender)
    if end <= row.next_index:
        return None
    stored = _read(row, end)
    if not stored or (stored[0].index > row.next_index and not row.only_dead_letters):
        return _gap(row, stored[0].index if stored else end, sender)
    cut = _through(row, stored, end, sender, is_whole=is_same_batch)
    if is_same_batch or cut.batch is None:
        return cut
    if until := _lingers_until(cut, sender):
        return Wait(until)
    return cut


def fix(held: Held, cut: Cut) -> None:
    """Write down where the batch ends, before its first try.

    Raises:  LeaseLost
    Writes:  Delivery
    """
    held.write(batch_end=cut.end, batch_version=cut.version)


def batch_id(destination_id: str, lane: str, start: int, end: int, version: int) -> str:
    """The id of a batch: the same for each try, another where something else is sent."""
    said = f"{destination_id} {lane} {start} {end} {version}"
    return f"dlv_{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def _end_of(row: Delivery, sender: Sender) -> int:
    """Where reading ends for a batch that is still to be cut."""
    if row.suspect_end > row.next_index + 1:
        # Refused as a whole: its first half, and so on until one event is left.
        return row.next_index + (row.suspect_end - row.next_index) // 2
    if row.suspect_end == row.next_index + 1:
        return row.suspect_end
    head = SourceHead.objects.filter(workspace_id=row.workspace_id, source_id=row.source_id).first()
    bound = min(head.next_index if head else 0, row.end_index if row.end_index is not None else 2**62)
    most = sender.kind.max_events(sender.setup)
    return bound if row.only_dead_letters else min(bound, row.next_index + max(most, LEAST_READ))


def _read(row: Delivery, end: int) -> list[InboxEvent]:
    if row.only_dead_letters:
        letters = DeadLetter.objects.filter(
            workspace_id=row.workspace_id,
            destination_id=row.destination_id,
            index__gte=row.next_index,
            index__lt=end,
            replayed_at=None,
        )
        return [
            InboxEvent(one.index, one.received_at, one.message_id, "", one.name, ACCEPTED, bytes(one.payload))
            for one in letters.order_by("index")[:MOST_LETTERS]
        ]
    return read_inbox(row.workspace_id, row.source_id, row.next_index, limit=end - row.next_index)


def _gap(row: Delivery, end: int, sender: Sender) -> Cut:
    """Nothing is kept of what was to be read: on to the first that is, and say how many are gone."""
    if row.only_dead_letters:
        return Cut(row.next_index, end, sender.destination.version, None, b"", (), ())
    with connection.cursor() as cursor:
        cursor.execute(FIRST_KEPT, [row.workspace_id, row.source_id, row.next_index])
        found = cursor.fetchone()
    bound = row.end_index if row.end_index is not None else 2**62
    until = min(found[0] if found else end, bound)
    return Cut(row.next_index, until, sender.destination.version, None, b"", (), (), lost=until - row.next_index)


def _through(row: Delivery, stored: Sequence[InboxEvent], end: int, sender: Sender, *, is_whole: bool) -> Cut:
    """The events through the stages, cut where the batch is full; a batch that was fixed before is taken whole."""
    most = 2**62 if is_whole else sender.kind.max_events(sender.setup)
    most_bytes = 2**62 if is_whole else sender.kind.max_bytes(sender.setup)
    items: list[bytes] = []
    outgoing: list[Outgoing] = []
    payloads: list[InboxEvent] = []
    applied: list[str] = []
    skipped: list[Skipped] = []
    size = 0
    is_full = False
    until = monotonic() + MAKE_S
    for one, made in _made(row, stored, sender, lambda: most - len(items)):
        if isinstance(made, Skipped):
            skipped.append(made)
            if not is_whole and monotonic() > until:
                end, is_full = one.index + 1, True
                break
            continue
        outgone, item, changed_by = made
        if items and size + len(item) > most_bytes:
            end, is_full = one.index, True
            break
        size += len(item)
        items.append(item)
        outgoing.append(outgone)
        payloads.append(one)
        applied += changed_by
        if len(items) >= most:
            end, is_full = one.index + 1, True
            break
    else:
        if row.only_dead_letters and len(stored) == MOST_LETTERS:
            end = stored[-1].index + 1
    destination, version = sender.destination, sender.destination.version
    if not items:
        return Cut(row.next_index, end, version, None, b"", (), tuple(skipped))
    batch = Batch(
        id=batch_id(destination.id, row.lane, row.next_index, end, version),
        source_id=row.source_id,
        destination_id=destination.id,
        start=row.next_index,
        end=end,
        events=tuple(outgoing),
    )
    body = sender.kind.body(items, batch, sender.setup)
    return Cut(
        row.next_index, end, version, batch, body, tuple(payloads), tuple(skipped), tuple(applied), is_full=is_full
    )


def _made(
    row: Delivery, stored: Sequence[InboxEvent], sender: Sender, room: Callable[[], int]
) -> Iterator[tuple[InboxEvent, Skipped | tuple[Outgoing, bytes, tuple[str, ...]]]]:
    """Each event after the stages, rendered, and what changed it; or why it is kept back. No more go through at once than the batch has room for."""
    taken = [one for one in stored if one.verdict == ACCEPTED]
    while taken:
        size = room()
        piece, taken = taken[:size], taken[size:]
        events: list[dict[str, Any]] = [orjson.loads(one.payload) for one in piece]
        for one, filtered in zip(piece, sender.stages.apply(events), strict=True):
            if filtered.event is None:
                yield one, Skipped(one.index, filtered.verdict, filtered.filter_id, filtered.message[:MOST_MESSAGE])
                continue
            outgone = Outgoing(one.index, one.message_id, one.received_at, filtered.event)
            try:
                item = sender.kind.item(outgone, sender.setup)
            except Exception as fault:
                # One event that cannot be rendered holds up no other: it is told, counted and kept.
                logger.exception("Event %s of source %s cannot be rendered.", one.index, row.source_id)
                yield (
                    one,
                    Skipped(one.index, Verdict.INTERNAL, message=f"It could not be rendered: {fault}"[:MOST_MESSAGE]),
                )
                continue
            yield one, (outgone, item, filtered.applied)


def _lingers_until(cut: Cut, sender: Sender) -> datetime | None:
    """Until when more events are waited for; None where the batch is full or old enough."""
    linger_s = sender.kind.linger_s(sender.setup)
    if not linger_s or cut.oldest_at is None or cut.is_full:
        return None
    until = cut.oldest_at + timedelta(seconds=linger_s)
    return until if until > clock.now() else None
