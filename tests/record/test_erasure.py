"""Erasure: values, salts and words are gone, hashes stay, and nothing else can be changed on the way."""

from hashlib import sha256

import psycopg
import pytest
from django.db import ProgrammingError, connection

from auditapp.lib.errors import Invalid
from auditapp.record.acting import acting
from auditapp.record.drafts import Change, Target
from auditapp.record.erasure import NothingToErase, erase_person, erase_values
from auditapp.record.event_query import visible_events
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from tests.record.conftest import MILO, OLGA

ALL = Viewer(1, sees_all=True, sees_personal=True)


@pytest.fixture
def worked(own_database, as_role):
    """The worker's role in workspace 1, with one event of Milo's and one about him."""
    with as_role("worker"), in_workspace(1):
        with acting(1, MILO, ip="198.51.100.9", request_id="req_9", session_id="ses_9"):
            by_milo = record(
                "warehouse.modified",
                target=Target("warehouse", "whs_1", "Snowflake prod"),
                changes=[Change("name", "Old name", "New name")],
            )
        with acting(1, OLGA):
            record("user.removed", target=Target("member", MILO.id, MILO.name))
            yield by_milo


def _stored(event_id):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT envelope, leaf_hash, units, salts, tokens::text, request_id, session_id, erased_by"
            " FROM event WHERE id = %s",
            [event_id],
        )
        return cursor.fetchone()


def test_values_salts_and_words_are_gone_and_the_hash_stays(worked):
    envelope, leaf, *_ = _stored(worked.id)
    assert erase_person(workspace_id=1, person_id=MILO.id, ground="GDPR art. 17") == 2
    after = _stored(worked.id)
    assert (after[0], after[1]) == (envelope, leaf)
    assert leaf == sha256(b"\x00" + after[0]).digest()
    units, salts, tokens = after[2], after[3], after[4]
    assert (units[0], units[2], salts[0], salts[2]) == (None, None, None, None)
    assert units[1] is not None, "what they worked on keeps its name"
    assert units[4] == b'"Old name"'
    assert after[5] is after[6] is None
    for gone in ("milo", "198.51.100.9"):
        assert gone not in tokens.replace("u=usr_milo", "")
    assert "snowflake" in tokens
    assert "1:y=warehouse.modified" in tokens


def test_an_erased_event_still_reads(worked):
    erase_person(workspace_id=1, person_id=MILO.id, ground="GDPR art. 17")
    row = visible_events(ALL).get(worked.id)
    assert row is not None
    assert (row.event.actor.id, row.event.actor.name, row.event.actor.email) == (MILO.id, "", None)
    assert row.erased_by


def test_the_erasure_is_an_event_that_names_events_and_values_but_no_value(worked):
    erase_person(workspace_id=1, person_id=MILO.id, ground="GDPR art. 17")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM event WHERE type = 'personal_data.erased'")
        erasures = [visible_events(ALL).get(erasure_id).event.meta for (erasure_id,) in cursor.fetchall()]
    by_units = {tuple(meta["units"]): meta for meta in erasures}
    assert by_units.keys() == {("actor", "context"), ("targets",)}
    assert worked.key in by_units["actor", "context"]["event_ids"]
    assert worked.key not in by_units["targets",]["event_ids"]
    assert {meta["requested_by"] for meta in erasures} == {"GDPR art. 17"}


def test_the_record_of_an_erasure_is_never_erased(worked):
    erase_person(workspace_id=1, person_id=MILO.id, ground="GDPR art. 17")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM event WHERE type = 'personal_data.erased'")
        erasure_ids = [row[0] for row in cursor.fetchall()]
    assert erase_values(event_ids=erasure_ids, units=["meta"], ground="to hide it") == 0


def test_events_that_name_the_person_in_second_place_or_by_address_are_erased_too(worked):
    with acting(1, OLGA):
        second = record(
            "user_group.member_added",
            target=[Target("user_group", "grp_1", "Mobile"), Target("member", MILO.id, "Milo")],
        )
        invited = record("user.invited", target=Target("invitation", "inv_1", "Milo@example.com"))
        other = record("user.invited", target=Target("invitation", "inv_2", "rita@example.com"))
        assert erase_person(workspace_id=1, person_id=MILO.id, ground="GDPR art. 17", email="milo@example.com") == 4
    for gone in (second, invited):
        _, _, units, _, tokens, *_ = _stored(gone.id)
        assert units[1] is None
        assert b"Olga Owner" in units[0], "who did it to them stays"
        assert "e=milo@" not in tokens
        assert "t=usr_milo" not in tokens
    assert b"rita@example.com" in _stored(other.id)[2][1]


def test_nobody_known_is_not_found(worked):
    with pytest.raises(NothingToErase):
        erase_person(workspace_id=1, person_id="usr_nobody", ground="GDPR art. 17")


def test_an_unknown_value_or_no_ground_is_refused(worked):
    with pytest.raises(Invalid, match="envelope"):
        erase_values(event_ids=[worked.id], units=["envelope"], ground="x")
    with pytest.raises(Invalid, match="ground"):
        erase_values(event_ids=[worked.id], units=["actor"], ground=" ")


def test_events_of_another_workspace_are_out_of_reach(worked):
    with in_workspace(2), acting(2, OLGA):
        assert erase_values(event_ids=[worked.id], units=["actor"], ground="x") == 0
    assert _stored(worked.id)[2][0] is not None


def test_the_web_may_not_erase(own_database):
    with in_workspace(1), acting(1, OLGA):
        recorded = record("warehouse.disabled", target=Target("warehouse", "whs_1", "W"))
    with pytest.raises(ProgrammingError, match="permission denied"), in_workspace(1), acting(1, OLGA):
        erase_values(event_ids=[recorded.id], units=["actor"], ground="x")


@pytest.mark.parametrize(
    "change",
    [
        "type = 'x'",
        "envelope = 'x'",
        "leaf_hash = sha256('x')",
        "units = ARRAY['x'::bytea] || units[2:]",
        "units = units || NULL::bytea",
        "tokens = tokens || '''1:a=new'''::tsvector",
        "tokens = tokens || '''1:e=new'''::tsvector",
        "request_id = 'other'",
        "erased_by = NULL",
    ],
)
def test_even_the_eraser_may_only_turn_values_into_nothing(own_database, as_role, url_of, change):
    with as_role("worker"):
        with in_workspace(1), acting(1, MILO, request_id="req_9"):
            recorded = record("warehouse.disabled", target=Target("warehouse", "whs_1", "W"))
        with in_workspace(1), acting(1, OLGA):
            erase_values(event_ids=[recorded.id], units=["meta", "actor"], ground="GDPR art. 17")
    with psycopg.connect(url_of(own_database, user="postgres")) as raw:
        raw.execute("GRANT UPDATE ON event TO audit_eraser")
        raw.execute("SET ROLE audit_eraser")
        raw.execute("SELECT set_config('app.ws', '1', true)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="erasing may only"):
            raw.execute(f"UPDATE event SET {change} WHERE type = 'warehouse.disabled'")
