"""The two loops of the worker: one lets rules see what comes, the other sends what they have to say. Any number of workers run them."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Final

from django.db import Error, InterfaceError, OperationalError, connection

from auditapp.alerts.overdue import overdue_workspaces, tell_overdue
from auditapp.alerts.reader import evaluate_batch, waiting_workspaces
from auditapp.alerts.sending import Due, deliver, due_messages, due_notices, fix_notice
from auditapp.alerts.silences import EVERY_S, silent_workspaces, tell_silences

logger = logging.getLogger(__name__)

POLL_S: Final = 0.25
MAX_PAUSE_S: Final = 10.0
RETRY_S: Final = 30.0
SENDERS: Final = 4
AT_ONCE: Final = 50


def run_alerts(stop: threading.Event) -> None:
    """Let rules see the log until `stop` is set. A workspace that another worker has in hand is passed over."""
    not_before: dict[int, float] = {}
    next_look = 0.0

    def step() -> int:
        nonlocal next_look
        moved = sum(_tried(one, evaluate_batch, not_before) for one in waiting_workspaces())
        if monotonic() >= next_look:
            next_look = monotonic() + EVERY_S
            for one in silent_workspaces():
                _tried(one, tell_silences, not_before)
            for one in overdue_workspaces():
                _tried(one, tell_overdue, not_before)
        return moved

    _until(stop, step, "Alerts wait")


def run_alert_messages(stop: threading.Event) -> None:
    """Send messages until `stop` is set, a few at a time, so that one receiver that does not answer holds up no other."""
    in_hand: dict[Due, Future[None]] = {}
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="alert") as pool:

        def step() -> int:
            for due in [due for due, future in in_hand.items() if future.done()]:
                in_hand.pop(due)
            fixed = sum(fix_notice(due) for due in due_notices(limit=AT_ONCE))
            free = SENDERS - len(in_hand)
            found = [due for due in due_messages(limit=AT_ONCE) if due not in in_hand][:free] if free else []
            for due in found:
                in_hand[due] = pool.submit(_turn, due)
            return fixed

        _until(stop, step, "Messages of alerts wait")
        close_all(pool)


def _until(stop: threading.Event, step: Callable[[], int], waits: str) -> None:
    pause_s = POLL_S
    try:
        while not stop.is_set():
            try:
                moved = step()
                pause_s = POLL_S
            except Error as error:  # of whatever kind: a loop that ended would tell of nothing any more
                if pause_s == POLL_S:
                    logger.warning("%s for the database: %s", waits, str(error).strip())
                pause_s, moved = min(pause_s * 2, MAX_PAUSE_S), 0
                connection.close()
            except Exception:
                logger.exception("%s: something is wrong, next try in %s s.", waits, MAX_PAUSE_S)
                pause_s, moved = MAX_PAUSE_S, 0
            if not moved:
                stop.wait(pause_s)
    finally:
        connection.close()


def _tried(workspace_id: int, work: Callable[[int], int], not_before: dict[int, float]) -> int:
    """One workspace's turn; what goes wrong in one is told, tried again later, and holds up no other."""
    if monotonic() < not_before.get(workspace_id, 0):
        return 0
    try:
        moved = work(workspace_id)
    except (OperationalError, InterfaceError):
        raise  # the database is away for all of them
    except Exception:
        logger.exception(
            "Alerts of workspace %s failed; their position stays, next try in %s s.", workspace_id, RETRY_S
        )
        not_before[workspace_id] = monotonic() + RETRY_S
        return 0
    not_before.pop(workspace_id, None)
    return moved


def _turn(due: Due) -> None:
    try:
        deliver(due)
    except Error as error:  # its lease runs out, and it is tried again
        logger.warning("Alert message %s waits for the database: %s", due.id, str(error).strip())
        connection.close()
    except Exception:  # likewise
        logger.exception("Alert message %s could not be tried.", due.id)


def close_all(pool: ThreadPoolExecutor) -> None:
    """Each thread has a connection of its own, which nobody else can close."""
    together = threading.Barrier(SENDERS)

    def close() -> None:
        together.wait()
        connection.close()

    for future in [pool.submit(close) for _ in range(SENDERS)]:
        future.result()
