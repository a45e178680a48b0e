"""Destinations undone: switched, paused, set otherwise, made, deleted with all that hangs on them."""

import pytest

from auditapp.access.errors import Denied
from auditapp.lib.errors import Invalid
from auditapp.pipeline.delivery.positions import own_delivery
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destination_filters.services import create_filter
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.restoring import SourceGone
from auditapp.pipeline.destinations.services import (
    NotTested,
    change_destination,
    create_destination,
    delete_destination,
    disable_destination,
    enable_destination,
    pause_destination,
    resume_destination,
    rotate_signing_secret,
)
from auditapp.pipeline.destinations.testing import send_test
from auditapp.pipeline.functions.models import FunctionUse
from auditapp.pipeline.functions.uses import put_function
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.transformations.services import create_transformation
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.errors import NotUndoable
from auditapp.revert.models import What
from auditapp.sources.models import Source
from auditapp.sources.services import delete_source
from tests.delivery_kinds import played
from tests.factories import events_of, last_event, make_cast, make_destination, make_function, make_grant
from tests.revert.looking import latest, one_request, preview_of, standings, undo

SETTINGS = {"url": "https://hooks.example.com/", "note": "a", "token": "s3cret-4711"}


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def made(cast):
    with played(), one_request(cast):
        destination, _ = create_destination(source_id=cast.shop.id, kind="played", name="SIEM", settings=SETTINGS)
        send_test(destination_id=destination.id)
        enable_destination(destination_id=destination.id)
        yield destination


def stored(cast, destination):
    with in_workspace(cast.workspace.id):
        return Destination.objects.get(workspace_id=cast.workspace.id, id=destination.id)


def change(cast, destination, **values):
    with one_request(cast):
        settings = {**SETTINGS, **values.pop("settings", {})}
        change_destination(destination_id=destination.id, settings=settings, **{"name": destination.name, **values})
    return last_event(cast.workspace)


@pytest.mark.parametrize(
    ("do", "type_key", "is_enabled", "is_paused", "effect"),
    [
        ((disable_destination,), "disabled", True, False, "Deliveries go on from where they stopped: 0 events wait."),
        ((), "enabled", False, False, "Nothing is sent to it; its place in the inbox stays."),
        ((pause_destination,), "paused", True, False, "Deliveries go on from where they stopped: 0 events wait."),
        ((pause_destination, resume_destination), "resumed", True, True, "Nothing is sent to it"),
    ],
)
def test_what_was_switched_is_switched_back(cast, made, do, type_key, is_enabled, is_paused, effect):
    for service in do:
        with one_request(cast):
            service(destination_id=made.id)
    event = latest(cast, f"destination.{type_key}")
    (part,) = preview_of(cast, event).parts
    assert part.effects[0].startswith(effect)
    assert not part.is_risky
    undo(cast, event)
    after = stored(cast, made)
    assert (after.is_enabled, after.paused_at is not None) == (is_enabled, is_paused)


def test_settings_go_back_and_to_another_address_only_after_a_look_at_who_sits_there(cast, made):
    event = change(cast, made, name="Splunk", form="cef", settings={"url": "https://evil.example.com/", "token": "x"})
    preview = preview_of(cast, event)
    assert standings(preview) == {
        "name": "safe",
        "format": "safe",
        "settings.url": "safe",
        "settings.token": "withheld",
    }
    (part,) = preview.parts
    assert part.is_risky
    assert part.label("settings.url") == "URL"
    assert list(part.asks) == ["settings.token"]
    undo(cast, event, secrets={part.key_of("settings.token"): "s3cret-4711"})
    after = stored(cast, made)
    assert (after.name, after.form, after.settings["url"], after.is_enabled) == (
        "SIEM",
        "segment",
        SETTINGS["url"],
        True,
    )
    assert "4711" not in repr(events_of(cast.workspace))


def test_what_somebody_set_since_is_a_conflict(cast, made):
    event = change(cast, made, settings={"note": "b", "size": 5})
    change(cast, made, settings={"note": "c", "size": 5})
    assert standings(preview_of(cast, event)) == {"settings.note": "conflict", "settings.size": "safe"}
    undo(cast, event)
    assert (stored(cast, made).settings["note"], stored(cast, made).settings["size"]) == ("c", 500)
    assert not preview_of(cast, event).is_risky


def test_settings_and_the_switch_go_back_together_and_untested_ones_are_not_turned_on(cast, made):
    with one_request(cast):
        disable_destination(destination_id=made.id)
    disabled = last_event(cast.workspace)
    change(cast, made, settings={"note": "b"})
    with pytest.raises(NotTested):
        undo(cast, disabled)
    with one_request(cast):
        send_test(destination_id=made.id)
    undo(cast, latest(cast, "destination.enabled"), What.VERSION)
    assert (stored(cast, made).is_enabled, stored(cast, made).settings["note"]) == (True, "a")


def test_a_rotated_secret_has_no_way_back(cast, made):
    with one_request(cast):
        rotate_signing_secret(destination_id=made.id)
    with pytest.raises(NotUndoable):
        preview_of(cast, last_event(cast.workspace))


def test_what_was_made_is_deleted(cast, made):
    created = latest(cast, "destination.created")
    assert standings(preview_of(cast, created)) == {"": "safe"}
    undo(cast, created)
    with in_workspace(cast.workspace.id):
        assert not Destination.objects.filter(id=made.id).exists()


def test_a_deleted_one_comes_back_off_until_its_secrets_are_entered_and_tested(cast, made):
    change(cast, made, settings={"note": "kept"})
    with one_request(cast):
        delete_destination(destination_id=made.id)
    deleted = last_event(cast.workspace)
    (part,) = preview_of(cast, deleted).parts
    assert part.is_risky
    assert "switched off" in part.effects[0]
    undo(cast, deleted)
    assert last_event(cast.workspace).event.type == "destination.restored"
    after = stored(cast, made)
    assert (after.name, after.source_id, after.settings["note"], after.is_enabled) == (
        "SIEM", cast.shop.id, "kept", False
    )  # fmt: skip
    with in_workspace(cast.workspace.id):
        assert own_delivery(after).next_index == 0
    with one_request(cast), pytest.raises(Invalid, match="Token is needed"):
        send_test(destination_id=made.id)
    change(cast, made)
    with one_request(cast):
        send_test(destination_id=made.id)
        enable_destination(destination_id=made.id)
    assert stored(cast, made).is_enabled


def test_a_source_comes_back_with_everything_that_went_with_it(cast):
    siem = make_destination(source=cast.shop)
    function = make_function(workspace=cast.workspace, resource_type="INSERT_DESTINATION", deployed=1)
    with one_request(cast):
        create_filter(destination_id=siem.id, title="No tests", condition="all", actions=[{"type": "DROP"}])
        for destination_id in (siem.id, ""):
            create_transformation(
                source_id=cast.shop.id,
                destination_id=destination_id,
                name="Sold",
                definition={"if": "all", "newEventName": "Sold"},
            )
        put_function(source_id=cast.shop.id, destination_id=siem.id, function_id=function.id, settings={})
    with one_request(cast):
        delete_source(source_id=cast.shop.id)
        for kept in (Destination, DestinationFilter, SavedTransformation, FunctionUse):
            assert not kept.objects.filter(source_id=cast.shop.id).exists()
    event = latest(cast, "source.deleted")
    undo(cast, event, What.REQUEST)
    with in_workspace(cast.workspace.id):
        assert Source.objects.filter(id=cast.shop.id).exists()
        assert [one.destination_id for one in DestinationFilter.objects.all()] == [siem.id]
        assert {one.destination_id for one in SavedTransformation.objects.all()} == {siem.id, ""}
    assert stored(cast, siem).name == "SIEM"


def test_without_its_source_it_says_what_to_do_first(cast, made):
    with one_request(cast):
        delete_source(source_id=cast.shop.id)
    with pytest.raises(SourceGone, match="Undo its deletion first"):
        undo(cast, latest(cast, "destination.deleted"))


def test_who_may_not_change_the_source_undoes_nothing_of_it(cast, made):
    change(cast, made, settings={"note": "b"})
    (part,) = preview_of(cast, last_event(cast.workspace), who=cast.rita).parts
    assert "Change sources" in part.refusal
    with one_request(cast):
        delete_destination(destination_id=made.id)
    (part,) = preview_of(cast, last_event(cast.workspace), who=cast.rita).parts
    assert part.refusal
    kiosk = make_destination(source=cast.kiosk, name="Kiosk")
    with one_request(cast):
        delete_destination(destination_id=kiosk.id)
    # Milo sees the whole trail and sources, and may change two of three.
    make_grant(workspace=cast.workspace, user=cast.milo, role="auditor")
    with pytest.raises(Denied):
        undo(cast, last_event(cast.workspace), who=cast.milo)
