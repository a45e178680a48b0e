"""Undoing one change, a request and a version: what is set back, what is refused, and what the trail says of it."""

from dataclasses import replace

import pytest

from auditapp.access.errors import Denied
from auditapp.access.permissions import acting_access, viewer_for
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.services import (
    PasswordNeeded,
    change_warehouse,
    connect_source,
    create_warehouse,
    delete_warehouse,
    disable_warehouse,
    enable_warehouse,
)
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.errors import NothingChosen, NotUndoable, UnknownField
from auditapp.revert.models import Revert, What
from auditapp.revert.preview import can_undo, make_preview
from auditapp.revert.services import StalePreview, revert
from auditapp.sources.models import Source
from auditapp.sources.services import change_source, create_source, delete_source, disable_source
from tests.factories import events_of, last_event, make_cast
from tests.revert.looking import keys_of, latest, one_request, preview_of, standings, undo

CONNECTION = Connection("db.example.com", 5432, "analytics", "loader")


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def warehouse(cast):
    with one_request(cast):
        return create_warehouse(
            name="Snowflake prod", connection=CONNECTION, password="p4ss", source_ids=[cast.shop.id]
        )


def stored(cast, warehouse):
    with in_workspace(cast.workspace.id):
        return Warehouse.objects.get(workspace_id=cast.workspace.id, id=warehouse.id)


def test_a_disabled_warehouse_runs_again_and_both_events_name_each_other(cast, warehouse):
    with one_request(cast):
        disable_warehouse(warehouse_id=warehouse.id)
    disabled = last_event(cast.workspace)
    preview = preview_of(cast, disabled)
    (part,) = preview.parts
    (field,) = part.fields
    assert (field.before, field.after, field.now, str(field.standing)) == (True, False, False, "safe")
    assert part.effects == ["Syncing starts again: 1 enabled source feeds it."]
    undo(cast, disabled)
    assert stored(cast, warehouse).is_enabled
    enabled = last_event(cast.workspace)
    assert enabled.event.type == "warehouse.enabled"
    assert enabled.event.context["reverts"] == [disabled.key]
    with in_workspace(cast.workspace.id):
        link = Revert.objects.get(workspace_id=cast.workspace.id)
    assert (link.event_id, link.path, link.by_event_id) == (disabled.id, "enabled", enabled.id)


def test_nothing_is_undone_twice_also_where_the_field_changed_the_same_way_again(cast, warehouse):
    with one_request(cast):
        disable_warehouse(warehouse_id=warehouse.id)
    disabled = last_event(cast.workspace)
    undo(cast, disabled)
    with one_request(cast):
        disable_warehouse(warehouse_id=warehouse.id)
    assert standings(preview_of(cast, disabled)) == {"enabled": "done"}
    with pytest.raises(NothingChosen):
        undo(cast, disabled)


def test_the_undoing_can_be_undone_and_then_the_change_again(cast, warehouse):
    with one_request(cast):
        disable_warehouse(warehouse_id=warehouse.id)
    disabled = last_event(cast.workspace)
    undo(cast, disabled)
    undo(cast, last_event(cast.workspace))
    assert not stored(cast, warehouse).is_enabled
    undo(cast, disabled)
    assert stored(cast, warehouse).is_enabled


def test_what_somebody_changed_since_is_a_conflict_and_stays_unless_chosen(cast, warehouse):
    for name, user in (("Snowflake", "loader"), ("Snowflake EU", "reader")):
        with one_request(cast):
            change_warehouse(
                warehouse_id=warehouse.id,
                name=name,
                connection=CONNECTION._replace(username=user, port=5433),
                password="x",
            )
    first = [row for row in events_of(cast.workspace) if row.event.type == "warehouse.modified"][1]
    preview = preview_of(cast, first)
    assert standings(preview) == {"name": "conflict", "settings.port": "safe", "settings.password": "withheld"}
    (part,) = preview.parts
    name = next(field for field in part.fields if field.path == "name")
    assert part.changed_since(name).key == latest(cast, "warehouse.modified").key
    undo(cast, first, secrets={part.key_of("settings.password"): "p4ss"})
    after = stored(cast, warehouse)
    assert (after.name, after.settings["port"], after.settings["username"]) == ("Snowflake EU", 5432, "reader")
    undo(cast, first, with_conflicts=True)
    assert stored(cast, warehouse).name == "Snowflake prod"


def test_a_preview_that_is_stale_changes_nothing_and_comes_back_fresh(cast, warehouse):
    with one_request(cast):
        disable_warehouse(warehouse_id=warehouse.id)
    disabled = last_event(cast.workspace)
    preview = preview_of(cast, disabled)
    with one_request(cast):
        enable_warehouse(warehouse_id=warehouse.id)
    events = len(events_of(cast.workspace))
    with pytest.raises(StalePreview) as refused, one_request(cast):
        revert(event_id=disabled.id, what=What.CHANGE, stamp=preview.stamp, chosen=keys_of(preview))
    assert standings(refused.value.fresh) == {"enabled": "same"}
    assert len(events_of(cast.workspace)) == events


def test_a_password_goes_to_another_server_only_where_it_is_entered(cast, warehouse):
    with one_request(cast):
        change_warehouse(
            warehouse_id=warehouse.id,
            name=warehouse.name,
            connection=CONNECTION._replace(host="evil.example.com"),
            password="p4ss",
        )
    moved = last_event(cast.workspace)
    (part,) = preview_of(cast, moved).parts
    assert list(part.asks) == ["settings.password"]
    with pytest.raises(PasswordNeeded):
        undo(cast, moved)
    undo(cast, moved, secrets={part.key_of("settings.password"): "p4ss"})
    assert stored(cast, warehouse).settings["host"] == "db.example.com"
    assert "p4ss" not in repr(events_of(cast.workspace))


def test_the_version_of_an_event_undoes_everything_since(cast, warehouse):
    with one_request(cast):
        change_warehouse(warehouse_id=warehouse.id, name="Snowflake EU", connection=CONNECTION, schedule="6h")
    event = latest(cast, "warehouse.sync_schedule_modified")
    with one_request(cast):
        disable_warehouse(warehouse_id=warehouse.id)
        connect_source(warehouse_id=warehouse.id, source_id=cast.app.id)
    with one_request(cast):
        change_warehouse(warehouse_id=warehouse.id, name="Other", connection=CONNECTION, schedule="24h")
    preview = preview_of(cast, event, What.VERSION)
    assert set(standings(preview)) == {"name", "enabled", "settings.schedule", f"sources.{cast.app.id}"}
    undo(cast, event, What.VERSION)
    after = stored(cast, warehouse)
    assert (after.name, after.is_enabled, after.schedule, after.source_ids) == (
        "Snowflake EU",
        True,
        "6h",
        [cast.shop.id],
    )
    told = [row for row in events_of(cast.workspace) if "restores" in row.event.context]
    assert {row.event.context["restores"][0] for row in told} == {event.key}


def test_a_deleted_warehouse_comes_back_with_everything_but_its_password(cast, warehouse):
    with one_request(cast):
        delete_warehouse(warehouse_id=warehouse.id)
    deleted = last_event(cast.workspace)
    preview = preview_of(cast, deleted)
    (part,) = preview.parts
    assert standings(preview) == {"": "safe"}
    assert {field.path: field.before for field in part.brings}["settings.host"] == "db.example.com"
    undo(cast, deleted)
    after = stored(cast, warehouse)
    assert (after.name, after.source_ids, after.secret, after.is_enabled) == (
        warehouse.name,
        [cast.shop.id],
        None,
        False,
    )
    assert last_event(cast.workspace).event.type == "warehouse.restored"


def test_with_its_password_it_comes_back_running(cast, warehouse):
    with one_request(cast):
        delete_warehouse(warehouse_id=warehouse.id)
    deleted = last_event(cast.workspace)
    (part,) = preview_of(cast, deleted).parts
    undo(cast, deleted, secrets={part.key_of("settings.password"): "p4ss"})
    assert stored(cast, warehouse).is_enabled


def test_what_was_made_is_deleted_and_that_is_a_conflict_where_it_changed_since(cast, warehouse):
    created = latest(cast, "warehouse.created")
    assert standings(preview_of(cast, created)) == {"": "safe"}
    with one_request(cast):
        change_warehouse(warehouse_id=warehouse.id, name="Snowflake EU", connection=CONNECTION)
    assert standings(preview_of(cast, created)) == {"": "conflict"}
    undo(cast, created, with_conflicts=True)
    with in_workspace(cast.workspace.id):
        assert not Warehouse.objects.filter(workspace_id=cast.workspace.id, id=warehouse.id).exists()


def test_a_change_of_what_is_gone_says_to_undo_its_deletion_first(cast, warehouse):
    with one_request(cast):
        disable_warehouse(warehouse_id=warehouse.id)
    disabled = last_event(cast.workspace)
    with one_request(cast):
        delete_warehouse(warehouse_id=warehouse.id)
    (part,) = preview_of(cast, disabled).parts
    assert (
        part.refusal
        == "“Snowflake prod” is not there any more, or not yours to see. If it was deleted, undo that first."
    )


def test_a_request_is_undone_as_a_whole_in_the_right_order(cast, warehouse):
    with one_request(cast):
        delete_source(source_id=cast.shop.id)
    event = latest(cast, "source.deleted")
    preview = preview_of(cast, event, What.REQUEST)
    assert {part.target.type for part in preview.parts} == {"source", "warehouse"}
    undo(cast, event, What.REQUEST)
    assert cast.shop.id in stored(cast, warehouse).source_ids
    with in_workspace(cast.workspace.id):
        source = Source.objects.get(workspace_id=cast.workspace.id, id=cast.shop.id)
    assert (source.name, source.slug, source.labels) == (cast.shop.name, cast.shop.slug, cast.shop.labels)


def test_who_may_not_change_it_may_not_undo_it(cast, warehouse):
    with one_request(cast):
        disable_source(source_id=cast.kiosk.id)
        change_source(source_id=cast.shop.id, name="Shop", labels=[])
    renamed, disabled = events_of(cast.workspace)[:2]
    preview = preview_of(cast, disabled, who=cast.rita)
    assert "Change sources" in preview.parts[0].refusal
    assert not preview.has_choices
    forced = [preview.parts[0].key_of("enabled")]
    with pytest.raises(Denied, match="Change sources"), one_request(cast, cast.rita):
        revert(event_id=disabled.id, what=What.CHANGE, stamp=preview.stamp, chosen=forced)
    undo(cast, renamed, who=cast.milo)
    with in_workspace(cast.workspace.id):
        assert Source.objects.get(id=cast.shop.id).name == "Web shop"


def test_a_name_that_another_took_since_is_refused_with_what_to_do(cast, warehouse):
    with one_request(cast):
        change_source(source_id=cast.shop.id, name="Shop", labels=[])
    renamed = last_event(cast.workspace)
    with one_request(cast):
        change_source(source_id=cast.app.id, name="Web shop", labels=[])
    with pytest.raises(Exception, match="has this name"):
        undo(cast, renamed)
    assert last_event(cast.workspace).resource.id == cast.app.id


def test_what_another_system_sent_about_our_resource_is_no_way_to_it(cast, warehouse):
    with one_request(cast):
        disable_warehouse(warehouse_id=warehouse.id)
    ours = last_event(cast.workspace)
    assert can_undo(ours)
    assert not can_undo(replace(ours, event=replace(ours.event, origin="api")))
    sent = replace(ours, event=replace(ours.event, origin="api"))
    with one_request(cast):
        access = acting_access()
        with pytest.raises(NotUndoable):
            make_preview(access, viewer_for(access), sent, What.CHANGE)


def test_a_field_that_is_not_in_the_preview_is_named_and_a_path_is_enough_for_one_resource(cast, warehouse):
    with one_request(cast):
        disable_warehouse(warehouse_id=warehouse.id)
    disabled = last_event(cast.workspace)
    preview = preview_of(cast, disabled)
    with pytest.raises(UnknownField, match="no field colour"), one_request(cast):
        revert(event_id=disabled.id, what=What.CHANGE, stamp=preview.stamp, chosen=["colour"])
    with one_request(cast):
        revert(event_id=disabled.id, what=What.CHANGE, stamp=preview.stamp, chosen=["enabled"])
    assert stored(cast, warehouse).is_enabled


def test_a_preview_says_what_another_source_has_by_now(cast):
    with one_request(cast):
        delete_source(source_id=cast.kiosk.id)
    deleted = last_event(cast.workspace)
    with one_request(cast):
        create_source(name=cast.kiosk.name)
    effects = " ".join(preview_of(cast, deleted).parts[0].effects)
    assert "Another source is called “Kiosk” by now" in effects
    assert "comes back under a new one" in effects
