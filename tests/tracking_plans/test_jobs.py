"""What is done once a day: the trail is told of violations, and what is too old is forgotten."""

from datetime import timedelta

import time_machine

from auditapp.lib import clock
from auditapp.pipeline.plans.connections import disconnect_source
from auditapp.pipeline.plans.jobs import forget_violations, tell_violations
from auditapp.pipeline.plans.models import ViolationCount, ViolationSample
from auditapp.pipeline.plans.services import delete_plan
from tests.factories import acting_as, as_operator, events_of, make_cast
from tests.tracking_plans.conftest import follow, make_plan, rule, send, track

DETECTED = "tracking_plan.violations_detected"


def told(cast):
    return [row for row in events_of(cast.workspace) if row.event.type == DETECTED]


def done(job):
    """As the worker does it, outside of any workspace."""
    with as_operator():
        return job()


def broken(cast):
    plan = make_plan(cast, rule(), rule("Cart Viewed"))
    follow(cast, plan, cast.shop)
    send(cast, cast.shop, track(message_id="1"), track(message_id="2"), track("Cart Viewed"))
    return plan


def test_each_source_with_violations_is_told_of_once_a_day(cast):
    plan, other = broken(cast), make_cast(slug="other")
    broken(other)
    assert done(tell_violations) == 2
    [row] = told(cast)
    assert row.event.meta == {"violations": 3, "events": ["Order Completed", "Cart Viewed"]}
    assert [target.id for target in row.event.targets] == [plan.id, cast.shop.id]
    assert (row.event.actor.kind, row.event.scope_id) == ("system", cast.shop.id)
    assert done(tell_violations) == 0
    with time_machine.travel(clock.now() + timedelta(hours=23), tick=False):
        assert done(tell_violations) == 2
    with time_machine.travel(clock.now() + timedelta(days=2), tick=False):
        assert done(tell_violations) == 0
    assert len(told(cast)) == 2


def test_a_plan_that_is_gone_is_not_told_of(cast):
    plan = broken(cast)
    with acting_as(cast.olga, cast.workspace):
        disconnect_source(plan_id=plan.id, source_id=cast.shop.id)
        delete_plan(plan_id=plan.id)
    assert done(tell_violations) == 0
    assert told(cast) == []


def test_samples_go_with_the_inbox_and_counts_after_two_months(cast, settings):
    broken(cast)
    settings.SOURCE_DAYS = 14

    def left():
        with acting_as(cast.olga, cast.workspace):
            return ViolationSample.objects.count(), ViolationCount.objects.count()

    assert left() == (3, 2)
    for days, kept in ((13, (3, 2)), (15, (0, 2)), (62, (0, 0))):
        with time_machine.travel(clock.now() + timedelta(days=days), tick=False):
            done(forget_violations)
        assert left() == kept
