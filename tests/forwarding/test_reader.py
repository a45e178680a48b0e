"""The reader that forwards: everything once and in the order of the log, nothing of its own making, from where it was told."""

from datetime import timedelta

import psycopg
import pytest

from auditapp.forwarding import reader
from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.queries import progress_of
from auditapp.forwarding.reader import waiting_workspaces
from auditapp.forwarding.services import save_forwarding
from auditapp.pipeline.intake import take_in
from auditapp.record.drafts import Target
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.services import seal_batch
from auditapp.sources.services import change_source, disable_source, enable_source
from tests.factories import acting_as, events_of, make_cast


def on(cast, **values):
    with acting_as(cast.olga, cast.workspace):
        return save_forwarding(source_id=cast.kiosk.id, is_on=True, **values)


def rename(cast, *names):
    for name in names:
        with acting_as(cast.olga, cast.workspace):
            change_source(source_id=cast.shop.id, name=name, labels=[])


def names(calls):
    return [change["new"] for call in calls for change in call["properties"]["changes"] if change["path"] == "name"]


def test_what_happens_from_now_on_arrives_in_its_order(cast, work, inbox):
    rename(cast, "Before")
    work()
    on(cast)
    rename(cast, "One", "Two", "Three")
    work()
    calls = inbox(cast.kiosk)
    assert names(calls) == ["One", "Two", "Three"]
    assert [call["event"] for call in calls] == [
        "Audit Forwarding Enabled",
        "Audit Forwarding Modified",
        *["Source Modified"] * 3,
    ]
    call = calls[-1]
    assert (call["type"], call["userId"]) == ("track", cast.olga.id)
    assert call["properties"]["actor"]["email"] == cast.olga.email
    assert call["context"]["ip"] == "203.0.113.9"
    assert call["messageId"].startswith("audit-evt_")


def test_nothing_is_forwarded_twice_in_however_small_steps(cast, work, inbox):
    on(cast)
    rename(cast, *map(str, range(7)))
    work(limit=2)
    work(limit=2)
    assert names(inbox(cast.kiosk)) == list(map(str, range(7)))


def test_each_attempt_at_a_task_is_forwarded_by_itself(cast, work, inbox):
    on(cast)
    for number in (1, 2):
        with acting_as(cast.olga, cast.workspace):
            meta = {"task": "tsk_1", "attempt": number, "of": 6}
            record("warehouse.run_failed", target=Target("warehouse", "whs_1"), meta=meta, outcome="failure")
    work()
    assert [call["properties"]["meta"]["attempt"] for call in inbox(cast.kiosk)[-2:]] == [1, 2]


def test_calls_and_position_are_one_transaction(cast, work, inbox, as_role, monkeypatch):
    on(cast)
    rename(cast, "One")
    with monkeypatch.context() as broken:
        broken.setattr(reader, "move_reader", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            work()
    assert inbox(cast.kiosk) == []
    work()
    assert names(inbox(cast.kiosk)) == ["One"]


def test_only_what_the_query_asks_for_is_forwarded(cast, work, inbox):
    on(cast, query="event:source.disabled")
    rename(cast, "One")
    with acting_as(cast.olga, cast.workspace):
        disable_source(source_id=cast.shop.id)
    work()
    assert [call["event"] for call in inbox(cast.kiosk)] == ["Source Disabled"]


def test_a_new_name_in_the_audit_source_is_no_reason_for_the_next_call(cast, work, inbox):
    on(cast)
    rename(cast, "One")
    for _ in range(4):
        work()
    kinds = [row.event.type for row in events_of(cast.workspace)]
    assert "source.new_event_allowed" in kinds
    assert "New Event Allowed" not in {call["event"] for call in inbox(cast.kiosk)}
    assert len(inbox(cast.kiosk)) == 3


def test_without_the_guard_forwarding_feeds_itself(cast, work, inbox, monkeypatch):
    monkeypatch.setattr(reader, "is_own_echo", lambda row, source: False)
    on(cast)
    rename(cast, "One")
    for _ in range(4):
        work()
    assert "New Event Allowed" in {call["event"] for call in inbox(cast.kiosk)}


def test_what_people_do_to_the_audit_source_is_forwarded(cast, work, inbox):
    on(cast)
    with acting_as(cast.olga, cast.workspace):
        change_source(source_id=cast.kiosk.id, name="Audit", labels=[])
    work()
    assert names(inbox(cast.kiosk)) == ["Audit"]


def test_off_keeps_the_place_and_on_goes_on_there(cast, work, inbox):
    on(cast)
    work()
    with acting_as(cast.olga, cast.workspace):
        save_forwarding(source_id=cast.kiosk.id, is_on=False)
    rename(cast, "Meanwhile")
    assert work() == 0
    on(cast)
    work()
    assert names(inbox(cast.kiosk)) == ["Meanwhile"]


def test_from_now_on_leaves_out_what_happened_meanwhile(cast, work, inbox):
    on(cast)
    work()
    with acting_as(cast.olga, cast.workspace):
        save_forwarding(source_id=cast.kiosk.id, is_on=False)
    rename(cast, "Meanwhile")
    work()
    on(cast, start="now")
    rename(cast, "After")
    work()
    assert names(inbox(cast.kiosk)) == ["After"]


def test_a_source_that_is_off_lets_events_wait(cast, work, inbox):
    on(cast)
    work()
    with acting_as(cast.olga, cast.workspace):
        disable_source(source_id=cast.kiosk.id)
    rename(cast, "While off")
    assert work() == 0
    with in_workspace(cast.workspace.id):
        progress = progress_of(Forwarding.objects.get())
    assert (
        progress.waiting == 4
    )  # two new names in the audit source, that it was turned off, and the new name of the shop
    assert progress.lag > timedelta()
    with acting_as(cast.olga, cast.workspace):
        enable_source(source_id=cast.kiosk.id)
    work()
    assert names(inbox(cast.kiosk)) == ["While off"]


def test_workspaces_do_not_see_each_others_events(cast, work, inbox):
    other = make_cast(slug="other")
    on(cast)
    on(other)
    rename(cast, "Mine")
    rename(other, "Theirs")
    work()
    assert names(inbox(cast.kiosk)) == ["Mine"]
    assert names(inbox(other.kiosk)) == ["Theirs"]


def test_another_forwarder_passes_over_a_workspace_that_is_in_hand(cast, work, as_role, url_of, own_database):
    on(cast)
    rename(cast, "One")
    with psycopg.connect(url_of(own_database, user="postgres")) as other:
        other.execute("SELECT * FROM forwarding FOR UPDATE")
        assert work() == 0
    assert work() > 0


def test_what_fails_in_one_workspace_does_not_hold_up_the_others(cast, work, inbox, as_role, monkeypatch, caplog):
    other = make_cast(slug="other")
    on(cast)
    on(other)
    rename(other, "Theirs")
    with as_role("worker"):
        while seal_batch():
            pass

    def broken(source, calls):
        if source.workspace_id == cast.workspace.id:
            raise ZeroDivisionError
        return take_in(source, calls)

    turns = {}
    with as_role("worker"), monkeypatch.context() as twin:
        twin.setattr(reader, "take_in", broken)
        assert [reader.forward_next(one, turns) > 0 for one in waiting_workspaces()] == [False, True]
        assert reader.forward_next(cast.workspace.id, turns) == 0
    assert caplog.text.count("its position stays") == 1
    assert names(inbox(other.kiosk)) == ["Theirs"]
    assert inbox(cast.kiosk) == []
    work()
    assert len(inbox(cast.kiosk)) == 2
