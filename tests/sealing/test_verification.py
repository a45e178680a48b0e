"""Verification finds whatever was touched around events and names it: leaves, nodes, heads, checkpoints, keys, rows gone or added.

One log for all tests here. Each tampers with it as the owner, triggers disabled, in a transaction that is rolled back.
"""

from uuid import UUID

import pytest
from django.db import connection

from auditapp.lib.ids import event_key
from auditapp.merkle import Checkpoint, Frontier, Signer, leaf_hash, sign_note
from auditapp.sealing.models import Verification
from auditapp.sealing.problems import MAX_PROBLEMS, Kind
from auditapp.sealing.verification import Verdict, verify_tree, verify_workspace
from tests.sealing.events import write
from tests.sealing.tampering import FLIP, INDEX, SIGNED_AT, SIZE, kinds, named


def test_a_log_that_nobody_touched_is_valid(tamper):
    report = verify_workspace(1)
    assert report.problems == []
    assert report.verdict is Verdict.OK
    assert (report.events, report.valid, report.checkpoints, report.signed_size) == (SIZE, SIZE, 2, SIZE)
    assert Verification.objects.get().problems == []


def test_progress_is_told_as_it_goes(tamper, monkeypatch):
    monkeypatch.setattr("auditapp.sealing.verification.CHUNK", 128)
    told: list[tuple[int, int]] = []
    assert verify_workspace(1, progress=lambda done, size: told.append((done, size))).verdict is Verdict.OK
    assert told == [(128, SIZE), (256, SIZE), (SIZE, SIZE)]


LEAF_COLUMNS = {
    "index": ("100000", "leaf.index"),
    "event_id": ("gen_random_uuid()", "leaf.event_id"),
    "occurred_at": ("occurred_at + interval '1 hour'", "leaf.occurred_at"),
    "hash": (FLIP.format("hash"), "leaf.hash"),
}


@pytest.mark.parametrize("column", LEAF_COLUMNS)
def test_a_changed_column_of_a_leaf_is_named(sealed_log, tamper, column):
    value, field = LEAF_COLUMNS[column]
    assert tamper(f"UPDATE leaf SET {column} = {value} WHERE index = %s", [INDEX]) == 1
    report = verify_workspace(1)
    assert (sealed_log.touched, field) in named(report)
    if column != "index":
        assert len(report.problems) == 1
        assert report.problems[0].index == INDEX
        assert report.valid == SIZE - 1


def test_a_leaf_that_was_moved_to_another_workspace_is_missed(sealed_log, tamper):
    tamper("UPDATE leaf SET workspace_id = 77 WHERE index = %s", [INDEX])
    report = verify_workspace(1)
    assert [(p.kind, p.index) for p in report.problems if p.kind is Kind.MISSING_LEAF] == [(Kind.MISSING_LEAF, INDEX)]
    assert (sealed_log.touched, "pending") in named(report)


@pytest.mark.parametrize("verify", [verify_workspace, verify_tree])
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("hash = " + FLIP.format("hash"), "node 8/0 hash"),
        ("index = 1", "node 8/1"),
        ("index = -1", "node 8/-1"),
        ("level = 16", "node 16/0"),
        ("level = 9", "node 9/0"),
        ("workspace_id = 77", "node 8/0"),
    ],
)
def test_a_changed_node_is_named(sealed_log, tamper, change, field, verify):
    assert tamper(f"UPDATE node SET {change}") == 1
    report = verify(1)
    assert kinds(report) == {Kind.NODE}
    assert field in {problem.field for problem in report.problems}


@pytest.mark.parametrize("verify", [verify_workspace, verify_tree])
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("size = 309", "tree_head.size"),
        ("size = 400", "tree_head.size"),
        ("size = 0, peaks = '{}'", "tree_head.size"),
        ("peaks[2] = " + FLIP.format("peaks[2]"), "tree_head.peaks"),
        ("peaks = peaks[1:2]", "tree_head.peaks"),
        ("workspace_id = 77", "tree_head"),
    ],
)
def test_a_changed_head_is_named(sealed_log, tamper, change, field, verify):
    assert tamper(f"UPDATE tree_head SET {change}") == 1
    report = verify(1)
    assert report.verdict is Verdict.TAMPERED
    assert report.problems[0].field == field or field in {problem.field for problem in report.problems}


# created_at is missing here: a C2SP checkpoint carries no time, so nothing vouches for that column.
@pytest.mark.parametrize("verify", [verify_workspace, verify_tree])
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ("root = " + FLIP.format("root"), "checkpoint 310 root"),
        ("note = replace(note, '310', '309')", "checkpoint 310 note"),
        ("note = overlay(note placing 'AAAA' from length(note) - 20)", "checkpoint 310 note"),
        ("size = 311", "checkpoint 311 size"),
        ("size = 305", "checkpoint 305 size"),
        ("size = -1", "checkpoint -1 size"),
        ("workspace_id = 77", "tree_head.size"),
    ],
)
def test_a_changed_checkpoint_is_named(sealed_log, tamper, change, field, verify):
    assert tamper(f"UPDATE checkpoint SET {change} WHERE size = %s", [SIZE]) == 1
    report = verify(1)
    assert report.verdict is Verdict.TAMPERED
    assert field in {problem.field for problem in report.problems}


def test_a_checkpoint_of_another_workspace_is_not_taken_for_ones_own(sealed_log, tamper):
    tamper("UPDATE checkpoint SET workspace_id = 77")
    tamper("UPDATE leaf SET workspace_id = 77")
    tamper("UPDATE tree_head SET workspace_id = 77")
    problems = {problem.field: problem.message for problem in verify_workspace(77).problems}
    assert "is signed for 127.0.0.1/audit/ws_1" in problems["checkpoint 300 note"]


@pytest.mark.parametrize(
    "change", ["UPDATE leaf SET hash = " + FLIP.format("hash"), "DELETE FROM leaf", "UPDATE leaf SET index = 900"]
)
def test_a_changed_leaf_breaks_the_tree_without_a_look_at_the_events(sealed_log, tamper, change):
    assert verify_tree(1).verdict is Verdict.OK
    assert tamper(f"{change} WHERE index = %s", [INDEX]) == 1
    report = verify_tree(1)
    assert report.verdict is Verdict.TAMPERED
    assert kinds(report) <= {Kind.TREE, Kind.NODE, Kind.HEAD, Kind.MISSING_LEAF, Kind.LEAF}


def test_a_look_at_the_tree_alone_is_no_verification(sealed_log, tamper):
    tamper("DELETE FROM event WHERE id = %s", [sealed_log.ids[INDEX]])
    report = verify_tree(1)
    assert (report.verdict, report.events, report.signed_size) == (Verdict.OK, SIZE, SIZE)
    assert not Verification.objects.exists()


def test_a_deleted_event_is_named_by_index_and_id(sealed_log, tamper):
    tamper("DELETE FROM event WHERE id = %s", [sealed_log.ids[INDEX]])
    [problem] = verify_workspace(1).problems
    assert (problem.kind, problem.index, problem.event) == (Kind.MISSING_EVENT, INDEX, sealed_log.touched)


def test_an_event_deleted_with_its_leaf_leaves_a_named_gap(sealed_log, tamper):
    tamper("DELETE FROM event WHERE id = %s", [sealed_log.ids[INDEX]])
    tamper("DELETE FROM leaf WHERE index = %s", [INDEX])
    [problem] = verify_workspace(1).problems
    assert (problem.kind, problem.index) == (Kind.MISSING_LEAF, INDEX)


def test_the_last_events_cut_off_are_missed(sealed_log, tamper):
    tamper("DELETE FROM leaf WHERE index >= 305")
    tamper("DELETE FROM event WHERE id = ANY(%s)", [sealed_log.ids[305:]])
    [problem] = verify_workspace(1).problems
    assert (problem.kind, problem.index, problem.message.startswith("Leaves 305 to 309 are")) == (
        Kind.MISSING_LEAF,
        305,
        True,
    )


def test_the_last_events_cut_off_with_their_head_and_checkpoint_go_to_the_checkpoint_before(sealed_log, tamper):
    # The most that the database alone can show; an older checkpoint kept elsewhere shows the rest.
    tamper("DELETE FROM leaf WHERE index >= 305")
    tamper("DELETE FROM event WHERE id = ANY(%s)", [sealed_log.ids[305:]])
    tamper("DELETE FROM checkpoint WHERE size = %s", [SIZE])
    tamper("UPDATE tree_head SET size = 305")
    assert "tree_head.size" in {problem.field for problem in verify_workspace(1).problems}


def test_swapped_leaves_are_found_in_the_tree(sealed_log, tamper):
    tamper("UPDATE leaf SET index = CASE index WHEN 5 THEN -5 ELSE -6 END WHERE index IN (5, 6)")
    tamper("UPDATE leaf SET index = CASE index WHEN -5 THEN 6 ELSE 5 END WHERE index < 0")
    report = verify_workspace(1)
    assert kinds(report) == {Kind.TREE, Kind.NODE, Kind.HEAD}
    assert {"leaves 0 to 299", "node 8/0 hash"} <= {problem.field for problem in report.problems}


def test_an_event_rewritten_with_all_its_hashes_is_found_in_the_tree(sealed_log, tamper):
    with connection.cursor() as cursor:
        [forged] = cursor.execute("SELECT envelope FROM event WHERE id = %s", [sealed_log.ids[305]]).fetchone()
    forged = bytes(forged).replace(b'"outcome":"success"', b'"outcome":"failure"')
    tamper(
        "UPDATE event SET envelope = %s, leaf_hash = %s, outcome = 'failure',"
        " tokens = ts_delete(tokens, '1:o=success') || '''1:o=failure'''::tsvector WHERE id = %s",
        [forged, leaf_hash(forged), sealed_log.ids[305]],
    )
    tamper("UPDATE leaf SET hash = %s WHERE index = 305", [leaf_hash(forged)])
    report = verify_workspace(1)
    assert kinds(report) == {Kind.TREE, Kind.HEAD}
    assert "leaves 300 to 309" in {problem.field for problem in report.problems}
    assert report.signed_size == SIGNED_AT


def test_a_log_rewritten_and_signed_with_another_key_is_found(sealed_log, tamper):
    tree = Frontier()
    with connection.cursor() as cursor:
        for (hash_,) in cursor.execute("SELECT hash FROM leaf ORDER BY index").fetchall():
            tree.append(bytes(hash_))
    note = sign_note(
        Checkpoint("127.0.0.1/audit/ws_1", SIZE, tree.root()).format(), Signer("127.0.0.1/audit", b"\7" * 32)
    )
    tamper("UPDATE checkpoint SET note = %s WHERE size = %s", [note, SIZE])
    [problem] = verify_workspace(1).problems
    assert (problem.field, "no known key signed" in problem.message) == ("checkpoint 310 note", True)


def test_only_the_given_key_is_trusted(sealed_log, tamper):
    report = verify_workspace(1, verifier=Signer("127.0.0.1/audit", b"\7" * 32).verifier)
    assert report.verdict is Verdict.TAMPERED
    assert {problem.field for problem in report.problems} == {"checkpoint 300 note", "checkpoint 310 note"}


def test_an_inserted_leaf_is_named(sealed_log, tamper):
    tamper("INSERT INTO leaf VALUES (1, 310, %s, now(), %s)", [UUID(int=7), b"\1" * 32])
    [problem] = verify_workspace(1).problems
    assert (problem.kind, problem.index, problem.event) == (Kind.LEAF, 310, event_key(UUID(int=7)))


def test_an_event_slipped_in_without_a_place_in_the_queue_is_named(sealed_log, tamper):
    [slipped] = write(1)
    assert verify_workspace(1).problems == []
    tamper("DELETE FROM pending")
    [problem] = verify_workspace(1).problems
    assert (problem.kind, problem.event) == (Kind.UNSEALED_EVENT, event_key(slipped))


def test_a_second_row_under_the_id_of_a_sealed_event_is_named(sealed_log, tamper):
    columns = "received_at, type, area, actor_kind, actor_id, resource_type, resource_id, outcome, is_read, tokens, envelope, leaf_hash, units, salts"
    tamper(
        f"INSERT INTO event (workspace_id, occurred_at, id, {columns})"
        f" SELECT workspace_id, occurred_at - interval '1 minute', id, {columns} FROM event WHERE id = %s",
        [sealed_log.ids[INDEX]],
    )
    [problem] = verify_workspace(1).problems
    assert (problem.kind, problem.event) == (Kind.UNSEALED_EVENT, sealed_log.touched)


def test_without_any_checkpoint_nothing_is_decided(sealed_log, tamper):
    tamper("DELETE FROM checkpoint")
    report = verify_workspace(1)
    assert (report.verdict, kinds(report)) == (Verdict.UNDECIDED, {Kind.UNDECIDED})


@pytest.mark.parametrize("loss", ["DELETE FROM seal_key", "UPDATE seal_key SET vkey = 'no key'"])
def test_without_any_key_nothing_is_decided(sealed_log, tamper, loss):
    tamper(loss)
    report = verify_workspace(1)
    assert (report.verdict, {problem.field for problem in report.problems}) == (Verdict.UNDECIDED, {"seal_key"})


def test_a_problem_outweighs_what_cannot_be_decided(sealed_log, tamper):
    tamper("DELETE FROM checkpoint")
    tamper("DELETE FROM event WHERE id = %s", [sealed_log.ids[INDEX]])
    assert verify_workspace(1).verdict is Verdict.TAMPERED


def test_a_workspace_without_events_is_valid(sealed_log, tamper):
    report = verify_workspace(2)
    assert (report.verdict, report.events, report.problems) == (Verdict.OK, 0, [])


def test_problems_beyond_a_thousand_are_counted_only(sealed_log, tamper, monkeypatch):
    monkeypatch.setattr("auditapp.sealing.problems.MAX_PROBLEMS", 20)
    tamper("UPDATE event SET outcome = 'failure'")
    report = verify_workspace(1)
    assert (len(report.problems), report.problem_count >= SIZE, report.valid) == (20, True, 0)
    assert MAX_PROBLEMS == 1_000


def test_what_was_found_is_stored_as_data(sealed_log, tamper):
    tamper("UPDATE event SET outcome = 'failure' WHERE id = %s", [sealed_log.ids[INDEX]])
    verify_workspace(1)
    stored = Verification.objects.get()
    assert stored.events == SIZE
    assert stored.problems[0] == {
        "kind": "column",
        "message": "The column outcome does not say what was sealed.",
        "index": INDEX,
        "event": sealed_log.touched,
        "field": "outcome",
    }
