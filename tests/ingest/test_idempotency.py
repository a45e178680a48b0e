"""The same key and event is recorded once: one after the other, in one batch, and fifty at a time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, transaction

from auditapp.ingest import idempotency, services
from auditapp.ingest.services import Verdict, accept_events
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor
from auditapp.record.workspace_scope import in_workspace
from tests.ingest.conftest import Caller, make_caller, make_workspace

EVENT = {"type": "warehouse.disabled", "target": {"type": "warehouse", "id": "whs_1"}}
CI = Actor("token", "tok_ci", "CI")
SENDERS = 50


def test_a_replay_answers_200_with_the_first_id(caller: Caller, stored):
    first = caller.post("/audit-events", {**EVENT, "idempotencyKey": "deploy-1"})
    again = caller.post("/audit-events", {"idempotencyKey": "deploy-1", **EVENT})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(stored(caller.workspace)) == 1


def test_the_header_is_a_key_too(caller: Caller):
    first = caller.post("/audit-events", EVENT, **{"Idempotency-Key": "deploy-1"})
    again = caller.post("/audit-events", {**EVENT, "idempotencyKey": "deploy-1"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


def test_another_event_with_the_same_key_is_a_conflict(caller: Caller, stored):
    caller.post("/audit-events", {**EVENT, "idempotencyKey": "deploy-1"})
    other = caller.post("/audit-events", {**EVENT, "outcome": "failure", "idempotencyKey": "deploy-1"})
    assert other.status_code == 409
    assert other.json()["errors"][0]["type"] == "conflict"
    assert len(stored(caller.workspace)) == 1


def test_two_different_keys_are_two_events(caller: Caller, stored):
    for key in ("deploy-1", "deploy-2"):
        assert caller.post("/audit-events", {**EVENT, "idempotencyKey": key}).status_code == 201
    assert len(stored(caller.workspace)) == 2


def test_a_key_belongs_to_its_workspace(caller: Caller):
    stranger = make_caller(make_workspace("zoe"), "audit:write")
    assert caller.post("/audit-events", {**EVENT, "idempotencyKey": "k"}).status_code == 201
    assert stranger.post("/audit-events", {**EVENT, "idempotencyKey": "k"}).status_code == 201


def test_a_refused_event_does_not_use_up_its_key(caller: Caller):
    assert caller.post("/audit-events", {**EVENT, "outcome": "?", "idempotencyKey": "k"}).status_code == 422
    assert caller.post("/audit-events", {**EVENT, "idempotencyKey": "k"}).status_code == 201


@pytest.mark.parametrize("body", [[EVENT], {**EVENT, "idempotencyKey": "other"}], ids=["batch", "two keys"])
def test_a_header_that_does_not_fit_is_refused(caller: Caller, body):
    assert caller.post("/audit-events", body, **{"Idempotency-Key": "k"}).status_code == 422


# --- Batches ----------------------------------------------------------------------------------------------------------


def test_each_event_of_a_batch_gets_its_own_answer_and_the_good_ones_are_recorded(caller: Caller, stored):
    caller.post("/audit-events", {**EVENT, "idempotencyKey": "known"})
    answer = caller.post(
        "/audit-events",
        {
            "events": [
                {**EVENT, "idempotencyKey": "new"},
                {**EVENT, "idempotencyKey": "known"},
                {**EVENT, "outcome": "failure", "idempotencyKey": "known"},
                {**EVENT, "outcome": "?"},
                {**EVENT, "idempotencyKey": "new"},
                {**EVENT, "outcome": "failure", "idempotencyKey": "new"},
                EVENT,
            ]
        },
    )
    assert answer.status_code == 207
    results = answer.json()["data"]["results"]
    assert [result["status"] for result in results] == [201, 200, 409, 422, 200, 409, 201]
    assert results[3]["errors"][0]["field"] == "outcome"
    assert results[0]["id"] == results[4]["id"]
    assert len(stored(caller.workspace)) == 3


def test_a_thousand_events_are_recorded_at_once_and_one_more_is_too_many(caller: Caller, stored):
    answer = caller.post("/audit-events", [{**EVENT, "meta": {"n": n}} for n in range(1_000)])
    assert answer.status_code == 201
    assert len({result["id"] for result in answer.json()["data"]["results"]}) == 1_000
    assert len(stored(caller.workspace)) == 1_000
    assert caller.post("/audit-events", [EVENT] * 1_001).status_code == 413


def test_a_batch_that_was_sent_before_answers_200(caller: Caller):
    batch = [{**EVENT, "idempotencyKey": str(n)} for n in range(3)]
    first, again = (caller.post("/audit-events", batch) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    ids = [[result["id"] for result in answer.json()["data"]["results"]] for answer in (first, again)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("body", [[], {"events": []}, {"events": {}}, {"events": None}])
def test_a_batch_of_nothing_is_refused(caller: Caller, body):
    assert caller.post("/audit-events", body).status_code == 422


# --- Races ------------------------------------------------------------------------------------------------------------


def at_once(send: Callable[[], Any], senders: int = SENDERS) -> list[Any]:
    """Let so many threads send in the same moment, each over a connection of its own."""
    barrier = Barrier(senders)

    def one(_: int) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return send()
        finally:
            connection.close()

    with ThreadPoolExecutor(senders) as pool:
        return list(pool.map(one, range(senders)))


def race_for(workspace_id: int, key: str) -> tuple[int, set[str], set[Verdict]]:
    """Fifty senders of one key; how many events there are then, the ids and the verdicts that they were told."""

    def send() -> services.Accepted:
        with in_workspace(workspace_id), acting(workspace_id, CI):
            [one] = accept_events([{**EVENT, "idempotencyKey": key}])
            return one

    told = at_once(send)
    with in_workspace(workspace_id), connection.cursor() as cursor:
        [(events,)] = cursor.execute("SELECT count(*) FROM event").fetchall()
    return events, {one.event.key for one in told if one.event}, {one.verdict for one in told}


@pytest.fixture
def workspace_id(own_database: str) -> int:
    return make_workspace("acme").id


def test_fifty_parallel_sends_of_one_key_make_one_event(workspace_id: int):
    events, ids, verdicts = race_for(workspace_id, "k")
    assert (events, len(ids)) == (1, 1)
    assert verdicts == {Verdict.RECORDED, Verdict.KNOWN}


def test_the_same_race_doubles_events_where_a_key_is_only_looked_for(workspace_id: int, monkeypatch):
    # The broken twin: it checks, then inserts, and takes no notice of a key that was taken meanwhile.
    def keep_without_notice(workspace_id: int, keyed: Any) -> None:
        try:
            with transaction.atomic():
                idempotency.keep_keys(workspace_id, keyed)
        except idempotency.KeyTaken:
            pass

    monkeypatch.setattr(services, "keep_keys", keep_without_notice)
    events, _, _ = race_for(workspace_id, "k")
    assert events > 1


def test_keys_are_taken_in_one_order_whatever_the_order_of_the_batch(caller: Caller):
    # Two batches that take the same keys in different orders would each wait for the other until one is killed.
    caller.post("/audit-events", [{**EVENT, "idempotencyKey": str(n)} for n in range(40)])
    with in_workspace(caller.workspace.id), connection.cursor() as cursor:
        as_inserted = [bytes(key) for (key,) in cursor.execute("SELECT key_digest FROM idempotency ORDER BY ctid")]
    assert len(as_inserted) == 40
    assert as_inserted == sorted(as_inserted)
