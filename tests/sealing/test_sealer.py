"""The loop: it seals what comes, waits for a database that is away, and stops when told to."""

import logging
import threading
import time

import pytest
from django.db import OperationalError, connections

from auditapp.record.models import Pending
from auditapp.sealing import sealer
from auditapp.sealing.models import Leaf
from auditapp.sealing.sealer import run_sealer
from tests.sealing.events import write


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def test_it_seals_until_nothing_waits_and_ends_when_told(own_database, as_role, stop, monkeypatch):
    write(30)
    monkeypatch.setattr(sealer, "BATCH", 10)
    monkeypatch.setattr(stop, "wait", lambda _seconds: stop.set())  # the first pause
    with as_role("worker"):
        run_sealer(stop)
        assert (Leaf.objects.count(), Pending.objects.count()) == (30, 0)


def test_a_database_that_is_away_is_waited_for_and_told_of_once(monkeypatch, stop, caplog):
    answers = [OperationalError("connection refused"), OperationalError("connection refused"), []]
    pauses: list[float] = []

    def seal(limit: int) -> list[object]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if not answers:
            stop.set()

    monkeypatch.setattr(sealer, "seal_batch", seal)
    monkeypatch.setattr(stop, "wait", wait)
    with caplog.at_level(logging.INFO):
        run_sealer(stop)
    assert pauses == [sealer.POLL_S * 2, sealer.POLL_S * 4, sealer.POLL_S]
    assert [record.message for record in caplog.records] == [
        "The sealer waits for the database: connection refused",
        "The sealer has the database again.",
    ]


def test_pauses_end_at_a_bound(monkeypatch, stop):
    pauses: list[float] = []

    def refuse(limit: int) -> list[object]:
        raise OperationalError

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 12:
            stop.set()

    monkeypatch.setattr(sealer, "seal_batch", refuse)
    monkeypatch.setattr(stop, "wait", wait)
    run_sealer(stop)
    assert max(pauses) == pauses[-1] == sealer.MAX_PAUSE_S


def test_a_sealer_whose_connection_is_killed_seals_on(own_database, as_role, connect, stop):
    def run() -> None:
        run_sealer(stop)
        connections.close_all()

    def wait_until(is_so: object) -> None:
        deadline = time.monotonic() + 20
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    with as_role("worker"), connect("postgres") as admin:
        thread = threading.Thread(target=run)
        thread.start()
        backends = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        wait_until(lambda: admin.execute(backends).fetchall())
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM ({backends}) AS b")
    write(3)
    with as_role("worker"):
        wait_until(lambda: Leaf.objects.count() == 3)
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
