"""Which rules fire: each event once, over restarts and workers; thresholds, silences; only what the owner sees."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection

from auditapp.access.models import Grant
from auditapp.alerts import reader
from auditapp.alerts.models import AlertCount, AlertFiring, AlertReading
from auditapp.alerts.reader import evaluate_batch, waiting_workspaces
from auditapp.alerts.rule_index import Shape
from auditapp.alerts.services import RuleInput, create_alert_rule, disable_alert_rule, enable_alert_rule
from auditapp.alerts.silences import tell_silences
from auditapp.catalogue.types import Risk
from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.readers import move_reader, read_forward
from auditapp.sealing.services import seal_batch
from auditapp.sources.services import change_source, disable_source, enable_source
from tests.factories import acting_as, make_cast


def toggle(cast, times=1, *, who=None, source=None):
    """A source is disabled so often, and enabled after each."""
    source = source or cast.shop
    for _ in range(times):
        with acting_as(who or cast.milo, cast.workspace):
            disable_source(source_id=source.id)
        with acting_as(who or cast.milo, cast.workspace):
            enable_source(source_id=source.id)


def fired(cast, rule=None):
    with in_workspace(cast.workspace.id):
        firings = AlertFiring.objects.filter(workspace_id=cast.workspace.id).order_by("fired_at", "index")
        return [one.index for one in firings if rule is None or one.rule_id == rule.id]


def test_each_matching_event_from_now_on_fires_once_in_however_small_steps(cast, rule, look):
    toggle(cast)
    look()
    one = rule()
    toggle(cast, 3)
    look(limit=2)
    look()
    assert len(fired(cast, one)) == 3
    assert len(set(fired(cast))) == 3
    with in_workspace(cast.workspace.id):
        assert AlertCount.objects.get().firings == 3


def broken_twin(workspace_id, *, limit=500):
    """As evaluate_batch, but for the position, which it saves before the firings."""
    with in_workspace(workspace_id):
        reading = AlertReading.objects.get(workspace_id=workspace_id)
        ahead = read_forward(workspace_id, reading.reader_name, limit)
        move_reader(workspace_id, reading.reader_name, start=ahead.start, end=ahead.end)
    with in_workspace(workspace_id):
        reader.store_firings(workspace_id, reader.firings_in(reading, ahead))
    return len(ahead.events)


@pytest.mark.parametrize(("evaluate", "count"), [(evaluate_batch, 2), (broken_twin, 0)], ids=["ours", "broken-twin"])
def test_a_worker_that_dies_between_its_writes_loses_no_firing(cast, rule, as_role, monkeypatch, evaluate, count):
    one = rule()
    toggle(cast, 2)
    with as_role("worker"):
        while seal_batch():
            pass
        with monkeypatch.context() as broken:
            broken.setattr(reader, "store_firings", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                evaluate(cast.workspace.id)
        while evaluate(cast.workspace.id):
            pass
    assert len(fired(cast, one)) == count


def test_two_workers_fire_each_event_once(cast, rule, look, as_role):
    one = rule()
    toggle(cast, 12)

    def work():
        try:
            while waiting_workspaces():
                evaluate_batch(cast.workspace.id, limit=3)
        finally:
            connection.close()

    with as_role("worker"):
        while seal_batch():
            pass
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(fired(cast, one)) == 12


def test_a_place_of_the_log_cannot_fire_twice(cast, rule, look):
    rule()
    toggle(cast)
    look()
    with in_workspace(cast.workspace.id):
        first = AlertFiring.objects.get()
        with pytest.raises(IntegrityError):
            AlertFiring.objects.bulk_create([first])
        connection.set_rollback(True)


def test_what_the_owner_does_counts_only_where_asked_for(cast, rule, look):
    others, all_of_it = rule(), rule(name="With own", with_own=True)
    toggle(cast, who=cast.olga)
    toggle(cast, who=cast.milo)
    look()
    assert (len(fired(cast, others)), len(fired(cast, all_of_it))) == (1, 2)


def test_a_rule_sees_what_its_owner_sees_when_the_event_comes_in(cast, rule, look):
    of_milo = rule(who=cast.milo)
    toggle(cast, who=cast.olga, source=cast.kiosk)  # he does not reach it
    toggle(cast, who=cast.olga)
    look()
    assert len(fired(cast, of_milo)) == 1
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.milo.id).delete()
    toggle(cast, who=cast.olga)
    look()
    assert len(fired(cast, of_milo)) == 1


def test_workspaces_do_not_see_each_others_events(cast, rule, look):
    other = make_cast(slug="other")
    rule()
    with acting_as(other.olga, other.workspace):
        create_alert_rule(RuleInput(name="Theirs", query="event:source.*", told_ids=[other.olga.id], by_bell=True))
    toggle(cast)
    look()
    assert (len(fired(cast)), len(fired(other))) == (1, 0)


def test_a_threshold_counts_each_actor_alone_and_then_anew(cast, rule, look):
    many = rule(trigger="threshold", threshold=3, window_s=600, by="actor", with_own=True)
    toggle(cast, 2, who=cast.olga)
    toggle(cast, 5, who=cast.milo)
    look(limit=3)
    assert len(fired(cast, many)) == 1
    toggle(cast, 1, who=cast.milo)
    look()
    assert len(fired(cast, many)) == 2


def test_a_threshold_forgets_what_is_older_than_its_window(cast, rule, look):
    many = rule(trigger="threshold", threshold=2, window_s=600, by="resource")
    toggle(cast)
    look()
    with time_machine.travel(clock.now() + timedelta(minutes=11), tick=True):
        toggle(cast)
        look()
        assert fired(cast, many) == []
        toggle(cast)
        look()
    assert len(fired(cast, many)) == 1


def test_a_silence_fires_once_until_there_was_an_event_again(cast, rule, look):
    quiet = rule(trigger="silence", window_s=3_600)
    start = clock.now()
    look()
    for minutes, count in ((59, 0), (61, 1), (200, 1)):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=True):
            look()
            assert len(fired(cast, quiet)) == count
    with time_machine.travel(start + timedelta(minutes=201), tick=True):
        toggle(cast)
        look()
    with time_machine.travel(start + timedelta(minutes=270), tick=True):
        look()
    assert len(fired(cast, quiet)) == 2


def test_no_silence_while_the_event_that_ends_it_is_not_seen_yet(cast, rule, look, as_role, monkeypatch):
    quiet = rule(trigger="silence", window_s=3_600)
    start = clock.now()
    look()
    with time_machine.travel(start + timedelta(minutes=58), tick=True):
        toggle(cast)
    with time_machine.travel(start + timedelta(minutes=61), tick=True), as_role("worker"):
        assert reader.waiting_workspaces() == []
        assert tell_silences(cast.workspace.id) == 0
        while seal_batch():
            pass
        assert tell_silences(cast.workspace.id) == 0
    with time_machine.travel(start + timedelta(minutes=61), tick=True):
        look()
    assert fired(cast, quiet) == []


def test_a_rule_that_was_off_does_not_see_what_happened_meanwhile(cast, rule, look):
    one = rule()
    with acting_as(cast.olga, cast.workspace):
        disable_alert_rule(rule_id=one.id)
    toggle(cast)
    look()
    with acting_as(cast.olga, cast.workspace):
        enable_alert_rule(rule_id=one.id)
    assert fired(cast, one) == []
    toggle(cast)
    look()
    assert len(fired(cast, one)) == 1


def test_an_event_asks_few_of_many_rules(cast, rule, look):
    with in_workspace(cast.workspace.id):
        kinds = [f"event:source.{end}" for end in ("created", "enabled", "deleted", "modified")]
    for number in range(40):
        rule(kinds[number % 4], name=f"Rule {number}")
    rule("event:source.disabled actor:usr_0000000000000000000000", name="Somebody else")
    rule("outcome:failure", name="Failures")
    wanted = rule()
    toggle(cast)
    look()
    with in_workspace(cast.workspace.id):
        index = reader.index_of(AlertReading.objects.get())
        ahead = read_forward(cast.workspace.id, "no-such-reader")
        stored = [one.stored for one in ahead.events if one.stored]
        rows = [one.parsed() for one in stored]
    assert len(index.watches) == 43
    place = next(n for n, row in enumerate(rows) if row["type"] == "source.disabled")
    found = index.candidates(Shape.sealed(rows[place], Risk.ROUTINE), rows[place]["actor"])
    assert [watch.rule.id for watch in found] == [wanted.id]


def test_nothing_is_read_where_no_rule_is_on(cast, look):
    with acting_as(cast.olga, cast.workspace):
        change_source(source_id=cast.shop.id, name="New", labels=[])
    assert look() == 0
