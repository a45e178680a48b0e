"""The key that signs checkpoints: one file that only the worker's user may read. Its public half is in the table seal_key.

The file has one line, as Go's sumdb/note writes it: `PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 and the 32-byte seed>`. The
name is SEAL_ORIGIN as it was when the key was made, so that a log keeps its origin when the site moves to another address.
"""

import os
import secrets
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection

from auditapp.lib import clock
from auditapp.merkle import NoteInvalid, Signer, Verifier
from auditapp.merkle.notes import ED25519_TYPE
from auditapp.sealing.errors import SealKeyMissing
from auditapp.sealing.models import Checkpoint, SealKey

_PREFIX: Final = "PRIVATE+KEY+"
# Two workers that find no key at the same moment, perhaps on two machines, must not both make one.
ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('audit_seal_key'))"


def signing_key() -> Signer:
    """The key of this installation; it is made where no checkpoint of any workspace was ever signed, and never again.

    The caller signs in the same transaction, outside of any workspace: that is what tells the next caller that a key exists.

    Raises:  SealKeyMissing, whose message says what to do
    Writes:  the key file and SealKey, once
    """
    file = Path(settings.SEAL_KEY_FILE)
    signer = _read(file)
    if signer and SealKey.objects.filter(vkey=signer.verifier.format()).exists():
        return signer
    with connection.cursor() as cursor:
        cursor.execute(ONE_AT_A_TIME)
    if Checkpoint.objects.exists():
        what = "holds another key than the one that signed this log" if signer else "is missing"
        raise SealKeyMissing(
            f"The file of the key that signs checkpoints, {file}, {what}. Restore that file from a backup, or copy it from"
            " the machine on which the first worker ran, readable by the worker's user alone (SEAL_KEY_FILE says where it"
            " is looked for). No new key is made, because checkpoints exist: whoever holds the old public key could not"
            " tell a new one from a forgery. Nothing is lost: events are recorded and wait for their seal."
        )
    signer = signer or _make(file)
    SealKey.objects.get_or_create(vkey=signer.verifier.format(), defaults={"created_at": clock.now()})
    return signer


def known_verifiers() -> list[Verifier]:
    """The public keys that this installation has signed with."""
    verifiers = []
    for vkey in SealKey.objects.order_by("created_at").values_list("vkey", flat=True):
        # A line that is no key vouches for nothing: what it signed is then found unsigned.
        with suppress(NoteInvalid):
            verifiers.append(Verifier.parse(vkey))
    return verifiers


def origin_of(key_name: str, workspace_id: int) -> str:
    """The first line of a workspace's checkpoints."""
    return f"{key_name}/ws_{workspace_id}"


def _read(file: Path) -> Signer | None:
    try:
        line = file.read_text("ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SealKeyMissing(
            f"The file of the key that signs checkpoints, {file}, cannot be read ({type(error).__name__}). Let the worker's"
            " user own it with mode 0400, or restore it from a backup."
        ) from None  # the file's text stays out of every traceback
    try:
        name, _, key = line.removeprefix(_PREFIX).split("+", 2)
        signer = Signer(name, b64decode(key, validate=True).removeprefix(ED25519_TYPE))
        is_whole = _format(signer, b64decode(key)[1:]) == line
    except (ValueError, NoteInvalid):
        is_whole = False
    if not is_whole:
        raise SealKeyMissing(
            f"The file {file} does not hold a key that signs checkpoints: it is damaged or another file. Restore it from a backup."
        )
    return signer


def _make(file: Path) -> Signer:
    seed = os.urandom(32)
    line = _format(Signer(settings.SEAL_ORIGIN, seed), seed)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Under a name of its own first: nobody reads half a key, and a key that is there already is not overwritten.
        draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as opened:
            opened.write(line + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        with suppress(FileExistsError):
            file.hardlink_to(draft)
        draft.unlink()
        _sync(file.parent)
    except OSError as error:
        raise SealKeyMissing(f"The key that signs checkpoints cannot be written to {file}: {error.strerror}.") from None
    made = _read(file)
    if made is None:
        raise SealKeyMissing(f"The key that signs checkpoints was written to {file} and is gone again.")
    return made


def _format(signer: Signer, seed: bytes) -> str:
    verifier = signer.verifier
    return f"{_PREFIX}{verifier.name}+{verifier.key_id.hex()}+{b64encode(ED25519_TYPE + seed).decode()}"


def _sync(folder: Path) -> None:
    """The name of a new file is on disk only once its folder is."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
