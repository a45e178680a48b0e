"""record(): in the caller's transaction, redacted, with an actor and a known type."""

from hashlib import sha256

import orjson
import pytest
from django.db import connection, transaction

from auditapp.lib.errors import Invalid
from auditapp.record.acting import NobodyActs, acting
from auditapp.record.drafts import Change, Target, changed
from auditapp.record.envelope import commitment, committed, unit_paths
from auditapp.record.event_query import visible_events
from auditapp.record.services import UnknownEventType, record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from tests.record.conftest import MILO, OLGA

WAREHOUSE = Target("warehouse", "whs_1", "Snowflake prod")


def test_an_event_and_its_place_in_the_queue_are_written_together(as_olga, rows):
    recorded = record("warehouse.disabled", target=WAREHOUSE, changes=changed({"enabled": True}, {"enabled": False}))
    assert rows("SELECT id, leaf_hash FROM event") == [(recorded.id, recorded.leaf_hash)]
    assert rows("SELECT event_id, leaf_hash, type, actor_id, is_failure FROM pending") == [
        (recorded.id, recorded.leaf_hash, "warehouse.disabled", "usr_olga", False)
    ]


def test_a_rollback_of_the_change_takes_the_event_with_it(as_olga, rows):
    def change_and_fail() -> None:
        with transaction.atomic():
            record("warehouse.disabled", target=WAREHOUSE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert rows("SELECT count(*) FROM event") == rows("SELECT count(*) FROM pending") == [(0,)]


def test_nobody_acting_is_refused(db):
    with in_workspace(1), pytest.raises(NobodyActs):
        record("warehouse.disabled", target=WAREHOUSE)


def test_a_type_that_nobody_declared_is_refused(as_olga):
    with pytest.raises(UnknownEventType, match=r"warehouse\.exploded"):
        record("warehouse.exploded", target=WAREHOUSE)


def test_the_hash_covers_the_stored_bytes_and_every_value_has_its_commitment(as_olga, rows):
    record("warehouse.modified", target=WAREHOUSE, changes=[Change("name", "Old", "New")], meta={"note": "why"})
    [(envelope, leaf, units, salts)] = rows("SELECT envelope, leaf_hash, units, salts FROM event")
    assert leaf == sha256(b"\x00" + envelope).digest()
    parsed = orjson.loads(envelope)
    import base64

    for path, wanted, salt, unit in zip(unit_paths(1), committed(parsed), salts, units, strict=True):
        assert wanted == base64.b64encode(commitment(path, salt, unit)).decode()


def test_no_personal_value_is_in_the_envelope(as_olga, rows):
    record("user.signed_in", target=Target("user", "usr_olga", "Olga Owner"), meta={"method": "password"})
    [(envelope,)] = rows("SELECT envelope FROM event")
    assert b"Olga" not in envelope
    assert b"olga@" not in envelope
    assert b"203.0.113" not in envelope


@pytest.mark.parametrize(
    ("change", "stored"),
    [
        (Change("settings.password", "hunter2", "hunter3"), b"hunter"),
        (Change("api_key", None, "sk_live_abcdefghijklmnop"), b"sk_live"),
        (Change("note", "x", "AKIAIOSFODNN7EXAMPLE"), b"AKIA"),
    ],
)
def test_a_secret_never_reaches_the_database(as_olga, rows, change, stored):
    record("warehouse.modified", target=WAREHOUSE, changes=[change], meta={"token": "abc123secret"})
    [(units,)] = rows("SELECT units FROM event")
    everything = b"".join(unit for unit in units if unit)
    assert stored not in everything
    assert b"abc123secret" not in everything
    assert b"redacted" in everything


def test_a_value_that_json_cannot_carry_is_refused_with_its_place(as_olga):
    with pytest.raises(Invalid) as refused:
        record("warehouse.modified", target=WAREHOUSE, meta={"rows": {"count": 2**60}})
    assert refused.value.pointer == "/meta/rows/count"


def test_hostile_text_is_stored_as_it_is(as_olga):
    name = "Robert'); DROP TABLE event;-- \\ ' \u202e <script>"
    recorded = record("warehouse.disabled", target=Target("warehouse", "whs_'\\", name))
    row = visible_events(Viewer(1, sees_all=True)).get(recorded.id)
    assert row is not None
    assert row.event.targets[0] == Target("warehouse", "whs_'\\", name)


def test_an_event_of_another_workspace_cannot_be_written(db):
    from django.db import ProgrammingError

    with pytest.raises(ProgrammingError, match="row-level security"), in_workspace(1), acting(2, OLGA):
        record("warehouse.disabled", target=WAREHOUSE)


def test_another_workspace_sees_nothing(as_olga, rows):
    record("warehouse.disabled", target=WAREHOUSE)
    with in_workspace(2):
        assert rows("SELECT count(*) FROM event") == [(0,)]
        assert rows("SELECT count(*) FROM pending") == [(0,)]
    assert rows("SELECT count(*) FROM event") == [(1,)]


def test_outside_of_a_workspace_nothing_is_seen(db, rows):
    with in_workspace(1), acting(1, MILO):
        record("warehouse.disabled", target=WAREHOUSE)
    assert rows("SELECT current_setting('app.ws', true)")[0][0] in ("", None)
    assert rows("SELECT count(*) FROM event") == [(0,)]


@pytest.mark.parametrize("statement", ["UPDATE event SET type = 'x'", "DELETE FROM event", "TRUNCATE event"])
def test_the_web_may_not_touch_an_event(as_olga, statement):
    from django.db import ProgrammingError

    record("warehouse.disabled", target=WAREHOUSE)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
