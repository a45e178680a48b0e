"""A backup is one file that brings an installation back, whole, and is refused where it cannot."""

import json
import os
import stat
import subprocess
import sys
from datetime import timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection

from auditapp.access.members import link_for_owner
from auditapp.access.models import Workspace
from auditapp.access.support_models import SupportAccess
from auditapp.lib import clock
from auditapp.management import restore
from auditapp.management.backup import DUMP, MANIFEST, key_files, write_backup
from auditapp.management.owner_login import owner_login
from auditapp.management.restore import MARK, restore_backup
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.services import seal_batch
from auditapp.sealing.verification import Verdict, verify_workspace
from settings.embedded import SUPERUSER, throwaway_server
from tests.conftest import _administering, _connected_to
from tests.factories import events_of, make_user, make_workspace

ROOT = Path(__file__).resolve().parents[2]
_numbers = count(1)


@pytest.fixture
def own_keys(tmp_path, settings):
    settings.DATA_DIR = tmp_path / "data"
    settings.SEAL_KEY_FILE = tmp_path / "data" / "keys" / "seal.key"
    settings.SECRET_BOX_KEYS = []
    (tmp_path / "data" / "keys").mkdir(parents=True)
    (tmp_path / "data" / "keys" / "secret_box.key").write_text("box")
    return tmp_path / "data" / "keys"


@pytest.fixture
def workspace(own_database, as_role, own_keys):
    made = make_workspace(slug="acme")
    with in_workspace(made.id), acting(made.id, SYSTEM):
        for _ in range(5):
            record("workspace.settings_modified", target=made)
    with as_role("worker"):
        seal_batch()
    return made


@pytest.fixture
def backup(workspace, as_role, tmp_path):
    file = tmp_path / "backup.zip"
    with as_role("owner"):
        write_backup(file)
    return file


@pytest.fixture
def elsewhere(server, backup, tmp_path, settings, django_db_blocker):
    """An empty database and an empty data folder; Django works there as the owner."""
    settings.DATA_DIR = tmp_path / "other"
    settings.SEAL_KEY_FILE = tmp_path / "other" / "keys" / "seal.key"
    name = f"restored_{os.getpid()}_{next(_numbers)}"
    with _administering(server) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            with _connected_to(server, name, "owner", SUPERUSER):
                yield name
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _changed(backup, tmp_path, **values):
    """The backup with another manifest."""
    file = tmp_path / "changed.zip"
    with ZipFile(backup) as old, ZipFile(file, "w") as new:
        manifest = json.loads(old.read(MANIFEST)) | values
        for name in old.namelist():
            new.writestr(name, json.dumps(manifest) if name == MANIFEST else old.read(name))
    return file


def test_it_comes_back_elsewhere_with_its_keys_and_verifies(backup, workspace, elsewhere, server, settings):
    before = key_files()
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    manifest = restore_backup(backup, replace=False)
    assert manifest.workspaces == {"acme": 5}
    assert manifest.keys == ["seal.key", "secret_box.key"]
    for name in manifest.keys:
        assert stat.S_IMODE(before[name].stat().st_mode) == 0o400
    with _connected_to(server, elsewhere, "worker"):
        report = verify_workspace(workspace.id)
        assert (report.verdict, report.valid) == (Verdict.OK, 5)
    with _connected_to(server, elsewhere, "app"):
        assert len(events_of(workspace)) == 5
        assert not Workspace.objects.exists()  # row-level security is back: outside of a workspace there is none
        with in_workspace(workspace.id), acting(workspace.id, SYSTEM):
            record("workspace.settings_modified", target=workspace)
    with _connected_to(server, elsewhere, "worker"):
        assert sum(batch.size - batch.start for batch in seal_batch()) == 1


def test_what_lets_somebody_in_does_not_come_back(workspace, as_role, tmp_path, client):
    file = tmp_path / "backup.zip"
    client.force_login(owner := make_user())
    with in_workspace(workspace.id), acting(workspace.id, SYSTEM):
        link = link_for_owner(email="grace@example.com")
        ends = clock.now() + timedelta(days=7)
        SupportAccess.objects.create(
            workspace_id=workspace.id, id="sup_1", granted_by=owner, digest=b"", expires_at=ends
        )
    path = urlsplit(link).path
    assert Session.objects.count() == 1
    assert client.get(path).status_code == 200
    with as_role("owner"):
        write_backup(file)
        restore_backup(file, replace=True)
    assert Session.objects.count() == 0
    assert client.get(path).status_code == 404
    assert [row.event.type for row in events_of(workspace)[:2]] == ["support_access.revoked", "user.invite_deleted"]
    with as_role("worker"):
        seal_batch()
        assert verify_workspace(workspace.id).verdict is Verdict.OK


def test_rights_owners_and_triggers_are_as_before(backup, own_database, elsewhere, server):
    granted = "(SELECT array_agg(one::text ORDER BY one::text) FROM unnest(coalesce({}, acldefault({}, {}))) AS one)"
    of_table = granted.format("relacl", """CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char" """, "relowner")
    of_function = granted.format("proacl", "'f'", "proowner")
    questions = [
        f"SELECT relname, relowner::regrole, relrowsecurity, {of_table} FROM pg_class"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S', 'v') ORDER BY 1",
        f"SELECT proname, proowner::regrole, prosecdef, proconfig, {of_function} FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
        "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
        "SELECT tablename, policyname, roles, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2",
        "SELECT defaclrole::regrole, defaclobjtype, defaclacl::text FROM pg_default_acl ORDER BY 1, 2",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    ]

    def answers(name):
        with _connected_to(server, name, "owner", SUPERUSER), connection.cursor() as cursor:
            return [cursor.execute(question).fetchall() for question in questions]

    restore_backup(backup, replace=False)
    for before, after in zip(answers(own_database), answers(elsewhere), strict=True):
        assert before
        assert after == before


def test_an_installation_with_workspaces_is_replaced_only_when_told(backup, workspace, as_role, own_keys):
    another = make_workspace(slug="other")
    with as_role("owner"), pytest.raises(CommandError, match="--replace"):
        restore_backup(backup, replace=False)
    with as_role("worker"):
        assert Workspace.objects.filter(id=another.id).exists()
    (own_keys / "secret_box.key").chmod(0o600)
    (own_keys / "secret_box.key").write_text("newer")
    with as_role("owner"):
        restore_backup(backup, replace=True)
    with as_role("worker"):
        assert [one.slug for one in Workspace.objects.all()] == ["acme"]
        assert verify_workspace(workspace.id).verdict is Verdict.OK
    assert (own_keys / "secret_box.key").read_text() == "box"
    assert [file.read_text() for file in own_keys.glob("secret_box.key.before-restore-*")] == ["newer"]


def test_one_that_runs_is_not_restored(backup, as_role, server, own_database):
    with _connected_to(server, own_database, "owner", SUPERUSER):
        import psycopg

        with psycopg.connect(server.url(name=own_database)), pytest.raises(CommandError, match="Stop web and worker"):
            restore_backup(backup, replace=True)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"format": 2}, "format 2"),
        ({"migrations": ["auditapp.0001_initial", "auditapp.9999_later"]}, "another version.*9999_later"),
        ({"postgresql": 99}, "PostgreSQL 99"),
    ],
)
def test_a_backup_of_another_version_is_refused_untouched(backup, workspace, as_role, tmp_path, values, said):
    with as_role("owner"), pytest.raises(CommandError, match=said):
        restore_backup(_changed(backup, tmp_path, **values), replace=True)
    assert len(events_of(workspace)) == 5


def test_a_damaged_file_is_refused_untouched(backup, workspace, as_role):
    whole = backup.read_bytes()
    for damaged, said in (
        (whole[: len(whole) // 2], "cut off"),
        (whole[:5000] + b"!" + whole[5001:], "damaged"),
        (b"not a backup", "no backup"),
    ):
        backup.chmod(0o600)
        backup.write_bytes(damaged)
        with as_role("owner"), pytest.raises(CommandError, match=said):
            restore_backup(backup, replace=True)
    assert len(events_of(workspace)) == 5


def test_one_that_was_cut_off_is_noticed_and_can_be_run_again(backup, workspace, as_role, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_):
        raise Killed

    with as_role("owner"):
        monkeypatch.setattr(restore, "_place_key", killed)
        with pytest.raises(Killed):
            restore_backup(backup, replace=True)
        monkeypatch.undo()
        with pytest.raises(CommandError, match=r"cut off.*manage\.py restore FILE"):
            call_command("migrate", verbosity=0, skip_checks=True)
        restore_backup(backup, replace=False)
        with owner_login() as owner:
            assert owner.execute("SELECT to_regclass(%s)", [MARK]).fetchone() == (None,)
    assert len(events_of(workspace)) == 5


def test_a_dump_that_does_not_load_leaves_the_mark_and_no_half_of_it(backup, as_role, tmp_path):
    file = tmp_path / "bad.zip"
    with ZipFile(backup) as old, ZipFile(file, "w") as new:
        for name in old.namelist():
            dump = old.read(name)
            new.writestr(name, dump[: len(dump) * 9 // 10] if name == DUMP else dump)
    with as_role("owner"):
        with pytest.raises(CommandError, match="pg_restore ended with code"):
            restore_backup(file, replace=True)
        with owner_login() as owner:
            tables = owner.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            assert tables.fetchall() == [(MARK,)]


def test_nothing_is_overwritten_and_nothing_half_is_left(backup, as_role, tmp_path):
    with as_role("owner"), pytest.raises(CommandError, match="nothing is overwritten"):
        write_backup(backup)
    key_files()["seal.key"].unlink()
    with as_role("owner"), pytest.raises(CommandError, match="could not go on sealing"):
        write_backup(tmp_path / "second.zip")
    assert [file.name for file in tmp_path.glob("second*")] == []


def test_a_server_of_ones_own_with_two_logins_goes_the_whole_way(tmp_path):
    """Neither login is a superuser, and the second one is made by `migrate`."""
    file = tmp_path / "backup.zip"
    with throwaway_server() as server, _administering(server) as admin:
        admin.execute("CREATE ROLE dba LOGIN CREATEROLE PASSWORD 'dba-password'")
        admin.execute("CREATE DATABASE trail OWNER dba")
        host = f"@/trail?host={server.sockets}"
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "DATA_DIR": str(tmp_path / "data"),
            "DATABASE_URL": f"postgresql://audit_web:w%2Fb{host}",
            "DATABASE_OWNER_URL": f"postgresql://dba:dba-password{host}",
        }

        def manage(*arguments, **more):
            command = [sys.executable, "manage.py", *arguments]
            done = subprocess.run(command, cwd=ROOT, env=environment | more, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        manage("migrate", "--verbosity", "0", "--skip-checks")
        manage("create_workspace", "--slug", "acme", "--owner-email", "olga@example.com", "--skip-checks")
        seal = "from auditapp.sealing.services import seal_batch; seal_batch()"
        manage("shell", "--no-imports", "-c", seal, DATABASE_ROLE="worker")
        assert "1 workspaces with 2 sealed events" in manage("backup", str(file), "--skip-checks")
        assert "Restored 1 workspaces with 2 sealed events" in manage("restore", "--replace", str(file))
        assert "acme: 2/2 events valid" in manage("verify", "--skip-checks")
