"""What a source lets through is set back, event by event and setting by setting, and comes back with a deleted source."""

import pytest

from auditapp.lib import clock
from auditapp.pipeline.plans.connections import change_schema_settings
from auditapp.pipeline.plans.models import SourcePlan
from auditapp.pipeline.plans.schema_words import TargetGone, schema_in_words
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.kinds.source import EventUnseen
from auditapp.sources.models import SeenEvent
from auditapp.sources.schema_services import archive_event, block_event
from auditapp.sources.services import change_source, delete_source
from tests.factories import last_event, make_cast
from tests.revert.looking import latest, one_request, preview_of, standings, undo

EVENT = {"type": "track", "name": "Order / Completed"}


@pytest.fixture
def cast(db):
    made = make_cast()
    with in_workspace(made.workspace.id):
        here = {"workspace_id": made.workspace.id, "source_id": made.shop.id, "first_seen_at": clock.now()}
        SeenEvent.objects.create(**here, **EVENT)
    return made


def act(cast, service, **values):
    with one_request(cast):
        service(source_id=cast.shop.id, **values)
    return last_event(cast.workspace)


def seen(cast):
    with in_workspace(cast.workspace.id):
        one = SeenEvent.objects.get(source_id=cast.shop.id, **EVENT)
    return one.is_allowed, one.is_archived


def words(cast):
    with in_workspace(cast.workspace.id):
        return schema_in_words(cast.shop)


def test_a_blocked_event_goes_on_again_and_an_archived_one_is_shown_again(cast):
    blocked = act(cast, block_event, **EVENT)
    (part,) = preview_of(cast, blocked).parts
    assert part.label(part.fields[0].path) == "Event Order / Completed allowed"
    assert part.effects == ["“Order / Completed” goes on again. What was stopped meanwhile does not."]
    archived = act(cast, archive_event, **EVENT)
    assert seen(cast) == (False, True)
    undo(cast, blocked)
    undo(cast, archived)
    assert seen(cast) == (True, False)
    undo(cast, latest(cast, "source_schema.event_restored"))
    undo(cast, latest(cast, "source_schema.event_allowed"))
    assert seen(cast) == (False, True)


def test_settings_of_the_schema_are_set_back_in_whatever_event_they_are_told(cast):
    before = words(cast)
    with one_request(cast):
        change_schema_settings(
            source_id=cast.shop.id,
            settings={
                "track": {"allowUnplannedEvents": False, "allowEventOnViolations": False},
                "identify": {"allowTraitsOnViolations": False},
            },
            violations_to=cast.app.id,
        )
    rows = [
        latest(cast, f"source_schema.{one}") for one in ("new_events_blocked", "identify_traits_on_violation_omitted")
    ]
    modified = latest(cast, "source.settings_modified")
    assert set(standings(preview_of(cast, modified)).values()) == {"safe"}
    for row in (*rows, modified):
        undo(cast, row)
    assert words(cast) == before
    back = latest(cast, "source.settings_modified")
    assert preview_of(cast, back).is_risky
    with one_request(cast):
        change_source(source_id=cast.app.id, name="Apple app", labels=[])
    with pytest.raises(TargetGone):
        undo(cast, back)


def test_a_deleted_source_comes_back_with_what_it_stopped(cast):
    act(cast, block_event, **EVENT)
    with one_request(cast):
        change_schema_settings(
            source_id=cast.shop.id, settings={"track": {"allowUnplannedEvents": False}}, blocked_to=cast.app.id
        )
    before = words(cast)
    deleted = act(cast, delete_source)
    assert {"blocked", "schema.new_events"} <= {change.path for change in deleted.event.changes}
    undo(cast, deleted)
    assert (words(cast), seen(cast)) == (before, (False, False))
    restored = latest(cast, "source.restored")
    assert standings(preview_of(cast, restored)) == {"": "safe"}


def test_an_event_that_is_not_seen_any_more_is_told_and_so_is_who_may_not(cast):
    row = act(cast, block_event, **EVENT)
    assert "Change sources" in preview_of(cast, row, who=cast.rita).parts[0].refusal
    with in_workspace(cast.workspace.id):
        SeenEvent.objects.filter(source_id=cast.shop.id).delete()
        assert not SourcePlan.objects.exists()
    with pytest.raises(EventUnseen):
        undo(cast, row, with_conflicts=True)
