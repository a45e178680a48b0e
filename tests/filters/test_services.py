"""What is done to filters: each service, what it refuses, and the exact event."""

import pytest

from auditapp.access.errors import Denied
from auditapp.lib.errors import Invalid, NotFound
from auditapp.pipeline.destination_filters import services
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destination_filters.services import (
    AlreadySo,
    TooMany,
    change_filter,
    create_filter,
    delete_filter,
    disable_filter,
    enable_filter,
)
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import delete_destination
from tests.factories import acting_as, events_of, last_event, make_cast, make_destination

DROP = [{"type": "DROP"}]
CONDITION = 'context.ip = "192.0.2.7"'


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def siem(cast):
    return make_destination(source=cast.shop)


def create(cast, siem, who="olga", **values):
    with acting_as(getattr(cast, who), cast.workspace):
        return create_filter(
            **{"destination_id": siem.id, "title": "Internal", "condition": CONDITION, "actions": DROP, **values}
        )


def version(cast, siem):
    with acting_as(cast.olga, cast.workspace):
        return Destination.objects.get(id=siem.id).version


def changes(row):
    return {one.path: (one.old or None, one.new or None) for one in row.event.changes}


def test_a_filter_is_created_and_what_is_sent_is_made_anew(cast, siem):
    one = create(cast, siem, "milo")
    assert (one.position, version(cast, siem)) == (1, 2)
    assert create(cast, siem, actions=[{"type": "SAMPLE", "percent": 0.1, "path": "userId"}]).position == 2
    created = events_of(cast.workspace)[1]
    assert created.type.key == "destination_filter.created"
    assert [target.id for target in created.event.targets] == [one.id, siem.id]
    assert created.event.scope_id == cast.shop.id
    assert changes(created) == {
        "title": (None, "Internal"),
        "condition": (None, CONDITION),
        "actions": (None, ["Drop"]),
    }


def test_what_cannot_be_is_refused(cast, siem, monkeypatch):
    for values in (
        {"title": " "},
        {"title": "x" * 65},
        {"description": "x" * 501},
        {"condition": "context.ip ="},
        {"actions": []},
        {"actions": [{"type": "DROP_PROPERTIES", "fields": {"": ["type"]}}]},
        {"title": "a\x00"},
    ):
        with pytest.raises(Invalid):
            create(cast, siem, **values)
    with pytest.raises(Denied):
        create(cast, siem, "rita")
    monkeypatch.setattr(services, "MAX_FILTERS", 1)
    create(cast, siem)
    with pytest.raises(TooMany):
        create(cast, siem)
    assert version(cast, siem) == 2


def test_a_change_tells_both_sides_and_nothing_is_told_without_one(cast, siem):
    one = create(cast, siem)
    where = {"destination_id": siem.id, "filter_id": one.id}
    with acting_as(cast.olga, cast.workspace):
        change_filter(**where, title="Internal", condition=CONDITION, actions=DROP)
        assert version(cast, siem) == 2
        fields = [{"type": "DROP_PROPERTIES", "fields": {"properties": ["email"], "context": ["ip"]}}]
        change_filter(**where, title="Internal", condition="all", actions=fields)
    row = last_event(cast.workspace)
    assert row.type.key == "destination_filter.modified"
    assert changes(row) == {
        "condition": (CONDITION, "all"),
        "actions": (["Drop"], ["Drop context: ip; properties: email"]),
    }
    assert version(cast, siem) == 3


def test_it_is_turned_off_and_on_and_deleted(cast, siem):
    one = create(cast, siem)
    where = {"destination_id": siem.id, "filter_id": one.id}
    with acting_as(cast.milo, cast.workspace):
        disable_filter(**where)
        with pytest.raises(AlreadySo):
            disable_filter(**where)
        enable_filter(**where)
        with pytest.raises(AlreadySo):
            enable_filter(**where)
        delete_filter(**where)
        with pytest.raises(NotFound):
            delete_filter(**where)
    keys = [row.type.key.partition(".")[2] for row in events_of(cast.workspace)]
    assert keys == ["deleted", "enabled", "disabled", "created"]
    assert version(cast, siem) == 5


def test_others_change_nothing(cast, siem):
    one = create(cast, siem)
    where = {"destination_id": siem.id, "filter_id": one.id}
    with acting_as(cast.rita, cast.workspace), pytest.raises(Denied):
        delete_filter(**where)
    foreign = make_cast(slug="other")
    with acting_as(foreign.olga, foreign.workspace), pytest.raises(NotFound):
        delete_filter(**where)
    kiosk = make_destination(source=cast.kiosk, name="Kiosk")
    with acting_as(cast.olga, cast.workspace), pytest.raises(NotFound):
        delete_filter(destination_id=kiosk.id, filter_id=one.id)


def test_filters_go_with_their_destination(cast, siem):
    create(cast, siem)
    with acting_as(cast.olga, cast.workspace):
        delete_destination(destination_id=siem.id)
        assert not DestinationFilter.objects.exists()
