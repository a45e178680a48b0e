"""Write keys: found without a workspace, rotated with an overlap, and never in an event."""

from datetime import timedelta

import pytest
import time_machine

from auditapp.lib import clock
from auditapp.lib.errors import NotFound
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import WriteKey
from auditapp.sources.write_keys import (
    OnlyKey,
    add_write_key,
    live_keys,
    revoke_write_key,
    rotate_write_key,
    source_behind,
)
from tests.factories import acting_as, last_event, make_cast, make_source, make_workspace, write_keys

WITHHELD = {"redacted": "declared"}


@pytest.fixture
def cast(db):
    return make_cast()


def ids(source):
    with in_workspace(source.workspace_id):
        return [key.id for key in live_keys(source)]


def test_a_key_leads_to_its_source_in_whichever_workspace_it_is(cast):
    elsewhere = make_source(workspace=make_workspace(slug="other"))
    [key], [other] = write_keys(cast.shop), write_keys(elsewhere)
    assert (source_behind(key).workspace_id, source_behind(key).source_id) == (cast.workspace.id, cast.shop.id)
    assert (source_behind(other).workspace_id, source_behind(other).source_id) == (elsewhere.workspace_id, elsewhere.id)


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 32, "a" * 100, "\x00" * 32, "ключключключключключ", "' OR 1=1 --aaaaaaaaaaaaaa"]
)
def test_what_is_no_key_leads_nowhere(cast, key):
    assert source_behind(key) is None


def test_no_key_is_seen_from_another_workspace(cast):
    other = make_workspace(slug="other")
    with in_workspace(other.id):
        assert not WriteKey.objects.exists()


def test_a_rotated_key_works_for_another_day(cast):
    [old] = write_keys(cast.shop)
    with acting_as(cast.milo, cast.workspace):
        new = rotate_write_key(source_id=cast.shop.id)
    assert write_keys(cast.shop) == [new.key, old]
    assert source_behind(old)
    assert source_behind(new.key)
    row = last_event(cast.workspace)
    assert row.event.type == "source.write_key_rotated"
    assert [(c.path, c.old, c.new) for c in row.event.changes] == [("write_key", WITHHELD, WITHHELD)]
    assert row.event.meta == {"overlap_hours": 24}
    assert old not in repr(row)
    assert new.key not in repr(row)
    with time_machine.travel(clock.now() + timedelta(hours=24, seconds=1), tick=False):
        assert source_behind(old) is None
        assert write_keys(cast.shop) == [new.key]


def test_an_added_key_stands_beside_the_first(cast):
    with acting_as(cast.milo, cast.workspace):
        add_write_key(source_id=cast.shop.id)
    assert len(write_keys(cast.shop)) == 2
    assert last_event(cast.workspace).event.type == "source.write_key_added"


def test_a_revoked_key_stops_at_once(cast):
    [old] = write_keys(cast.shop)
    with acting_as(cast.milo, cast.workspace):
        add_write_key(source_id=cast.shop.id)
        revoke_write_key(source_id=cast.shop.id, key_id=ids(cast.shop)[1])
    assert source_behind(old) is None
    assert last_event(cast.workspace).event.type == "source.write_key_revoked"


def test_the_only_key_stays_also_beside_one_that_ends(cast):
    with acting_as(cast.milo, cast.workspace):
        [only] = ids(cast.shop)
        with pytest.raises(OnlyKey):
            revoke_write_key(source_id=cast.shop.id, key_id=only)
        new = rotate_write_key(source_id=cast.shop.id)
        with pytest.raises(OnlyKey):
            revoke_write_key(source_id=cast.shop.id, key_id=new.id)
        revoke_write_key(source_id=cast.shop.id, key_id=only)


def test_a_key_of_another_source_is_not_found(cast):
    with acting_as(cast.milo, cast.workspace), pytest.raises(NotFound):
        revoke_write_key(source_id=cast.shop.id, key_id=ids(cast.app)[0])
