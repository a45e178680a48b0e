"""Which source follows which plan, and what it does with what the plan does not know."""

import pytest

from auditapp.access.errors import Denied
from auditapp.access.permissions import acting_access
from auditapp.lib.errors import Invalid, NotFound
from auditapp.pipeline.plans.connections import change_schema_settings, connect_source, disconnect_source
from auditapp.pipeline.plans.errors import AlreadyConnected, HasAnotherPlan, NotConnected
from auditapp.pipeline.plans.models import SourcePlan
from auditapp.pipeline.plans.queries import connections_of, following_of, plan_of, settings_told
from auditapp.record.drafts import Change
from auditapp.sources.services import delete_source
from tests.factories import acting_as, events_of, last_event, make_cast, make_grant, make_source
from tests.tracking_plans.conftest import follow, make_plan

ALLOWING = {
    "track": {
        "allowUnplannedEvents": True,
        "allowUnplannedEventProperties": True,
        "allowEventOnViolations": True,
        "allowPropertiesOnViolations": True,
        "commonEventOnViolations": "ALLOW",
    },
    **{
        call: {"allowUnplannedTraits": True, "allowTraitsOnViolations": True, "commonEventOnViolations": "ALLOW"}
        for call in ("identify", "group")
    },
}


def told(cast, source):
    with acting_as(cast.olga, cast.workspace):
        return settings_told(following_of(source))


def test_a_source_follows_a_plan_and_it_is_told_of_both(cast):
    plan = make_plan(cast)
    with acting_as(cast.olga, cast.workspace):
        connect_source(plan_id=plan.id, source_id=cast.shop.id)
        assert plan_of(cast.shop) == plan
        assert plan_of(cast.app) is None
        assert [one.source for one in connections_of(acting_access(), plan)] == [cast.shop]
    row = last_event(cast.workspace)
    assert row.event.type == "tracking_plan.source_connected"
    assert [(one.type, one.id) for one in row.event.targets] == [("tracking_plan", plan.id), ("source", cast.shop.id)]
    assert row.event.scope_id == cast.shop.id


def test_a_source_follows_one_plan(cast):
    first, second = make_plan(cast, name="First"), make_plan(cast, name="Second")
    with acting_as(cast.olga, cast.workspace):
        connect_source(plan_id=first.id, source_id=cast.shop.id)
        with pytest.raises(AlreadyConnected):
            connect_source(plan_id=first.id, source_id=cast.shop.id)
        with pytest.raises(HasAnotherPlan):
            connect_source(plan_id=second.id, source_id=cast.shop.id)
        with pytest.raises(NotConnected):
            disconnect_source(plan_id=second.id, source_id=cast.shop.id)
        disconnect_source(plan_id=first.id, source_id=cast.shop.id)
        assert last_event(cast.workspace).event.type == "tracking_plan.source_disconnected"
        connect_source(plan_id=second.id, source_id=cast.shop.id)
        connect_source(plan_id=second.id, source_id=cast.app.id)
        assert len(connections_of(acting_access(), second)) == 2


def test_connecting_takes_a_right_over_both(cast):
    plan = make_plan(cast)
    make_grant(workspace=cast.workspace, user=cast.milo, role="tracking_plan_read_only")
    with acting_as(cast.milo, cast.workspace), pytest.raises(Denied):
        connect_source(plan_id=plan.id, source_id=cast.shop.id)
    make_grant(workspace=cast.workspace, user=cast.milo, role="tracking_plan_admin")
    with acting_as(cast.milo, cast.workspace):
        connect_source(plan_id=plan.id, source_id=cast.shop.id)
        with pytest.raises(NotFound):
            connect_source(plan_id=plan.id, source_id=cast.kiosk.id)
    make_grant(workspace=cast.workspace, user=cast.mina, role="tracking_plan_admin")
    with acting_as(cast.mina, cast.workspace):
        [seen] = connections_of(acting_access(), plan)
        assert (seen.source, seen.source_id) == (None, cast.shop.id)
        disconnect_source(plan_id=plan.id, source_id=cast.shop.id)


def test_settings_allow_all_until_somebody_says_otherwise(cast):
    assert told(cast, cast.shop) == ALLOWING


def test_each_setting_is_told_as_the_field_names_it(cast):
    with acting_as(cast.olga, cast.workspace):
        change_schema_settings(
            source_id=cast.shop.id,
            settings={
                "track": {"allowUnplannedEvents": False, "allowEventOnViolations": False},
                "identify": {"allowUnplannedTraits": False, "allowTraitsOnViolations": False},
                "group": {"commonEventOnViolations": "OMIT_TRAITS"},
            },
            violations_to=cast.app.id,
            blocked_to=cast.kiosk.id,
        )
    events = [(row.event.type, list(row.event.changes)) for row in reversed(events_of(cast.workspace))]
    assert events == [
        ("source_schema.new_events_blocked", [Change("schema.new_events", "allow", "block")]),
        ("source_schema.new_identify_traits_omitted", [Change("schema.new_identify_traits", "allow", "omit")]),
        (
            "source_schema.identify_traits_on_violation_omitted",
            [Change("schema.identify_traits_on_violation", "allow", "omit")],
        ),
        (
            "source.settings_modified",
            [
                Change("schema.forwardingViolationsTo", None, "iOS app"),
                Change("schema.forwardingBlockedEventsTo", None, "Kiosk"),
                Change("schema.track.allowEventOnViolations", True, False),
                Change("schema.group.commonEventOnViolations", "ALLOW", "OMIT_TRAITS"),
            ],
        ),
    ]
    said = told(cast, cast.shop)
    assert (said["forwardingViolationsTo"], said["forwardingBlockedEventsTo"]) == (cast.app.id, cast.kiosk.id)
    assert said["track"] == ALLOWING["track"] | {"allowUnplannedEvents": False, "allowEventOnViolations": False}


def test_what_is_not_said_stays_and_nothing_new_is_not_told(cast):
    with acting_as(cast.olga, cast.workspace):
        change_schema_settings(source_id=cast.shop.id, violations_to=cast.app.id)
        before = len(events_of(cast.workspace))
        change_schema_settings(source_id=cast.shop.id, settings={"track": {"allowUnplannedEvents": True}})
        change_schema_settings(source_id=cast.shop.id, violations_to=cast.app.id)
        assert len(events_of(cast.workspace)) == before
        change_schema_settings(source_id=cast.shop.id, settings={"track": {"allowUnplannedEvents": False}})
        assert told(cast, cast.shop)["forwardingViolationsTo"] == cast.app.id
        change_schema_settings(source_id=cast.shop.id, violations_to=None)
    assert "forwardingViolationsTo" not in told(cast, cast.shop)
    assert list(last_event(cast.workspace).event.changes) == [Change("schema.forwardingViolationsTo", "iOS app", None)]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"violations_to": "shop"}, "itself"),
        ({"blocked_to": "src_nothing"}, "unknown_source"),
        ({"settings": {"track": {"allowEverything": True}}}, "invalid"),
        ({"settings": {"track": {"allowUnplannedEvents": "no"}}}, "invalid"),
    ],
)
def test_settings_that_cannot_be_are_refused(cast, asked, code):
    asked = {key: getattr(cast, value).id if value == "shop" else value for key, value in asked.items()}
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(Invalid) as refused:
            change_schema_settings(source_id=cast.shop.id, **asked)
        assert refused.value.code == code
        assert events_of(cast.workspace) == []


def test_who_does_not_write_a_source_changes_none_of_it_and_sends_nothing_to_it(cast):
    with acting_as(cast.rita, cast.workspace), pytest.raises(Denied):
        change_schema_settings(source_id=cast.shop.id, settings={"track": {"allowUnplannedEvents": False}})
    make_grant(
        workspace=cast.workspace, user=cast.milo, role="source_read_only", scope="listed", resource_ids=[cast.kiosk.id]
    )
    with acting_as(cast.milo, cast.workspace), pytest.raises(Denied):
        change_schema_settings(source_id=cast.shop.id, violations_to=cast.kiosk.id)


def test_a_deleted_source_is_followed_by_nothing_and_sent_nothing(cast):
    plan = make_plan(cast)
    follow(cast, plan, cast.app)
    follow(cast, plan, cast.shop, violations_to=cast.app.id, blocked_to=cast.app.id)
    with acting_as(cast.olga, cast.workspace):
        delete_source(source_id=cast.app.id)
        assert [one.source_id for one in SourcePlan.objects.all()] == [cast.shop.id]
        assert told(cast, cast.shop) == ALLOWING


def test_a_source_of_another_workspace_is_not_there(cast):
    other = make_cast(slug="other")
    plan, theirs = make_plan(cast), make_plan(other)
    make_source(workspace=other.workspace, name="Another")
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(NotFound):
            connect_source(plan_id=plan.id, source_id=other.shop.id)
        with pytest.raises(NotFound):
            connect_source(plan_id=theirs.id, source_id=cast.shop.id)
        with pytest.raises(NotFound):
            change_schema_settings(source_id=other.shop.id, settings={})
        with pytest.raises(Invalid):
            change_schema_settings(source_id=cast.shop.id, violations_to=other.shop.id)
