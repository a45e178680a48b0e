"""Nothing is skipped however transactions interleave; a poller that trusts the queue's number loses rows in the same scenario."""

import random
import threading
from collections.abc import Callable
from contextlib import closing
from uuid import UUID, uuid4

import psycopg
import pytest

from auditapp.sealing.models import Leaf
from auditapp.sealing.readers import move_reader, read_forward
from auditapp.sealing.services import seal_batch

Connect = Callable[..., "psycopg.Connection[tuple[object, ...]]"]
QUEUE = (
    "INSERT INTO pending (workspace_id, occurred_at, event_id, leaf_hash, type, actor_id, is_failure)"
    " VALUES (1, now(), %s, decode(repeat('ab', 32), 'hex'), 'x.y', 'usr_olga', false)"
)


def write_at_random(connect: Connect, seed: int, committed: set[UUID], pauses: threading.Event) -> None:
    """Transactions of one to three events, some held open over others' commits, some rolled back."""
    choose = random.Random(seed)
    with closing(connect("app")) as web:
        web.execute("SELECT set_config('app.ws', '1', false)")
        for _ in range(25):
            ids = [uuid4() for _ in range(choose.randint(1, 3))]
            web.execute("BEGIN")
            for event_id in ids:
                web.execute(QUEUE, [event_id])
                pauses.wait(choose.choice([0, 0, 0.002, 0.03]))
            if choose.random() < 0.25:
                web.execute("ROLLBACK")
            else:
                web.execute("COMMIT")
                committed.update(ids)


def naive_poll(connect: Connect, seen: set[UUID], stop: threading.Event) -> None:
    """The broken twin: everything above the highest number seen so far."""
    last = 0
    with closing(connect("worker")) as poller:
        while True:
            is_last = stop.is_set()
            for n, event_id in poller.execute(
                "SELECT n, event_id FROM twin WHERE n > %s ORDER BY n", [last]
            ).fetchall():
                last = n
                seen.add(event_id)
            if is_last:
                return
            stop.wait(0.001)


@pytest.fixture
def twin(connect):
    """A copy of the queue that is never emptied, for the poller."""
    with closing(connect("postgres")) as admin:
        admin.execute("CREATE TABLE twin (n bigint PRIMARY KEY, event_id uuid)")
        admin.execute(
            "CREATE FUNCTION copy_to_twin() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS"
            " 'BEGIN INSERT INTO twin VALUES (NEW.n, NEW.event_id); RETURN NULL; END'"
        )
        admin.execute("CREATE TRIGGER twin AFTER INSERT ON pending FOR EACH ROW EXECUTE FUNCTION copy_to_twin()")
        admin.execute("GRANT SELECT ON twin TO audit_worker")


def test_writers_at_random_lose_nothing_to_the_sealer_and_rows_to_a_naive_poller(connect, twin, as_role):
    committed: set[UUID] = set()
    polled: set[UUID] = set()
    read: list[UUID] = []
    stop = threading.Event()
    poller = threading.Thread(target=naive_poll, args=(connect, polled, stop))
    writers = [
        threading.Thread(target=write_at_random, args=(connect, seed, committed, threading.Event()))
        for seed in range(8)
    ]
    for thread in (poller, *writers):
        thread.start()

    def read_on() -> None:
        forward = read_forward(1, "follower", limit=7)
        read.extend(event.event_id for event in forward.events)
        move_reader(1, "follower", start=forward.start, end=forward.end)

    with as_role("worker"):
        while any(thread.is_alive() for thread in writers):
            seal_batch(limit=10)
            read_on()
        stop.set()
        poller.join(30)
        while seal_batch(limit=10):
            pass
        while len(read) < Leaf.objects.count():
            read_on()
        sealed = list(Leaf.objects.order_by("index").values_list("index", "event_id"))
    assert [index for index, _ in sealed] == list(range(len(committed)))
    assert {event_id for _, event_id in sealed} == committed
    assert read == [event_id for _, event_id in sealed]
    assert polled < committed


def test_an_event_whose_transaction_outlasts_all_others_is_sealed_in_the_end(connect, as_role):
    late, early = uuid4(), uuid4()
    with closing(connect("app")) as slow, closing(connect("app")) as quick, as_role("worker"):
        for web in (slow, quick):
            web.execute("SELECT set_config('app.ws', '1', false)")
        slow.execute("BEGIN")
        slow.execute(QUEUE, [late])
        quick.execute(QUEUE, [early])
        assert [batch.size for batch in seal_batch()] == [1]
        assert seal_batch() == []
        slow.execute("COMMIT")
        assert [batch.size for batch in seal_batch()] == [2]
        assert list(Leaf.objects.order_by("index").values_list("event_id", flat=True)) == [early, late]
