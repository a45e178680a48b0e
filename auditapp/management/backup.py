"""A backup: one file with the database, the keys and a manifest that says what they are. Restoring it is in restore.py.

The file is a zip without compression (the dump is compressed already), so that its parts can be taken out by any tool.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final
from zipfile import ZIP_STORED, ZipFile

from django.conf import settings
from django.core.management.base import CommandError

from auditapp.lib import clock
from auditapp.management.database_tools import dump_database
from auditapp.management.owner_login import Connection, owner_login

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
DUMP: Final = "database.dump"
SEAL_KEY: Final = "seal.key"
APPLIED = "SELECT app || '.' || name FROM django_migrations ORDER BY id"
SEALED = "SELECT slug, coalesce(size, 0) FROM workspace LEFT JOIN tree_head ON workspace_id = id ORDER BY slug"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `migrations` says which version of the code made it, `workspaces` how many events each has sealed."""

    made_at: str
    postgresql: int
    migrations: list[str]
    workspaces: dict[str, int]
    keys: list[str] = field(default_factory=list)
    format: int = FORMAT


def key_files() -> Mapping[str, Path]:
    """The keys of this installation and where they lie; one that the environment gives is in no file."""
    folder = Path(settings.DATA_DIR) / "keys"
    files = {SEAL_KEY: Path(settings.SEAL_KEY_FILE), "secret.key": folder / "secret.key"}
    if not settings.SECRET_BOX_KEYS:
        files["secret_box.key"] = folder / "secret_box.key"
    return files


def write_backup(file: Path) -> Manifest:
    """Write a backup of the running installation; the file appears once it is whole, readable by its owner alone.

    Raises:  CommandError
    """
    if file.exists():
        raise CommandError(f"{file} is there already. Choose another name; nothing is overwritten.")
    partial = file.with_name(f"{file.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with owner_login() as owner, _created(partial) as archive:
            server_version = owner.info.server_version // 10_000
            manifest = _manifest(owner, server_version)
            keys = _keys(owner)
            with archive.open(DUMP, "w", force_zip64=True) as out:
                dump_database(out, server_version=server_version)
            for name, text in keys.items():
                archive.writestr(f"keys/{name}", text)
            manifest.keys.extend(keys)
            archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=2))
        partial.rename(file)
    except OSError as fault:
        raise CommandError(f"{file} cannot be written: {fault.strerror}.") from None
    finally:
        partial.unlink(missing_ok=True)
    return manifest


@contextmanager
def _created(partial: Path) -> Iterator[ZipFile]:
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        with ZipFile(opened, "w", ZIP_STORED) as archive:
            yield archive
        opened.flush()
        os.fsync(opened.fileno())


def _manifest(owner: Connection, server_version: int) -> Manifest:
    owner.execute("SET ROLE audit_owner")
    applied = [str(row[0]) for row in owner.execute(APPLIED)]
    workspaces = {str(slug): int(str(size)) for slug, size in owner.execute(SEALED)}
    return Manifest(clock.utc_text(clock.now()), server_version, applied, workspaces)


def _keys(owner: Connection) -> dict[str, bytes]:
    found = {}
    for name, file in key_files().items():
        try:
            found[name] = file.read_bytes()
        except FileNotFoundError:
            continue
        except PermissionError:
            raise CommandError(f"{file} cannot be read. Run this as the worker's user, which owns the keys.") from None
    if SEAL_KEY not in found and owner.execute("SELECT 1 FROM checkpoint LIMIT 1").fetchone():
        raise CommandError(
            f"The key that signs checkpoints is not in {settings.SEAL_KEY_FILE}, and a backup without it could not go on"
            " sealing. Run this on the worker's machine, or let SEAL_KEY_FILE name its file."
        )
    return found
