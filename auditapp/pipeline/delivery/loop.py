"""The loop that delivers: it looks which destinations are due and has each served by a thread, until it is told to stop.

Any number of workers may run it. A destination is in one hand at a time; those that fail never take more than half of the threads.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from time import monotonic
from typing import Final

from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection

from auditapp.lib import clock
from auditapp.lib.errors import AppError
from auditapp.pipeline.delivery.batches import Cut, Sender, Wait, fix, next_cut
from auditapp.pipeline.delivery.claims import INTERNAL, Due, Held, LeaseLost, due_lanes, put_off, take
from auditapp.pipeline.delivery.settling import advance, postpone, settle
from auditapp.pipeline.delivery.stages import StageFailed, stages_of
from auditapp.pipeline.destinations.kind import Batch, Outcome, Sent
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.registry import destination_kind
from auditapp.pipeline.destinations.setup import setup_of
from auditapp.record.workspace_scope import in_workspace

logger = logging.getLogger(__name__)

POLL_S: Final = 0.1
MAX_PAUSE_S: Final = 10.0
# How long one destination keeps a thread while others wait.
TURN_S: Final = 2.0
RETRY_S: Final = 30.0
AWAY_S: Final = 5.0
UNUSABLE: Final = timedelta(minutes=5)
_Key = tuple[int, str, str]


def deliver(due: Due, *, may_go_on: Callable[[], bool] = lambda: True) -> int:
    """Send what waits in a lane, batch after batch, while that goes well; gives how many places of the inbox it went on.

    Takes:   may_go_on, asked after each batch, and after each piece of the inbox of which nothing is sent
    Writes:  what `settle` and `advance` write; short transactions, so that whoever changes a destination never waits for a batch
    """
    with in_workspace(due.workspace_id):
        held = take(due)
    if held is None:
        return 0
    begun = held.row.next_index
    try:
        while _goes_on(held):
            if not may_go_on():
                with in_workspace(due.workspace_id):
                    held.let_go()
                break
    except LeaseLost:
        logger.warning("Destination %s went to another worker, or away.", due.destination_id)
    return held.row.next_index - begun


def _goes_on(held: Held) -> bool:
    """One batch made, sent and settled, or a piece gone past; False where the lane was let go."""
    with in_workspace(held.row.workspace_id):
        prepared = _prepared(held)
    if prepared is None:
        return False
    sender, cut = prepared
    if cut.batch is None:
        return True
    sent = _sent(sender, cut, cut.batch)
    with in_workspace(held.row.workspace_id):
        goes_on = settle(held, sender, cut, sent)
        if not goes_on:
            held.let_go()
    return goes_on


def _prepared(held: Held) -> tuple[Sender, Cut] | None:
    """What comes next: a batch whose end is written down, or a piece that was gone past. None lets the lane go."""
    sender = _sender(held)
    found: Cut | Wait | None = None
    if sender is not None:
        try:
            found = next_cut(held, sender)
        except StageFailed as fault:
            postpone(held, sender, str(fault))
    if sender is None or found is None:
        held.let_go()
        return None
    if isinstance(found, Wait):
        held.write(retry_at=found.until)
        held.let_go()
        return None
    if found.batch is None:
        advance(held, sender, found)
    else:
        # Also where it was fixed before: from here on the lease has to last for a whole try.
        fix(held, found)
    return sender, found


def _sent(sender: Sender, cut: Cut, batch: Batch) -> Sent:
    """What came of sending; a fault of ours is a failure like others, which is written down and tried again ever more rarely."""
    try:
        return sender.kind.send(cut.body, batch, sender.setup)
    except Exception as fault:
        logger.exception("Batch %s to %s could not be sent.", batch.id, batch.destination_id)
        return Sent(Outcome.RETRY, INTERNAL, f"It could not be sent: {type(fault).__name__}.")


def _sender(held: Held) -> Sender | None:
    """The destination as it is now; None where nothing goes to it any more."""
    row = held.row
    destination = Destination.objects.filter(workspace_id=row.workspace_id, id=row.destination_id).first()
    if destination is None or not destination.is_enabled or destination.paused_at:
        return None
    try:
        return Sender(destination, destination_kind(destination.kind), setup_of(destination), stages_of(destination))
    except AppError as fault:  # its secrets do not open, or the kind was taken out of the project
        held.write(
            retry_at=clock.now() + UNUSABLE,
            last_outcome=Outcome.RETRY,
            last_code=INTERNAL,
            last_message=fault.message,
        )
        return None


def run_deliverer(stop: threading.Event) -> None:
    """Deliver until `stop` is set. A database that is away is waited for."""
    threads = settings.DELIVERY_THREADS
    in_hand: dict[_Key, tuple[Due, Future[int]]] = {}
    not_before: dict[_Key, float] = {}
    pause_s = POLL_S
    with ThreadPoolExecutor(threads, thread_name_prefix="deliver") as pool:
        while not stop.is_set():
            for key in [key for key, (_, future) in in_hand.items() if future.done()]:
                in_hand.pop(key)
            now = monotonic()
            for key in [key for key, moment in not_before.items() if moment <= now]:
                not_before.pop(key, None)
            try:
                found = [due for due in due_lanes(limit=4 * threads) if due[:3] not in not_before]
                pause_s = POLL_S
            except Error as error:
                # Of whatever kind: a loop that ended would deliver nothing any more, and nobody would know.
                if pause_s == POLL_S:
                    logger.warning("Delivery waits for the database: %s", str(error).strip())
                pause_s = min(pause_s * 2, MAX_PAUSE_S)
                connection.close()
                found = []
            for due in chosen(found, [one for one, _ in in_hand.values()], threads=threads):
                in_hand[due[:3]] = (due, pool.submit(_turn, due, stop, not_before))
            stop.wait(pause_s)
        _close_connections(pool, threads)
    connection.close()


def chosen(found: list[Due], in_hand: list[Due], *, threads: int) -> list[Due]:
    """Which of the due lanes get one of the free threads: none twice, and those that fail no more than half of all."""
    busy = {due[:3] for due in in_hand}
    free = threads - len(in_hand)
    for_failing = max(threads // 2, 1) - sum(due.is_failing for due in in_hand)
    taken: list[Due] = []
    for due in found:
        if len(taken) >= free:
            break
        if due[:3] in busy or (due.is_failing and for_failing <= 0):
            continue
        for_failing -= due.is_failing
        busy.add(due[:3])
        taken.append(due)
    return taken


def _turn(due: Due, stop: threading.Event, not_before: dict[_Key, float]) -> int:
    """One turn of a lane in a thread; what goes wrong in one is told and holds up no other."""
    until = monotonic() + TURN_S
    try:
        return deliver(due, may_go_on=lambda: monotonic() < until and not stop.is_set())
    except (OperationalError, InterfaceError) as error:
        # Also a disk that is full, and it can be read all the while: not again at once.
        logger.warning("Delivery to %s waits for the database: %s", due.destination_id, str(error).strip())
        not_before[due[:3]] = monotonic() + AWAY_S
        connection.close()
    except Exception:
        logger.exception("Delivery to %s failed; its position stays, next try in %s s.", due.destination_id, RETRY_S)
        not_before[due[:3]] = monotonic() + RETRY_S
        _put_off(due)
    return 0


def _put_off(due: Due) -> None:
    """For the other workers too, and for who looks at its page."""
    try:
        with in_workspace(due.workspace_id):
            put_off(
                due, until=clock.now() + timedelta(seconds=RETRY_S), message="It could not be served. The log says why."
            )
    except Error as error:
        logger.warning("Destination %s could not be put off: %s", due.destination_id, str(error).strip())
        connection.close()


def _close_connections(pool: ThreadPoolExecutor, threads: int) -> None:
    """Each thread has a connection of its own, which nobody else can close."""
    together = threading.Barrier(threads)

    def close() -> None:
        together.wait()
        connection.close()

    for future in [pool.submit(close) for _ in range(threads)]:
        future.result()
