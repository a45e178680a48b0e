"""What a try leads to, written in one transaction: the lane goes on, waits, looks for the event at fault, or sets it aside."""

from collections import Counter
from dataclasses import replace
from typing import Any, Final

from django.db.models import Count, Min

from auditapp.jobs.schedule import enqueue
from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.pipeline.delivery.batches import Cut, Sender, Skipped
from auditapp.pipeline.delivery.claims import INTERNAL, Held, LeaseLost
from auditapp.pipeline.delivery.models import DeadLetter, Delivery, DeliveryAttempt, Replay
from auditapp.pipeline.delivery.positions import OWN_LANE, count_events
from auditapp.pipeline.delivery.schedule import (
    FAILING_AFTER,
    PAUSED_AFTER,
    POISON_AFTER,
    POISON_TRIES,
    next_try_in,
)
from auditapp.pipeline.destinations.kind import Outcome, Sent
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.flow.counting import APPLIED, Done, count_stages
from auditapp.pipeline.verdicts import Verdict
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM, Change
from auditapp.record.services import record

DELIVERED: Final = "delivered"
SKIPPED: Final = "skipped"
DEAD_LETTER: Final = "dead_letter"
EXPIRED: Final = "expired"
MAIL_JOB: Final = "destinations.mail_owners"
ONLY_FAILURES: Final = "Only failures for five days"  # why it paused by itself
_MOST_INDEXES: Final = 5_000


def settle(held: Held, sender: Sender, cut: Cut, sent: Sent) -> bool:
    """Write down what came of a try, and whether the lane may go on at once.

    Raises:  LeaseLost
    Writes:  Delivery, DeliveryAttempt, DeliveryCount, StageCount, DeadLetter, Destination, Replay; destination.delivery_failed,
             .delivery_recovered, .event_dead_lettered, .disabled, .paused, for what comes about
    """
    sent = _storable(sent)
    with acting(held.row.workspace_id, SYSTEM):
        if sent.outcome is Outcome.DELIVERED:
            held.lock()
            _delivered(held, sender, cut, sent)
            return True
        # The destination before its lane, as whoever changes it locks them.
        destination = _locked(sender.destination)
        held.lock()
        if destination.version != sender.destination.version:
            _note(held, cut, sent, outcome=sent.outcome)  # whatever failed, it is not this any more
            return True
        match sent.outcome:
            case Outcome.REFUSED if cut.batch and cut.end - cut.start > 1:
                _look_for_fault(held, cut, sent)
                return True
            case Outcome.REFUSED if _is_poison(held.row, cut):
                _set_aside(held, destination, cut, sent)
                return True
            case Outcome.GONE:
                _gone(held, destination, cut, sent)
            case _:
                _failed(held, destination, cut, sent)
        return False


def advance(held: Held, sender: Sender, cut: Cut) -> None:
    """Go past a piece of which nothing is to be sent.

    Raises:  LeaseLost
    Writes:  Delivery, DeliveryAttempt, DeliveryCount, StageCount, Replay; destination.events_expired
    """
    held.lock()
    if cut.skipped or cut.lost:
        _note(held, cut, Sent(Outcome.DELIVERED), outcome=SKIPPED if cut.skipped else EXPIRED)
    _count(held, cut, 0)
    if cut.lost and held.row.lane == OWN_LANE:
        with acting(held.row.workspace_id, SYSTEM):
            record("destination.events_expired", target=sender.destination, meta={"events": cut.lost})
    # Whatever was wrong with a batch that began here is none of what comes next.
    held.write(next_index=cut.end, batch_end=None, failures=0, failing_since=None)
    _end_replay(held)


def postpone(held: Held, sender: Sender, message: str) -> None:
    """Try again later what could not even be made, as if the destination had been busy.

    Raises:  LeaseLost
    """
    start = held.row.next_index
    cut = Cut(start, held.row.batch_end or start, sender.destination.version, None, b"", (), ())
    settle(held, sender, cut, Sent(Outcome.RETRY, INTERNAL, message))


def _delivered(held: Held, sender: Sender, cut: Cut, sent: Sent) -> None:
    row = held.row
    _note(held, cut, sent, outcome=DELIVERED)
    _count(held, cut, len(cut.payloads))
    if row.is_told:
        meta = {"attempt": row.failures + 1}
        record("destination.delivery_recovered", target=sender.destination, meta=meta)
    if row.lane:
        _replayed(row, cut)
    suspect = row.suspect_end if row.suspect_end > cut.end else 0
    held.write(next_index=cut.end, delivered_at=clock.now(), suspect_end=suspect, **_CALM)
    _end_replay(held)


_CALM: Final[dict[str, Any]] = {
    "batch_end": None,
    "failures": 0,
    "failing_since": None,
    "retry_at": None,
    "is_told": False,
    "is_expiry_told": False,
    "last_outcome": DELIVERED,
    "last_code": "",
    "last_message": "",
}


def _failed(held: Held, destination: Destination, cut: Cut, sent: Sent) -> None:
    row, now = held.row, clock.now()
    failures, since = row.failures + 1, row.failing_since or now
    _note(held, cut, sent, outcome=sent.outcome)
    is_told = row.is_told
    if not is_told and (failures >= FAILING_AFTER or sent.outcome is Outcome.AUTH):
        meta = {"attempt": failures, "reason": sent.message}
        record("destination.delivery_failed", target=destination, meta=meta, outcome="failure")
        _mail(held, "failing")
        is_told = True
    held.write(
        failures=failures,
        failing_since=since,
        retry_at=now + next_try_in(failures, sent.retry_after_s),
        is_told=is_told,
        **_said(sent),
    )
    if now - since >= PAUSED_AFTER:
        _pause(held, destination)


def _look_for_fault(held: Held, cut: Cut, sent: Sent) -> None:
    """The batch was refused as a whole: one of its events is at fault, which is looked for by halves."""
    _note(held, cut, sent, outcome=sent.outcome)
    held.write(batch_end=None, suspect_end=cut.end, **_said(sent))


def _is_poison(row: Delivery, cut: Cut) -> bool:
    """Whether this very event was refused often or long enough; tries that failed for other reasons say nothing about it."""
    if row.lane:  # a replay: it was refused before, or has its place among the dead letters
        return True
    refusals = DeliveryAttempt.objects.filter(
        workspace_id=row.workspace_id,
        destination_id=row.destination_id,
        start=cut.start,
        batch_id=cut.batch.id if cut.batch else "",
        outcome=Outcome.REFUSED,
    )
    found = refusals.aggregate(times=Count("id"), first_at=Min("at"))
    is_old = found["first_at"] is not None and clock.now() - found["first_at"] >= POISON_AFTER
    return bool(is_old or found["times"] + 1 >= POISON_TRIES)


def _set_aside(held: Held, destination: Destination, cut: Cut, sent: Sent) -> None:
    _note(held, cut, sent, outcome=DEAD_LETTER)
    letter = set_aside(held.row, cut, sent)
    record_dead_letter(destination, letter)
    _mail(held, "dead_letter")
    suspect = held.row.suspect_end if held.row.suspect_end > cut.end else 0
    held.write(next_index=cut.end, suspect_end=suspect, **(_CALM | _said(sent) | {"last_outcome": DEAD_LETTER}))
    _end_replay(held)


def set_aside(row: Delivery, cut: Cut, sent: Sent) -> DeadLetter:
    """Keep the one event of a batch as a dead letter, with what was said about it.

    Writes:  DeadLetter, DeliveryCount
    """
    one = cut.payloads[0]
    letter, _ = DeadLetter.objects.update_or_create(
        workspace_id=row.workspace_id,
        destination_id=row.destination_id,
        index=one.index,
        defaults={
            "at": clock.now(),
            "received_at": one.received_at,
            "message_id": one.message_id,
            "name": one.name,
            "payload": one.payload,
            "tries": row.failures + 1,
            "code": sent.code,
            "message": sent.message,
            "request": sent.request,
            "answer": sent.answer,
            "replayed_at": None,
        },
    )
    count_events(row.workspace_id, row.destination_id, clock.now(), [(DEAD_LETTER, 1)])
    return letter


def record_dead_letter(destination: Destination, letter: DeadLetter) -> None:
    """Tell the trail of an event that was set aside."""
    meta = {"event": letter.name, "message_id": letter.message_id, "attempt": letter.tries, "reason": letter.message}
    record("destination.event_dead_lettered", target=destination, meta=meta)


def _gone(held: Held, destination: Destination, cut: Cut, sent: Sent) -> None:
    """410: the other side asks for nothing more, ever."""
    _note(held, cut, sent, outcome=sent.outcome)
    if destination.is_enabled:
        destination.is_enabled = False
        destination.save(update_fields=["is_enabled"])
        changes = [Change("enabled", True, False)]
        record("destination.disabled", target=destination, meta={"reason": sent.message}, changes=changes)
        _mail(held, "gone")
    held.write(
        failures=held.row.failures + 1, failing_since=held.row.failing_since or clock.now(), is_told=True, **_said(sent)
    )


def _pause(held: Held, destination: Destination) -> None:
    """Nothing but failures for days: no more tries until somebody looks. The position stays."""
    if destination.paused_at is None:
        destination.paused_at, destination.pause_reason = clock.now(), ONLY_FAILURES
        destination.save(update_fields=["paused_at", "pause_reason"])
        changes = [Change("paused", False, True)]
        record("destination.paused", target=destination, meta={"reason": destination.pause_reason}, changes=changes)
        _mail(held, "paused")


def _locked(destination: Destination) -> Destination:
    """The destination as it is now.

    Raises:  LeaseLost, where it was deleted
    """
    found = Destination.objects.select_for_update().filter(workspace_id=destination.workspace_id, id=destination.id)
    if (now := found.first()) is None:
        raise LeaseLost
    return now


def _storable(sent: Sent) -> Sent:
    """Without NUL, which no text of PostgreSQL holds: the other side chose some of these words."""
    texts = {name: getattr(sent, name).replace("\0", "\ufffd") for name in ("code", "message", "request", "answer")}
    return replace(sent, **texts)


def _said(sent: Sent) -> dict[str, Any]:
    return {"last_outcome": sent.outcome.value, "last_code": sent.code, "last_message": sent.message[:1_000]}


def _note(held: Held, cut: Cut, sent: Sent, *, outcome: str) -> None:
    """Keep what was tried, and what was said."""
    row = held.row
    DeliveryAttempt.objects.create(
        workspace_id=row.workspace_id,
        destination_id=row.destination_id,
        id=new_id("att"),
        lane=row.lane,
        at=clock.now(),
        start=cut.start,
        end=cut.end,
        events=len(cut.payloads),
        batch_id=cut.batch.id if cut.batch else "",
        number=row.failures + 1,
        outcome=outcome,
        code=sent.code,
        message=sent.message[:1_000],
        request=sent.request,
        answer=sent.answer,
        elapsed_ms=sent.elapsed_ms,
        oldest_at=cut.oldest_at,
        skipped=_as_json(cut.skipped),
    )


def _as_json(skipped: tuple[Skipped, ...]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str], list[int]] = {}
    for one in skipped:
        groups.setdefault((one.code, one.filter_id, one.message.replace("\0", "\ufffd")), []).append(one.index)
    return [
        {"code": code, "filter": filter_id, "message": message, "indexes": indexes[:_MOST_INDEXES]}
        for (code, filter_id, message), indexes in groups.items()
    ]


def _count(held: Held, cut: Cut, delivered: int) -> None:
    counts = Counter(one.code for one in cut.skipped)
    counts[DELIVERED] += delivered
    counts[EXPIRED] += cut.lost
    row, now = held.row, clock.now()
    if told := [(str(code), events) for code, events in counts.items() if events]:
        count_events(row.workspace_id, row.destination_id, now, told)
    # By which item; what could not be rendered by none.
    by_item = [one for one in cut.skipped if one.filter_id or one.code == Verdict.INTERNAL]
    done = Counter(Done(one.filter_id, str(one.code)) for one in by_item)
    if delivered:
        done.update(Done(one, APPLIED) for one in cut.applied)
    count_stages(row.workspace_id, row.source_id, done, at=now, destination_id=row.destination_id)


def _replayed(row: Delivery, cut: Cut) -> None:
    """Of a replay: how many went, and which dead letters are none any more."""
    replay = Replay.objects.get(workspace_id=row.workspace_id, destination_id=row.destination_id, id=row.lane)
    replay.delivered += len(cut.payloads)
    replay.save(update_fields=["delivered"])
    DeadLetter.objects.filter(
        workspace_id=row.workspace_id,
        destination_id=row.destination_id,
        index__in=[one.index for one in cut.payloads],
        replayed_at=None,
    ).update(replayed_at=clock.now())


def _end_replay(held: Held) -> None:
    row = held.row
    if row.lane and row.end_index is not None and row.next_index >= row.end_index:
        Replay.objects.filter(
            workspace_id=row.workspace_id, destination_id=row.destination_id, id=row.lane, ended_at=None
        ).update(ended_at=clock.now())
        Delivery.objects.filter(
            workspace_id=row.workspace_id, destination_id=row.destination_id, lane=row.lane
        ).delete()


def _mail(held: Held, about: str) -> None:
    enqueue(MAIL_JOB, workspace_id=held.row.workspace_id, destination_id=held.row.destination_id, about=about)
