"""Restoring a backup: everything it can find wrong is found before anything is touched, and what is cut off is noticed later."""

import json
import os
import secrets
from pathlib import Path
from typing import IO, Final
from zipfile import BadZipFile, ZipFile

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from auditapp.access.members import revoke_open_invitations
from auditapp.access.models import Workspace
from auditapp.access.support import revoke_all_support
from auditapp.lib import clock
from auditapp.management.backup import DUMP, FORMAT, MANIFEST, Manifest, key_files
from auditapp.management.database_tools import load_database
from auditapp.management.owner_login import Connection, owner_login, prepare_database
from auditapp.record.acting import acting
from auditapp.record.database_roles import LET_OWNER_CREATE
from auditapp.record.drafts import SYSTEM
from auditapp.record.workspace_scope import in_workspace

# Made in the transaction that drops the old tables, dropped when the last key is in place: who finds it knows what happened.
MARK: Final = "restore_unfinished"
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename <> ''"


def restore_backup(file: Path, *, replace: bool) -> Manifest:
    """Put a backup in the place of this installation, which nothing may be using; an older one is then brought up to date.

    Takes:   replace, True where an installation that has workspaces may be thrown away
    Raises:  CommandError, before anything is touched or with what to do next
    """
    connection.close()
    try:
        with file.open("rb") as opened, ZipFile(opened) as archive, owner_login() as owner:
            manifest = _checked(archive, owner)
            _refuse_used(owner, replace=replace)
            _make_room(owner, file)
            with archive.open(DUMP) as dump:
                _load(owner, dump)
            for name in manifest.keys:
                _place_key(key_files().get(name), archive.read(f"keys/{name}"))
            owner.execute(f"DROP TABLE {MARK}")
    except OSError as fault:
        raise CommandError(f"{fault.filename or file}: {fault.strerror}.") from None
    except BadZipFile:
        raise CommandError(f"{file} is no backup, or it was cut off while it was copied.") from None
    call_command("migrate", verbosity=0, skip_checks=True)
    _end_invitations()
    return manifest


def _end_invitations() -> None:
    """An invitation that was open then, or support access, may have been used or taken back since; it must not work again."""
    for workspace in Workspace.objects.all():
        with in_workspace(workspace.id), acting(workspace.id, SYSTEM):
            revoke_open_invitations()
            revoke_all_support()


def unfinished_restore(owner: Connection) -> str:
    """What to do where a restore was cut off; "" where none was."""
    if not _has_table(owner, MARK):
        return ""
    return "A restore was cut off and this installation is not whole. Run it again: manage.py restore FILE"


def _has_table(owner: Connection, name: str) -> bool:
    return owner.execute("SELECT to_regclass(%s)", [f"public.{name}"]).fetchone() != (None,)


def _checked(archive: ZipFile, owner: Connection) -> Manifest:
    """The manifest of a backup that this code and this server can take, and whose bytes are those that were written."""
    try:
        values = json.loads(archive.read(MANIFEST))
        manifest = Manifest(**values) if values["format"] == FORMAT else None
    except (KeyError, TypeError, ValueError):
        raise BadZipFile from None
    if manifest is None:
        raise CommandError(f"This is a backup of format {values['format']}; this version reads format {FORMAT}.")
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if unknown := [one for one in manifest.migrations if one not in known]:
        raise CommandError(
            f"This backup was made by another version, whose tables this one does not know ({unknown[-1]}). Install the"
            " version that made it, or a newer one, and restore it there."
        )
    server_version = owner.info.server_version // 10_000
    if manifest.postgresql > server_version:
        raise CommandError(
            f"This backup comes from PostgreSQL {manifest.postgresql}, and the server here is {server_version}."
            f" Restore it on PostgreSQL {manifest.postgresql} or newer."
        )
    if damaged := archive.testzip():
        raise CommandError(f"{damaged} in this backup is damaged: its checksum does not fit. Take another copy.")
    return manifest


def _refuse_used(owner: Connection, *, replace: bool) -> None:
    others = owner.execute(OTHERS).fetchone()
    if others and others[0]:
        raise CommandError(f"{others[0]} connections to this database are open. Stop web and worker first.")
    if replace or unfinished_restore(owner) or not _has_table(owner, "workspace"):
        return
    with owner.transaction():
        owner.execute("SET LOCAL ROLE audit_owner")
        if owner.execute("SELECT 1 FROM workspace LIMIT 1").fetchone():
            raise CommandError(
                "There are workspaces here already. With --replace they are thrown away for those of the backup; back them"
                " up first."
            )


def _make_room(owner: Connection, file: Path) -> None:
    """Drop every table and function, and leave the mark, in one transaction."""
    prepare_database(owner)
    with owner.transaction():
        owner.execute("DROP OWNED BY audit_eraser, audit_owner CASCADE")
        # And no default privileges, which went too: they would add to what the dump grants. `migrate` sets them again.
        owner.execute(LET_OWNER_CREATE)
        owner.execute("SET LOCAL ROLE audit_owner")
        owner.execute(f"CREATE TABLE {MARK} AS SELECT %s::text AS file, now() AS begun_at", [str(file)])


def _load(owner: Connection, dump: IO[bytes]) -> None:
    # A function's new owner must be able to create in its schema at that moment.
    owner.execute("GRANT CREATE ON SCHEMA public TO audit_eraser")
    try:
        load_database(dump, server_version=owner.info.server_version // 10_000)
    finally:
        owner.execute("REVOKE CREATE ON SCHEMA public FROM audit_eraser")
    owner.execute("SET ROLE audit_owner")
    owner.execute("ANALYZE")


def _place_key(file: Path | None, text: bytes) -> None:
    """The key where it belongs, mode 0400; another one that lies there is kept under a name that says so."""
    if file is None or (file.exists() and file.read_bytes() == text):
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file.exists():
        file.rename(file.with_name(f"{file.name}.before-restore-{clock.now():%Y%m%dT%H%M%SZ}"))
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    draft.rename(file)
