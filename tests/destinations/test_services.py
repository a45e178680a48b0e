"""Destinations: made, changed and switched by who may change their source, each with its event and never with a secret."""

import json
from datetime import timedelta

import pytest
import time_machine

from auditapp.access.errors import Denied
from auditapp.lib.errors import Invalid, NotFound
from auditapp.pipeline.delivery.models import Delivery
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import (
    AlreadySo,
    NameTaken,
    NothingToRotate,
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
from auditapp.pipeline.destinations.setup import setup_of
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import delete_source
from tests.delivery_kinds import SETTINGS
from tests.factories import acting_as, events_of, last_event, make_cast


@pytest.fixture
def made(cast, kind):
    with acting_as(cast.olga, cast.workspace):
        return create_destination(source_id=cast.shop.id, kind="played", name="SIEM", settings=SETTINGS)[0]


def told(cast):
    row = last_event(cast.workspace)
    return row.type.key, {change.path: (change.old, change.new) for change in row.event.changes}


def was_tested(destination):
    with in_workspace(destination.workspace_id):
        Destination.objects.filter(id=destination.id).update(tested_at=destination.created_at)


def test_a_new_destination_is_off_and_begins_at_the_end_of_the_inbox(cast, kind):
    with acting_as(cast.milo, cast.workspace):
        destination, secret = create_destination(
            source_id=cast.shop.id, kind="played", name=" SIEM ", settings=SETTINGS | {"note": "x"}
        )
        assert Delivery.objects.get(destination_id=destination.id).next_index == 0
    assert not destination.is_enabled
    assert destination.name == "SIEM"
    assert secret.startswith("whsec_")
    setup = setup_of(destination)
    assert setup.secrets == {"token": "s3cret-token"}
    assert setup.signing_secrets == (secret,)
    assert setup.settings == {
        "url": SETTINGS["url"],
        "note": "x",
        "size": 500,
        "mode": "a",
        "is_quick": False,
        "linger": 0,
    }
    row = last_event(cast.workspace)
    assert row.type.key == "destination.created"
    assert row.event.scope_id == cast.shop.id
    assert [target.type for target in row.event.targets] == ["destination", "source"]
    assert row.event.meta == {"kind": "Played"}


def test_no_secret_is_in_the_row_or_in_any_event(cast, made):
    with acting_as(cast.olga, cast.workspace):
        change_destination(destination_id=made.id, name="SIEM", settings=SETTINGS | {"token": "another-s3cret"})
        _, signing = rotate_signing_secret(destination_id=made.id)
    with in_workspace(cast.workspace.id):
        row = Destination.objects.get(id=made.id)
    written = json.dumps([str(vars(row)), *(str(one.event) for one in events_of(cast.workspace))])
    for secret in ("s3cret-token", "another-s3cret", signing):
        assert secret not in written


@pytest.mark.parametrize(
    ("settings", "field", "says"),
    [
        ({}, "url", "needed"),
        ({"url": "nonsense", "token": "x"}, "url", "whole address"),
        ({"url": "ftp://example.com", "token": "x"}, "url", "https"),
        ({"url": "https://example.com"}, "token", "needed"),
        (SETTINGS | {"size": 0}, "size", "from 1 to 5,000"),
        (SETTINGS | {"size": "many"}, "size", "whole number"),
        (SETTINGS | {"mode": "c"}, "mode", "a, b"),
        (SETTINGS | {"is_quick": "yes"}, "is_quick", "true or false"),
        (SETTINGS | {"note": "a\nb"}, "note", "line breaks"),
        (SETTINGS | {"note": "a" * 2_001}, "note", "too long"),
        (SETTINGS | {"note": 7}, "note", "text"),
        (SETTINGS | {"colour": "red"}, "colour", "no setting"),
    ],
)
def test_settings_that_do_not_fit_are_told_at_their_field(cast, kind, settings, field, says):
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid, match=says) as refused:
        create_destination(source_id=cast.shop.id, kind="played", name="SIEM", settings=settings)
    assert refused.value.field == field


def test_unknown_kinds_formats_and_taken_names_are_refused(cast, made):
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(Invalid, match="no such kind"):
            create_destination(source_id=cast.shop.id, kind="pigeon", name="A", settings={})
        with pytest.raises(Invalid, match="takes segment, cef"):
            create_destination(source_id=cast.shop.id, kind="played", name="A", settings=SETTINGS, form="ocsf")
        with pytest.raises(NameTaken):
            create_destination(source_id=cast.app.id, kind="played", name="siem", settings=SETTINGS)


def test_who_may_not_change_the_source_may_not_make_or_change_its_destinations(cast, made):
    with acting_as(cast.milo, cast.workspace), pytest.raises(NotFound):
        create_destination(source_id=cast.kiosk.id, kind="played", name="A", settings=SETTINGS)
    for person, refused in ((cast.rita, (Denied, NotFound)), (cast.mina, NotFound), (cast.zoe, NotFound)):
        with acting_as(person, cast.workspace), pytest.raises(refused):
            pause_destination(destination_id=made.id)


def test_a_destination_of_another_workspace_is_not_there(cast, made):
    other = make_cast(slug="other")
    with acting_as(other.olga, other.workspace), pytest.raises(NotFound):
        delete_destination(destination_id=made.id)


def test_a_changed_setting_asks_for_a_new_test_and_a_changed_name_does_not(cast, made):
    was_tested(made)
    with acting_as(cast.olga, cast.workspace):
        renamed = change_destination(destination_id=made.id, name="Splunk", settings=SETTINGS)
    assert (renamed.version, renamed.tested_at is None) == (2, False)  # what goes by its name is decided anew
    assert told(cast) == ("destination.modified", {"name": ("SIEM", "Splunk")})
    with acting_as(cast.olga, cast.workspace):
        moved = change_destination(
            destination_id=made.id, name="Splunk", settings={"url": "https://b.example.com/", "token": ""}
        )
    assert (moved.version, moved.tested_at) == (3, None)
    assert setup_of(moved).secrets == {"token": "s3cret-token"}
    assert told(cast)[1] == {"settings.url": (SETTINGS["url"], "https://b.example.com/")}


def test_a_change_of_nothing_records_nothing(cast, made):
    before = len(events_of(cast.workspace))
    with acting_as(cast.olga, cast.workspace):
        change_destination(destination_id=made.id, name="SIEM", settings=SETTINGS)
    assert len(events_of(cast.workspace)) == before


def test_only_a_tested_destination_is_turned_on(cast, made):
    with acting_as(cast.olga, cast.workspace), pytest.raises(NotTested):
        enable_destination(destination_id=made.id)
    was_tested(made)
    with acting_as(cast.olga, cast.workspace):
        enable_destination(destination_id=made.id)
        with pytest.raises(AlreadySo):
            enable_destination(destination_id=made.id)
    assert told(cast) == ("destination.enabled", {"enabled": (False, True)})
    with acting_as(cast.olga, cast.workspace):
        disable_destination(destination_id=made.id)
        with pytest.raises(AlreadySo):
            disable_destination(destination_id=made.id)
    assert told(cast) == ("destination.disabled", {"enabled": (True, False)})


def test_pause_and_resume(cast, made):
    with acting_as(cast.olga, cast.workspace):
        pause_destination(destination_id=made.id, reason="Maintenance")
        with pytest.raises(AlreadySo):
            pause_destination(destination_id=made.id)
    row = last_event(cast.workspace)
    assert (row.type.key, row.event.meta) == ("destination.paused", {"reason": "Maintenance"})
    with acting_as(cast.olga, cast.workspace):
        resume_destination(destination_id=made.id)
        with pytest.raises(AlreadySo):
            resume_destination(destination_id=made.id)
    assert told(cast) == ("destination.resumed", {"paused": (True, False)})


def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(cast, kind):
    with acting_as(cast.olga, cast.workspace):
        made, first = create_destination(source_id=cast.shop.id, kind="played", name="SIEM", settings=SETTINGS)
        made, second = rotate_signing_secret(destination_id=made.id)
    assert setup_of(made).signing_secrets == (second, first)
    assert told(cast)[0] == "destination.secret_rotated"
    with acting_as(cast.olga, cast.workspace):
        made, third = rotate_signing_secret(destination_id=made.id)
    assert setup_of(made).signing_secrets == (third, second)
    with time_machine.travel(made.created_at + timedelta(hours=25), tick=False):
        assert setup_of(made).signing_secrets == (third,)


def test_what_signs_nothing_has_no_secret_to_rotate(cast, made, kind, monkeypatch):
    monkeypatch.setattr(type(kind), "signs", False)
    with acting_as(cast.olga, cast.workspace), pytest.raises(NothingToRotate):
        rotate_signing_secret(destination_id=made.id)


def test_a_deleted_source_takes_its_destinations_with_it(cast, made):
    with acting_as(cast.olga, cast.workspace):
        delete_source(source_id=cast.shop.id)
        assert not Destination.objects.filter(id=made.id).exists()
        assert not Delivery.objects.filter(destination_id=made.id).exists()
    # A warehouse that it fed is told of it as well.
    first, *others = [one.type.key for one in events_of(cast.workspace)[:3]]
    assert first == "source.deleted"
    assert "destination.deleted" in others


def test_a_setting_of_several_lines_may_come_as_a_list(cast):
    with acting_as(cast.olga, cast.workspace):
        made, _ = create_destination(
            source_id=cast.shop.id,
            kind="webhook",
            name="A",
            settings={"url": "https://hooks.example.com/", "headers": ["X-Team: a", "X-Room: b"]},
        )
    assert setup_of(made).secrets["headers"] == "X-Team: a\nX-Room: b"
