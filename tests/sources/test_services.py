"""What is done to sources, and the event of each."""

import pytest

from auditapp.access.errors import Denied
from auditapp.access.permissions import permissions_for
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for, visible_sources
from auditapp.sources.services import (
    AlreadySo,
    NameTaken,
    change_source,
    create_source,
    delete_source,
    disable_source,
    enable_source,
)
from auditapp.sources.write_keys import add_write_key, revoke_write_key, rotate_write_key
from tests.factories import acting_as, events_of, last_event, make_cast, make_member, write_keys


@pytest.fixture
def cast(db):
    return make_cast()


def stored(cast, source):
    with in_workspace(cast.workspace.id):
        return Source.objects.get(workspace_id=cast.workspace.id, id=source.id)


def changes(row):
    return [(change.path, change.old, change.new) for change in row.event.changes]


def test_a_new_source_is_recorded_without_its_write_key(cast):
    with acting_as(cast.olga, cast.workspace):
        source = create_source(name=" Web shop 2 ", labels=["Environment:Prod"])
    row = last_event(cast.workspace)
    assert (row.event.type, row.resource.id, row.resource.name) == ("source.created", source.id, "Web shop 2")
    assert row.event.scope_id == source.id
    assert row.event.meta == {"kind": "HTTP API"}
    assert {change.path: change.new for change in row.event.changes} == {
        "name": "Web shop 2",
        "slug": "web-shop-2",
        "labels": ["environment:prod"],
    }
    [key] = write_keys(source)
    assert key not in repr(row)
    assert stored(cast, source).is_enabled


def test_slugs_are_made_unique_and_never_empty(cast):
    with acting_as(cast.olga, cast.workspace):
        first, second = create_source(name="Wéb-Shop!"), create_source(name="商店")
    assert first.slug.startswith("web-shop-")
    assert second.slug.startswith("source-")


def test_a_change_is_recorded_with_both_sides(cast):
    with acting_as(cast.milo, cast.workspace):
        change_source(source_id=cast.shop.id, name="Shop", labels=["environment:dev"])
    row = last_event(cast.workspace)
    assert (row.event.type, row.event.actor.id, row.event.scope_id) == ("source.modified", cast.milo.id, cast.shop.id)
    assert changes(row) == [("name", "Web shop", "Shop"), ("labels", [], ["environment:dev"])]
    assert stored(cast, cast.shop).slug == "web-shop"


def test_no_difference_is_no_event(cast):
    with acting_as(cast.milo, cast.workspace):
        change_source(source_id=cast.shop.id, name="Web shop", labels=[])
    assert events_of(cast.workspace) == []


def test_switching_off_and_on_is_recorded(cast):
    with acting_as(cast.milo, cast.workspace):
        disable_source(source_id=cast.shop.id)
        with pytest.raises(AlreadySo):
            disable_source(source_id=cast.shop.id)
    assert not stored(cast, cast.shop).is_enabled
    assert changes(last_event(cast.workspace)) == [("enabled", True, False)]
    with acting_as(cast.milo, cast.workspace):
        enable_source(source_id=cast.shop.id)
        with pytest.raises(AlreadySo):
            enable_source(source_id=cast.shop.id)
    assert [row.event.type for row in events_of(cast.workspace)] == ["source.enabled", "source.disabled"]


def test_a_deleted_source_keeps_its_name_in_the_trail(cast):
    with acting_as(cast.milo, cast.workspace):
        delete_source(source_id=cast.shop.id)
    with in_workspace(cast.workspace.id):
        assert not Source.objects.filter(id=cast.shop.id).exists()
    row = last_event(cast.workspace)
    assert (row.event.type, row.resource.name, row.event.scope_id) == ("source.deleted", "Web shop", cast.shop.id)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "WEB SHOP"}, "name"),
        ({"name": "New", "labels": ["prod"]}, "labels"),
        ({"name": "New", "kind": "fax"}, "kind"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(cast, asked, field):
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refused:
        create_source(**asked)
    assert refused.value.field == field
    assert events_of(cast.workspace) == []


def test_a_name_that_was_taken_in_between_is_refused_the_same(cast, monkeypatch):
    monkeypatch.setattr("auditapp.sources.services.free_name", lambda _, name, but="": name)
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(NameTaken):
            create_source(name="web shop")
        with pytest.raises(NameTaken):
            change_source(source_id=cast.app.id, name="web shop", labels=[])


def every_change(source):
    return [
        lambda: change_source(source_id=source.id, name="Mine", labels=[]),
        lambda: enable_source(source_id=source.id),
        lambda: disable_source(source_id=source.id),
        lambda: add_write_key(source_id=source.id),
        lambda: rotate_write_key(source_id=source.id),
        lambda: revoke_write_key(source_id=source.id, key_id="wky_any"),
        lambda: delete_source(source_id=source.id),
    ]


def test_who_reads_changes_nothing(cast):
    with acting_as(cast.rita, cast.workspace):
        for change in every_change(cast.shop):
            with pytest.raises(Denied):
                change()
        with pytest.raises(Denied):
            create_source(name="Mine")
    assert events_of(cast.workspace) == []


def test_what_is_out_of_reach_is_not_there(cast):
    other = make_cast(slug="other")
    with acting_as(cast.milo, cast.workspace):
        for source in (cast.kiosk, other.shop):
            for change in every_change(source):
                with pytest.raises(NotFound):
                    change()
        with pytest.raises(Denied):
            create_source(name="Mine")
    assert stored(cast, cast.kiosk).name == "Kiosk"


def test_who_administers_all_creates_some(cast):
    make_member(workspace=cast.workspace, user=cast.zoe, role="source_admin", scope="all")
    with acting_as(cast.zoe, cast.workspace):
        create_source(name="Zoe's")
    assert last_event(cast.workspace).event.actor.id == cast.zoe.id


def test_each_person_sees_their_own_sources(cast):
    def seen(person):
        with in_workspace(cast.workspace.id):
            access = permissions_for(cast.workspace.id, person.id)
            return [source.name for source in visible_sources(access)]

    assert seen(cast.olga) == seen(cast.rita) == ["iOS app", "Kiosk", "Web shop"]
    assert seen(cast.milo) == ["iOS app", "Web shop"]
    assert seen(cast.mina) == seen(cast.zoe) == []
    with in_workspace(cast.workspace.id), pytest.raises(NotFound):
        source_for(permissions_for(cast.workspace.id, cast.milo.id), cast.kiosk.id)
