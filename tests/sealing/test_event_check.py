"""Verification finds whatever was touched of an event and names it: every column, every value, every single bit.

One log for all tests here. Each tampers with it as the owner, triggers disabled, in a transaction that is rolled back.
"""

import random

import pytest
from django.db import connection, transaction

from auditapp.lib.ids import event_key
from auditapp.record.acting import acting
from auditapp.record.erasure import erase_values
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import write_events
from auditapp.sealing.problems import Kind
from auditapp.sealing.verification import Verdict, verify_workspace
from tests.sealing import events
from tests.sealing.events import OLGA
from tests.sealing.tampering import FLIP, INDEX, SIZE, SealedLog, kinds, named

EVENT_COLUMNS = {
    "workspace_id": ("77", "event"),
    "occurred_at": ("occurred_at - interval '1 second'", "occurred_at"),
    "id": ("gen_random_uuid()", None),
    "received_at": ("received_at + interval '1 microsecond'", "received_at"),
    "type": ("'warehouse.created'", "type"),
    "area": ("'users'", "area"),
    "actor_kind": ("'token'", "actor_kind"),
    "actor_id": ("'usr_milo'", "actor_id"),
    "resource_type": ("'source'", "resource_type"),
    "resource_id": ("'whs_6'", "resource_id"),
    "scope_id": ("NULL", "scope_id"),
    "outcome": ("'failure'", "outcome"),
    "is_read": ("NOT is_read", "is_read"),
    "request_id": ("'req_6'", "request_id"),
    "session_id": ("NULL", "session_id"),
    "tokens": ("tokens || '''1:w=forged'''::tsvector", "tokens"),
    "envelope": (FLIP.format("envelope"), "envelope"),
    "leaf_hash": (FLIP.format("leaf_hash"), "leaf_hash"),
    "units": ("units[1:2]", "units"),
    "salts": ("salts || salts", "salts"),
    "erased_by": ("ARRAY[gen_random_uuid()]", "erased_by"),
}


def test_every_column_of_an_event_has_its_case(sealed_log):
    with connection.cursor() as cursor:
        columns = {column.name for column in connection.introspection.get_table_description(cursor, "event")}
    assert columns == set(EVENT_COLUMNS)


@pytest.mark.parametrize("column", EVENT_COLUMNS)
def test_a_changed_column_of_an_event_is_named(sealed_log, tamper, column):
    value, field = EVENT_COLUMNS[column]
    assert tamper(f"UPDATE event SET {column} = {value} WHERE id = %s", [sealed_log.ids[INDEX]]) == 1
    report = verify_workspace(1)
    assert report.verdict is Verdict.TAMPERED
    assert report.valid == SIZE - 1
    if column == "id":  # the row has another key now, under which it is told of
        assert [(problem.index, problem.field) for problem in report.problems] == [(INDEX, "id")]
    else:
        assert named(report) == {(sealed_log.touched, field)}
        assert {problem.index for problem in report.problems} == {INDEX}


VALUES = [
    "actor",
    "targets",
    "context",
    "meta",
    "changes/0/old (password)",
    "changes/0/new (password)",
    "",
    "changes/1/new (added)",
]


@pytest.mark.parametrize("number", [n for n, name in enumerate(VALUES) if name])
@pytest.mark.parametrize("column", ["units", "salts"])
def test_a_changed_value_or_salt_is_named(sealed_log, tamper, column, number):
    element = f"{column}[{number + 1}]"
    flipped = f"set_byte({element}, 0, get_byte({element}, 0) # 16)"
    tamper(f"UPDATE event SET {element} = {flipped} WHERE id = %s", [sealed_log.ids[INDEX]])
    report = verify_workspace(1)
    assert named(report) == {(sealed_log.touched, VALUES[number])}
    assert kinds(report) == {Kind.VALUE}


def test_a_value_where_none_was_sealed_is_named(sealed_log, tamper):
    tamper("UPDATE event SET units[7] = '1'::bytea WHERE id = %s", [sealed_log.ids[INDEX]])
    assert named(verify_workspace(1)) == {(sealed_log.touched, "changes/1/old (added)")}


@pytest.mark.parametrize("gone", ["units[6] = NULL", "salts[6] = NULL", "units[6] = NULL, salts[6] = NULL"])
def test_a_value_that_nobody_erased_on_record_is_missed(sealed_log, tamper, gone):
    tamper(f"UPDATE event SET {gone} WHERE id = %s", [sealed_log.ids[INDEX]])
    report = verify_workspace(1)
    assert kinds(report) == {Kind.MISSING_VALUE}
    assert named(report) == {(sealed_log.touched, "changes/0/new (password)")}


def test_lost_search_words_are_noticed(sealed_log, tamper):
    tamper("UPDATE event SET tokens = ts_delete(tokens, '1:m=audit') WHERE id = %s", [sealed_log.ids[INDEX]])
    assert named(verify_workspace(1)) == {(sealed_log.touched, "tokens")}


def erase(sealed_log: SealedLog, *units: str) -> None:
    with in_workspace(1), acting(1, OLGA):
        assert erase_values(event_ids=[sealed_log.ids[INDEX]], units=units, ground="GDPR art. 17") == 1


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_value_erased_on_record_is_no_problem(sealed_log, tamper, is_sealed):
    erase(sealed_log, "actor", "context", "changes")
    if is_sealed:
        move_to_log()
    report = verify_workspace(1)
    assert [problem for problem in report.problems if problem.event == sealed_log.touched] == []
    assert report.erased == 1
    assert is_sealed or report.verdict is Verdict.OK


@pytest.mark.parametrize("unit", ["actor", "targets", "context", "meta", "changes"])
def test_each_value_may_be_erased_by_itself(sealed_log, tamper, unit):
    erase(sealed_log, unit)
    report = verify_workspace(1)
    assert (report.verdict, report.problems) == (Verdict.OK, [])


def move_to_log() -> None:
    """As a sealer would, but for tree and signature: those of this log are signed with a key that is not at hand."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH moved AS (DELETE FROM pending RETURNING *)"
            " INSERT INTO leaf SELECT workspace_id, %s, event_id, occurred_at, leaf_hash FROM moved",
            [SIZE],
        )


def test_more_gone_than_was_erased_on_record_is_missed(sealed_log, tamper):
    erase(sealed_log, "actor", "context", "changes")
    tamper("UPDATE event SET units[4] = NULL, salts[4] = NULL WHERE id = %s", [sealed_log.ids[INDEX]])
    assert named(verify_workspace(1)) == {(sealed_log.touched, "meta")}


def test_words_of_values_that_stand_may_not_go_with_an_erasure(sealed_log, tamper):
    erase(sealed_log, "actor")
    tamper("UPDATE event SET tokens = ts_delete(tokens, '1:o=success') WHERE id = %s", [sealed_log.ids[INDEX]])
    assert named(verify_workspace(1)) == {(sealed_log.touched, "tokens")}


def test_an_erasure_of_another_event_excuses_nothing(sealed_log, tamper):
    erase(sealed_log, "actor")
    tamper(
        "UPDATE event SET units[1] = NULL, salts[1] = NULL, erased_by = (SELECT erased_by FROM event WHERE id = %s)"
        " WHERE id = %s",
        [sealed_log.ids[INDEX], sealed_log.ids[7]],
    )
    other = event_key(sealed_log.ids[7])
    assert {(other, "actor"), (other, "erased_by")} <= named(verify_workspace(1))


def test_an_erasure_whose_event_was_deleted_excuses_nothing(sealed_log, tamper):
    erase(sealed_log, "actor")
    tamper("DELETE FROM event WHERE type = 'personal_data.erased'")
    tamper("DELETE FROM pending")
    assert (sealed_log.touched, "actor") in named(verify_workspace(1))


BYTES = ("envelope", "leaf_hash", "units[1]", "units[3]", "units[6]", "salts[2]", "salts[8]")


def test_single_flipped_bits_are_all_found_at_their_event(sealed_log, tamper):
    choose = random.Random(2026)
    for _ in range(40):
        index, column = choose.randrange(SIZE), choose.choice(BYTES)
        with transaction.atomic():
            flipped = (
                f"set_bit({column}, %s %% (8 * length({column})), 1 - get_bit({column}, %s %% (8 * length({column}))))"
            )
            bit = choose.randrange(1 << 16)
            tamper(f"UPDATE event SET {column} = {flipped} WHERE id = %s", [bit, bit, sealed_log.ids[index]])
            problems = verify_workspace(1).problems
            assert {(problem.index, problem.event) for problem in problems} == {
                (index, event_key(sealed_log.ids[index]))
            }, (
                column,
                bit,
            )
            transaction.set_rollback(True)


def test_a_commitment_cannot_be_met_by_moving_a_value_to_another_place(sealed_log, tamper):
    tamper("UPDATE event SET units[5] = units[6], salts[5] = salts[6] WHERE id = %s", [sealed_log.ids[INDEX]])
    assert named(verify_workspace(1)) == {(sealed_log.touched, "changes/0/old (password)")}


@pytest.mark.parametrize(("origin", "is_permitted"), [("app", True), ("api", False), ("import:jsonl", False)])
def test_an_erasure_that_came_from_outside_permits_nothing(sealed_log, tamper, origin, is_permitted):
    meta = {"event_ids": [sealed_log.touched], "units": ["actor"]}
    forged = events.draft(type="personal_data.erased", meta=meta, changes=(), origin=origin)
    with in_workspace(1):
        write_events([forged])
    tamper(
        "UPDATE event SET units[1] = NULL, salts[1] = NULL, erased_by = ARRAY[%s::uuid] WHERE id = %s",
        [forged.id, sealed_log.ids[INDEX]],
    )
    assert ((sealed_log.touched, "actor") not in named(verify_workspace(1))) is is_permitted
