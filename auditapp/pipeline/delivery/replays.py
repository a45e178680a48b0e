"""Sending a part of the past again, and what a person does to events that are held up. Each is one transaction with its event in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from auditapp.lib import clock
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.lib.ids import new_id
from auditapp.pipeline.delivery.batches import Cut
from auditapp.pipeline.delivery.models import DeadLetter, Delivery, DeliveryAttempt, Replay
from auditapp.pipeline.delivery.positions import head_of, own_delivery, wake_delivery
from auditapp.pipeline.delivery.settling import record_dead_letter, set_aside
from auditapp.pipeline.destinations.kind import Outcome, Sent
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import destination_to_change
from auditapp.record.acting import current_acting
from auditapp.record.services import record
from auditapp.sources.inbox import read_inbox

MOST_AT_ONCE: Final = 3
AT_INDEX = "SELECT received_at FROM source_event WHERE workspace_id = %s AND source_id = %s AND index = %s"
FIRST_KEPT = "SELECT index FROM source_event WHERE workspace_id = %s AND source_id = %s ORDER BY index LIMIT 1"


class NothingToReplay(Conflict):
    """There is nothing to send again in this span: nothing came in, or the inbox does not keep it any more."""


class TooManyReplays(Conflict):
    """Three replays to this destination are under way. Wait for one to end, or cancel one."""


class NothingRefused(Conflict):
    """No event is being refused by itself right now. Somebody may have been faster, or it went through; reload the page."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a replay would send: places of the inbox from `start` up to `end`, and how many events that is before filters."""

    start: int
    end: int
    events: int
    only_dead_letters: bool = False


def plan_replay(destination: Destination, *, since: datetime, until: datetime | None = None) -> Plan:
    """What came into the source in this span, as far as it has been read for the destination: the rest is still to come anyway."""
    read_to = own_delivery(destination).next_index
    start = min(_index_at(destination, since), read_to)
    end = min(_index_at(destination, until) if until else read_to, read_to)
    return Plan(start, max(end, start), max(end - start, 0))


def plan_dead_letters(destination: Destination, *, since: datetime | None = None, index: int | None = None) -> Plan:
    """The dead letters that were not replayed yet: all, those set aside since, or one."""
    letters = DeadLetter.objects.filter(
        workspace_id=destination.workspace_id, destination_id=destination.id, replayed_at=None
    )
    if since:
        letters = letters.filter(at__gte=since)
    if index is not None:
        letters = letters.filter(index=index)
    indexes = list(letters.order_by("index").values_list("index", flat=True))
    if not indexes:
        return Plan(0, 0, 0, only_dead_letters=True)
    return Plan(indexes[0], indexes[-1] + 1, len(indexes), only_dead_letters=True)


@transaction.atomic
def replay_span(*, destination_id: str, since: datetime, until: datetime | None = None) -> Replay:
    """Send again what came in within a span, in order, beside what comes in now, through the filters as they are today.

    Raises:  NotFound, Denied, Invalid, NothingToReplay, TooManyReplays
    Writes:  Replay, Delivery; destination.events_replayed
    """
    if until and until <= since:
        raise Invalid("The end lies before the beginning.", field="until", code="bad_span")
    destination = destination_to_change(destination_id)
    meta = {"from": utc_text(since), **({"to": utc_text(until)} if until else {})}
    return _begun(destination, plan_replay(destination, since=since, until=until), meta)


@transaction.atomic
def replay_dead_letters(*, destination_id: str, since: datetime | None = None, index: int | None = None) -> Replay:
    """Send dead letters again: all, those set aside since a moment, or one. What is refused again stays one.

    Raises:  NotFound, Denied, NothingToReplay, TooManyReplays
    Writes:  Replay, Delivery; destination.events_replayed
    """
    destination = destination_to_change(destination_id)
    meta = {"from": utc_text(since)} if since else {}
    return _begun(destination, plan_dead_letters(destination, since=since, index=index), meta)


@transaction.atomic
def resend_event(*, destination_id: str, index: int) -> Replay:
    """Send one event again, whatever became of it.

    Raises:  NotFound, Denied, NothingToReplay, TooManyReplays
    Writes:  Replay, Delivery; destination.events_replayed
    """
    destination = destination_to_change(destination_id)
    found = read_inbox(destination.workspace_id, destination.source_id, index, limit=1)
    if not found:
        raise NotFound
    if index >= own_delivery(destination).next_index:
        raise NothingToReplay
    return _begun(destination, Plan(index, index + 1, 1), {})


@transaction.atomic
def cancel_replay(*, destination_id: str, replay_id: str) -> Replay:
    """End a replay; the batch that is under way may still arrive.

    Raises:  NotFound, Denied, Conflict
    Writes:  Replay, Delivery; destination.replay_cancelled
    """
    destination = destination_to_change(destination_id)
    where = {"workspace_id": destination.workspace_id, "destination_id": destination.id}
    # The lane first, as the worker does.
    Delivery.objects.filter(**where, lane=replay_id).delete()
    replay = Replay.objects.select_for_update().filter(**where, id=replay_id).first()
    if replay is None:
        raise NotFound
    if replay.ended_at:
        raise Conflict("This replay has ended already.")
    replay.ended_at, replay.is_cancelled = clock.now(), True
    replay.save(update_fields=["ended_at", "is_cancelled"])
    record("destination.replay_cancelled", target=destination, meta={"events": replay.delivered})
    return replay


@transaction.atomic
def retry_now(*, destination_id: str) -> None:
    """Try what waits for its next try at once.

    Raises:  NotFound, Denied
    Writes:  Delivery
    """
    wake_delivery(destination_to_change(destination_id))


@transaction.atomic
def set_aside_now(*, destination_id: str) -> DeadLetter:
    """Do not wait for the last try: make the one event that is being refused a dead letter, so that the others go on.

    Raises:  NotFound, Denied, NothingRefused
    Writes:  Delivery, DeadLetter, DeliveryCount; destination.event_dead_lettered
    """
    destination = destination_to_change(destination_id)
    own = own_delivery(destination, locked=True)
    is_alone = own.suspect_end == own.next_index + 1 or own.batch_end == own.next_index + 1
    if own.last_outcome != Outcome.REFUSED or not is_alone:
        raise NothingRefused
    stored = read_inbox(own.workspace_id, own.source_id, own.next_index, limit=1)
    if not stored:
        raise NothingRefused
    tried = DeliveryAttempt.objects.filter(
        workspace_id=own.workspace_id, destination_id=own.destination_id, start=own.next_index
    )
    last = tried.order_by("-at").first()
    said = Sent(
        Outcome.REFUSED,
        own.last_code,
        own.last_message,
        request=last.request if last else "",
        answer=last.answer if last else "",
    )
    cut = Cut(own.next_index, own.next_index + 1, own.batch_version, None, b"", tuple(stored), ())
    own.failures -= 1  # `set_aside` counts the try that it is told of
    letter = set_aside(own, cut, said)
    record_dead_letter(destination, letter)
    own.next_index, own.batch_end, own.failures, own.failing_since = cut.end, None, 0, None
    own.retry_at, own.is_told, own.last_outcome = None, False, "dead_letter"
    # A worker that has it in hand must not write what it knows about the event that is none of its business any more.
    own.lease, own.leased_until = own.lease + 1, None
    own.save()
    return letter


def _begun(destination: Destination, plan: Plan, meta: dict[str, str]) -> Replay:
    if not plan.events:
        raise NothingToReplay
    where = {"workspace_id": destination.workspace_id, "destination_id": destination.id}
    if Replay.objects.filter(**where, ended_at=None).count() >= MOST_AT_ONCE:
        raise TooManyReplays
    replay = Replay.objects.create(
        **where,
        id=new_id("rpl"),
        only_dead_letters=plan.only_dead_letters,
        start=plan.start,
        end=plan.end,
        events=plan.events,
        asked_by=current_acting().actor.name,
        asked_at=clock.now(),
    )
    Delivery.objects.create(
        **where,
        lane=replay.id,
        source_id=destination.source_id,
        next_index=plan.start,
        end_index=plan.end,
        only_dead_letters=plan.only_dead_letters,
    )
    record("destination.events_replayed", target=destination, meta={"events": plan.events, **meta})
    return replay


def _index_at(destination: Destination, moment: datetime) -> int:
    """The first event in the inbox that came in at this moment or later: numbers and times go forward together."""
    where: list[Any] = [destination.workspace_id, destination.source_id]
    high = head_of(destination)
    with connection.cursor() as cursor:
        found = cursor.execute(FIRST_KEPT, where).fetchone()
        low: int = found[0] if found else high
        while low < high:
            middle = (low + high) // 2
            (at,) = cursor.execute(AT_INDEX, [*where, middle]).fetchone()
            low, high = (middle + 1, high) if at < moment else (low, middle)
    return low
