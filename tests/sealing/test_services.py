"""seal_batch: gap-free places, one transaction, one sealer to a workspace."""

import logging
import threading
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from django.db import connection, connections

from auditapp.lib.ids import new_event_id
from auditapp.merkle import Checkpoint as SignedRoot
from auditapp.merkle import Frontier, Verifier, open_note
from auditapp.record.models import ActorCount, Pending, TypeCount
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing import services
from auditapp.sealing.keys import known_verifiers
from auditapp.sealing.models import Checkpoint, Leaf, Node, SealKey, TreeHead
from auditapp.sealing.services import SealedBatch, seal_batch
from tests.sealing.events import write


def leaves(workspace_id: int = 1) -> list[tuple[int, object]]:
    with in_workspace(workspace_id):
        return list(Leaf.objects.order_by("index").values_list("index", "event_id"))


def test_events_get_the_next_places_in_the_order_of_the_queue(log):
    ids = log(3) + log(2)
    assert leaves() == list(enumerate(ids))
    with in_workspace(1):
        assert not Pending.objects.exists()


def test_nothing_waiting_is_nothing_sealed(own_database, as_role):
    with as_role("worker"):
        assert seal_batch() == []
        assert not TreeHead.objects.exists()


def test_each_workspace_has_its_own_log_and_its_signed_root(own_database, as_role):
    write(3, workspace_id=1)
    write(2, workspace_id=2)
    with as_role("worker"):
        batches = seal_batch()
        hashes = {
            ws: list(Leaf.objects.filter(workspace_id=ws).order_by("index").values_list("hash", flat=True))
            for ws in (1, 2)
        }
        verifiers = known_verifiers()
    assert [(batch.workspace_id, batch.start, batch.size) for batch in batches] == [(1, 0, 3), (2, 0, 2)]
    for batch in batches:
        tree = Frontier()
        for leaf in hashes[batch.workspace_id]:
            tree.append(bytes(leaf))
        signed = SignedRoot.parse(open_note(batch.note, verifiers))
        assert signed == SignedRoot(f"127.0.0.1/audit/ws_{batch.workspace_id}", batch.size, tree.root())


def test_the_limit_is_shared_and_the_rest_waits(own_database, as_role):
    write(10, workspace_id=1)
    write(1, workspace_id=2)
    with as_role("worker"):
        assert [(b.workspace_id, b.size) for b in seal_batch(limit=4)] == [(1, 2), (2, 1)]
        assert [(b.workspace_id, b.start, b.size) for b in seal_batch(limit=4)] == [(1, 2, 6)]


def test_where_not_all_fit_the_longest_waiting_workspace_goes_first(own_database, as_role):
    write(1, workspace_id=9)
    write(1, workspace_id=1)
    with as_role("worker"):
        assert [b.workspace_id for b in seal_batch(limit=1)] == [9]


def test_counts_by_day_are_kept_for_the_workspace_and_for_each_scope(log):
    monday, tuesday = datetime(2026, 11, 23, 23, 59, tzinfo=UTC), datetime(2026, 11, 24, 0, 1, tzinfo=UTC)
    log(2, occurred_at=monday)
    log(1, occurred_at=tuesday, outcome="failure")
    log(1, occurred_at=tuesday, scope_id=None)
    with in_workspace(1):
        types = set(TypeCount.objects.values_list("scope_id", "day", "type", "events", "failures"))
        actors = set(ActorCount.objects.values_list("scope_id", "day", "actor_id", "events"))
    kind = "warehouse.modified"
    assert types == {
        ("", date(2026, 11, 23), kind, 2, 0),
        ("src_1", date(2026, 11, 23), kind, 2, 0),
        ("", date(2026, 11, 24), kind, 2, 1),
        ("src_1", date(2026, 11, 24), kind, 1, 1),
    }
    assert actors == {(scope, day, "usr_olga", events) for scope, day, _, events, _ in types}


def test_levels_eight_and_up_are_stored_as_they_fill(log):
    log(600)
    with in_workspace(1):
        assert list(Node.objects.order_by("index").values_list("level", "index")) == [(8, 0), (8, 1)]


def test_an_event_that_is_queued_twice_gets_one_place(log, connect, as_role, caplog):
    [first] = log(1)
    [second] = write(1)
    again = (
        "INSERT INTO pending (workspace_id, occurred_at, event_id, leaf_hash, type, actor_id, is_failure)"
        " SELECT 1, now(), %s, %s, 'x', 'usr_olga', false"
    )
    with connect("app") as web:
        web.execute("SELECT set_config('app.ws', '1', false)")
        for event_id in (first, second, second):
            web.execute(again, [event_id, b"\1" * 32])
    with as_role("worker"), caplog.at_level(logging.WARNING):
        [batch] = seal_batch()
        assert not Pending.objects.exists()
    assert (batch.start, batch.size) == (1, 2)
    assert leaves() == [(0, first), (1, second)]
    with in_workspace(1):
        assert list(TypeCount.objects.filter(scope_id="").values_list("type", "events")) == [("warehouse.modified", 2)]
    assert caplog.text.count("was queued twice") == 3


def test_the_database_itself_refuses_a_second_leaf_for_an_event(log, connect):
    [event_id] = log(1)
    with connect("worker") as worker, pytest.raises(Exception, match="leaf_event_once"):
        worker.execute("INSERT INTO leaf VALUES (1, 1, %s, now(), %s)", [event_id, b"\1" * 32])


@pytest.mark.parametrize("step", ["_move", "_store_nodes", "_store_heads", "_sign"])
@pytest.mark.parametrize("is_after", [False, True])
def test_a_crash_at_any_step_leaves_nothing_half_done(log, as_role, monkeypatch, step, is_after):
    before = log(255)
    ids = write(2)
    working = getattr(services, step)

    def crash(*arguments: object, **named: object) -> None:
        if is_after:
            working(*arguments, **named)
        raise KeyboardInterrupt

    with as_role("worker"):
        with monkeypatch.context() as broken:
            broken.setattr(services, step, crash)
            with pytest.raises(KeyboardInterrupt):
                seal_batch()
        assert (Leaf.objects.count(), Node.objects.count(), Checkpoint.objects.count(), Pending.objects.count()) == (
            255,
            0,
            1,
            2,
        )
        assert TreeHead.objects.get().size == 255
        assert [(batch.start, batch.size) for batch in seal_batch()] == [(255, 257)]
        assert Node.objects.count() == 1
    assert leaves() == list(enumerate([*before, *ids]))


def in_thread(work: object) -> tuple[threading.Thread, list[object]]:
    gave: list[object] = []

    def run() -> None:
        try:
            gave.append(work())
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, gave


def test_a_second_sealer_passes_over_what_the_first_has_in_hand(log, as_role, monkeypatch):
    log(1, workspace_id=1)
    write(1, workspace_id=1)
    write(1, workspace_id=2)
    holds, may_go = threading.Event(), threading.Event()
    signing = services._sign

    def slow(trees: object, signer: object) -> object:
        if threading.current_thread() is not threading.main_thread():
            holds.set()
            assert may_go.wait(20)
        return signing(trees, signer)

    monkeypatch.setattr(services, "_sign", slow)
    with as_role("worker"):
        thread, gave = in_thread(lambda: seal_batch(limit=1))
        assert holds.wait(20)
        mine = seal_batch()
        may_go.set()
        thread.join(20)
        assert seal_batch() == []
    assert [[batch.workspace_id for batch in batches] for batches in (mine, *gave)] == [[2], [1]]


def test_many_sealers_at_once_leave_no_gap_and_no_fork(own_database, as_role):
    for workspace_id in (1, 2, 3):
        write(60, workspace_id=workspace_id)

    def seal_all() -> list[SealedBatch]:
        done, idle = [], 0
        while idle < 3:
            batches = seal_batch(limit=7)
            idle = 0 if batches else idle + 1
            done += batches
        return done

    with as_role("worker"):
        working = [in_thread(seal_all) for _ in range(4)]
        for thread, _ in working:
            thread.join(60)
        while seal_batch():
            pass
        assert SealKey.objects.count() == 1
        for workspace_id in (1, 2, 3):
            indexes = Leaf.objects.filter(workspace_id=workspace_id).order_by("index").values_list("index", flat=True)
            assert list(indexes) == list(range(60))
    batches = [batch for _, gave in working for batch in gave[0]]
    for workspace_id in (1, 2, 3):
        spans = sorted((batch.start, batch.size) for batch in batches if batch.workspace_id == workspace_id)
        assert all(before[1] == after[0] for before, after in pairwise(spans))


def test_two_first_sealers_make_one_head_and_one_key(own_database, as_role, monkeypatch):
    write(1, workspace_id=1)
    write(1, workspace_id=2)
    with as_role("worker"):
        working = [in_thread(lambda: seal_batch(limit=1)) for _ in range(3)]
        for thread, _ in working:
            thread.join(30)
        while seal_batch():
            pass
        assert list(TreeHead.objects.order_by("workspace_id").values_list("workspace_id", "size")) == [(1, 1), (2, 1)]
        assert SealKey.objects.count() == 1


def test_a_log_with_strange_rows_is_left_alone_and_others_are_sealed(log, connect, as_role, caplog):
    log(1, workspace_id=1)
    log(1, workspace_id=2)
    with connect("worker") as worker:
        worker.execute("INSERT INTO leaf VALUES (1, 1, %s, now(), %s)", [new_event_id(), b"\1" * 32])
    write(1, workspace_id=1)
    write(1, workspace_id=2)
    services._tell_of_strange_rows.cache_clear()
    with as_role("worker"), caplog.at_level(logging.ERROR):
        assert [batch.workspace_id for batch in seal_batch()] == [2]
        assert seal_batch() == []
        assert Pending.objects.count() == 1
    assert caplog.text.count("The log of ws_1 is not sealed any further") == 1


def test_the_web_seals_nothing(own_database):
    write(1)
    assert seal_batch() == []
    with in_workspace(1):
        assert Pending.objects.count() == 1


def test_sealing_inside_a_workspace_is_refused(own_database, as_role):
    # There, only that workspace's checkpoints are seen: a second key could be made.
    with as_role("worker"), in_workspace(1), pytest.raises(RuntimeError, match="durable"):
        seal_batch()


def test_the_queue_is_walked_by_its_key_however_much_waits(own_database, as_role):
    write(3_000)
    with as_role("worker"), connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(services.BY_KEY_ONLY)
        cursor.execute(
            "EXPLAIN " + services.MOVE, {"workspaces": [1], "sizes": [0], "folded": [date(2026, 11, 24)], "share": 100}
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("ROLLBACK")
    assert "Seq Scan" not in plan
    assert "Bitmap" not in plan
    assert plan.count("pending_pkey") == 2


def test_a_checkpoint_is_stored_as_it_was_signed(log):
    log(2)
    with in_workspace(1):
        stored = Checkpoint.objects.get()
    signed = SignedRoot.parse(open_note(stored.note, [Verifier.parse(SealKey.objects.get().vkey)]))
    assert (signed.size, signed.root) == (stored.size, bytes(stored.root)) == (2, signed.root)


def test_a_size_is_signed_once(log, connect):
    log(1)
    with connect("worker") as worker, pytest.raises(Exception, match="checkpoint_pkey"):
        worker.execute("INSERT INTO checkpoint VALUES (1, 1, %s, 'another', now())", [b"\1" * 32])
