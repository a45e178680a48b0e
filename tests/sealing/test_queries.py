"""What pages ask of the seal: marks, proofs that a stranger can check, and the check of one event, step by step."""

import pytest
from django.db import connection

from auditapp.lib import clock
from auditapp.lib.errors import NotFound
from auditapp.lib.ids import new_event_id
from auditapp.merkle import Checkpoint, leaf_hash, open_note, verify_inclusion
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.keys import known_verifiers
from auditapp.sealing.models import Verification
from auditapp.sealing.queries import (
    Outcome,
    check_event,
    last_verification,
    latest_checkpoint,
    proof_for,
    seal_marks,
    waiting_count,
    waiting_since,
)
from auditapp.sealing.verification import verify_workspace
from tests.sealing.events import write


@pytest.mark.parametrize("size", [1, 255, 256, 257])
def test_a_proof_leads_from_the_stored_bytes_to_the_signed_root(log, size):
    ids = log(size)
    with in_workspace(1):
        for index in {0, size // 2, size - 1}:
            proof = proof_for(1, ids[index])
            with connection.cursor() as cursor:
                [envelope] = cursor.execute("SELECT envelope FROM event WHERE id = %s", [ids[index]]).fetchone()
            signed = Checkpoint.parse(open_note(proof.note, known_verifiers()))
            assert (proof.index, proof.size, signed.size) == (index, size, size)
            verify_inclusion(leaf_hash(bytes(envelope)), proof.index, signed.size, proof.path, signed.root)


def test_a_proof_reads_a_few_ranges_however_large_the_log(log, django_assert_num_queries):
    ids = log(1_100)
    with in_workspace(1), django_assert_num_queries(5):
        # leaf and checkpoint, the 256 leaves beside it, the nodes of level 8, and the leaves after the last of those
        assert len(proof_for(1, ids[3]).path) == 11


def test_what_waits_has_neither_mark_nor_proof(log):
    [sealed] = log(1)
    [waiting] = write(1)
    with in_workspace(1):
        assert seal_marks(1, [sealed, waiting]) == {sealed: 0}
        assert proof_for(1, waiting) is None
        assert waiting_count(1) == 1
        assert latest_checkpoint(1).size == 1


def test_what_waits_longest_waits_since_it_was_received(log):
    log(1)
    with in_workspace(1):
        assert waiting_since(1) is None
    received = clock.now()
    with clock.at(received):
        write(1)
    write(1)
    with in_workspace(1):
        assert waiting_since(1) == received


def test_a_workspace_that_nobody_sealed_has_no_checkpoint(own_database):
    with in_workspace(1):
        assert latest_checkpoint(1) is None
        assert last_verification(1) is None


def test_marks_and_proofs_stay_in_their_workspace(log):
    [event_id] = log(1, workspace_id=1)
    with in_workspace(2):
        assert seal_marks(1, [event_id]) == {}
        assert proof_for(1, event_id) is None
        assert latest_checkpoint(1) is None
        with pytest.raises(NotFound):
            check_event(1, event_id)


def test_the_newest_verification_is_told(log, as_role):
    log(2)
    with as_role("worker"):
        verify_workspace(1)
        Verification.objects.create(
            workspace_id=1, finished_at=clock.now().replace(year=2020), events=1, problems=[{"kind": "old"}]
        )
    with in_workspace(1):
        assert (last_verification(1).events, last_verification(1).problems) == (2, [])


def outcomes(workspace_id: int, event_id: object) -> dict[str, str]:
    with in_workspace(workspace_id):
        return {step.key: step.outcome.value for step in check_event(workspace_id, event_id).steps}


def test_a_sealed_event_passes_each_step(log):
    ids = log(3)
    assert outcomes(1, ids[1]) == dict.fromkeys(("bytes", "columns", "values", "inclusion", "signature"), "ok")
    with in_workspace(1):
        check = check_event(1, ids[1])
    assert (check.outcome, check.proof.index, check.erased) == (Outcome.OK, 1, {})


def test_an_event_that_waits_is_checked_as_far_as_it_can_be(log):
    log(1)
    [waiting] = write(1)
    steps = outcomes(1, waiting)
    assert (steps["bytes"], steps["inclusion"], steps["signature"]) == ("ok", "waiting", "waiting")
    with in_workspace(1):
        assert check_event(1, waiting).outcome is Outcome.WAITING


def test_an_unknown_event_is_not_found(log):
    log(1)
    with in_workspace(1), pytest.raises(NotFound):
        check_event(1, new_event_id())


@pytest.mark.parametrize(
    ("tampering", "failed", "field"),
    [
        ("UPDATE event SET outcome = 'failure' WHERE id = %s", {"columns"}, "outcome"),
        ("UPDATE event SET units[6] = '\"x\"'::bytea WHERE id = %s", {"values"}, "changes/0/new (password)"),
        ("UPDATE event SET envelope = envelope || ' '::bytea WHERE id = %s", {"bytes", "inclusion"}, "envelope"),
        ("UPDATE leaf SET hash = sha256('x') WHERE event_id = %s", {"bytes"}, "leaf.hash"),
        ("UPDATE leaf SET hash = sha256('x') WHERE index = 0 AND event_id <> %s", {"inclusion"}, None),
        ("DELETE FROM leaf WHERE index = 0 AND event_id <> %s", {"inclusion"}, None),
        ("UPDATE checkpoint SET root = sha256('x') WHERE %s IS NOT NULL", {"inclusion", "signature"}, None),
        ("UPDATE checkpoint SET note = replace(note, '3', '4') WHERE %s IS NOT NULL", {"signature"}, None),
    ],
)
def test_a_check_says_which_step_fails_and_why(log, connect, tampering, failed, field):
    ids = log(3)
    with connect("postgres") as admin:
        for table in ("event", "leaf", "checkpoint"):
            admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        admin.execute(tampering.replace("%s IS", "%s::uuid IS"), [ids[1]])
    with in_workspace(1):
        check = check_event(1, ids[1])
    assert {step.key for step in check.steps if step.outcome is Outcome.FAILED} == failed
    assert check.outcome is Outcome.FAILED
    problems = [problem for step in check.steps for problem in step.problems]
    assert all(problem.message for problem in problems)
    assert field is None or field in {problem.field for problem in problems}
