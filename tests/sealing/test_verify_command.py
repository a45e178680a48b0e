"""`manage.py verify`: lines that name what was touched, and an exit code for scripts."""

import io

import pytest
from django.core.management import CommandError, call_command

from auditapp.lib.ids import event_key
from auditapp.merkle import Signer
from auditapp.record.drafts import Change
from auditapp.sealing.models import SealKey, Verification
from tests.factories import make_workspace
from tests.sealing.events import write


def verify(**options: object) -> tuple[str, int]:
    out = io.StringIO()
    try:
        call_command("verify", stdout=out, **options)
    except SystemExit as ended:
        return out.getvalue(), int(ended.code)
    return out.getvalue(), 0


@pytest.fixture
def workspace(own_database):
    return make_workspace(slug="demo")


def test_a_valid_log_ends_with_zero(workspace, log, as_role):
    log(3, workspace_id=workspace.id)
    with as_role("worker"):
        assert verify() == ("demo: 3/3 events valid; 1 checkpoints, signed up to 3\n", 0)
        assert Verification.objects.get().events == 3


def test_the_tree_alone_says_that_no_event_was_read(workspace, log, as_role):
    log(3, workspace_id=workspace.id)
    with as_role("worker"):
        lines, code = verify(tree_only=True)
    assert lines == "demo: 3/3 leaves hold, their events were not read; 1 checkpoints, signed up to 3\n"
    assert code == 0


def test_what_was_touched_is_named_and_ends_with_one(workspace, log, as_role, connect):
    ids = log(3, workspace_id=workspace.id)
    with connect("postgres") as admin:
        admin.execute("ALTER TABLE event DISABLE TRIGGER USER")
        admin.execute("UPDATE event SET actor_id = 'usr_milo' WHERE id = %s", [ids[1]])
    with as_role("worker"):
        lines, code = verify(workspace="demo")
    assert lines.splitlines() == [
        f"demo: INVALID index 1 {event_key(ids[1])} actor_id: The column actor_id does not say what was sealed.",
        "demo: 2/3 events valid; 1 checkpoints, signed up to 3",
    ]
    assert code == 1


def test_a_log_without_seal_ends_with_two(workspace, own_database, as_role):
    write(1, workspace_id=workspace.id)
    with as_role("worker"):
        lines, code = verify()
    assert "UNDECIDED seal_key: No public key is known" in lines
    assert code == 2


def test_the_auditors_own_key_is_the_only_one_trusted(workspace, log, as_role):
    log(1, workspace_id=workspace.id)
    other = Signer("127.0.0.1/audit", b"\7" * 32).verifier.format()
    with as_role("worker"):
        assert verify(vkey=SealKey.objects.get().vkey)[1] == 0
        lines, code = verify(vkey=other)
    assert "checkpoint 1 note: The signature does not hold: no known key signed the note." in lines
    assert code == 1


def test_field_names_from_outside_cannot_steer_the_terminal(workspace, log, as_role, connect):
    log(1, workspace_id=workspace.id, changes=[Change("\x1b[2Jname", "old", "new")])
    with connect("postgres") as admin:
        admin.execute("ALTER TABLE event DISABLE TRIGGER USER")
        admin.execute("UPDATE event SET units[5] = '1'::bytea")
    with as_role("worker"):
        lines, _ = verify()
    assert "changes/0/old (<U+001B>[2Jname)" in lines
    assert "\x1b" not in lines


def test_a_log_whose_workspace_was_deleted_is_verified_too(log, as_role):
    log(1, workspace_id=41)
    with as_role("worker"):
        assert verify()[0].startswith("ws_41: 1/1 events valid")


@pytest.mark.parametrize(
    ("options", "words"),
    [({"workspace": "nowhere"}, "no workspace 'nowhere'"), ({"vkey": "nonsense"}, "three parts")],
)
def test_a_question_that_makes_no_sense_ends_with_two(workspace, as_role, options, words):
    with as_role("worker"), pytest.raises(CommandError, match=words) as refused:
        call_command("verify", **options)
    assert refused.value.returncode == 2


def test_many_problems_are_cut_off_with_their_number(workspace, log, as_role, connect):
    log(120, workspace_id=workspace.id)
    with connect("postgres") as admin:
        admin.execute("ALTER TABLE event DISABLE TRIGGER USER")
        admin.execute("UPDATE event SET area = 'users'")
    with as_role("worker"):
        lines = verify()[0].splitlines()
    assert (len(lines), lines[100]) == (102, "demo: and 20 more")
