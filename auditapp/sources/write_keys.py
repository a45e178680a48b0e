"""Write keys: what clients send with their events, and what is done to them."""

import re
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from auditapp.catalogue.declaring import WITHHELD
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, NotFound
from auditapp.lib.ids import new_id, random_base62
from auditapp.record.drafts import Change
from auditapp.record.services import record
from auditapp.record.workspace_scope import with_secret
from auditapp.sources.locking import source_to_change
from auditapp.sources.models import Source, WriteKey

KEY_LENGTH: Final = 32
_SHAPE: Final = re.compile(r"[0-9A-Za-z]{20,64}")
# Clients that were built with the old key go on for so long.
OVERLAP: Final = timedelta(hours=24)


class OnlyKey(Conflict):
    """This is the only write key of the source. Add another one first, or turn the source off."""


def make_write_key(source: Source) -> WriteKey:
    """A new key for a source, in the caller's transaction; who may is the caller's to know."""
    return WriteKey.objects.create(
        workspace_id=source.workspace_id,
        id=new_id("wky"),
        source_id=source.id,
        key=random_base62(KEY_LENGTH),
        created_at=clock.now(),
    )


def live_keys(source: Source) -> QuerySet[WriteKey]:
    """The keys that a source takes now, the newest first."""
    keys = WriteKey.objects.filter(workspace_id=source.workspace_id, source_id=source.id)
    return keys.filter(_is_live()).order_by("-created_at", "id")


def source_behind(key: str) -> WriteKey | None:
    """The live key that a client sent, in whichever workspace it is."""
    if not _SHAPE.fullmatch(key):
        return None
    with with_secret(key.encode()):
        return WriteKey.objects.filter(_is_live(), key=key).first()


@transaction.atomic
def add_write_key(*, source_id: str) -> WriteKey:
    """Give a source one more write key; the others go on.

    Raises:  NotFound, Denied
    Writes:  WriteKey; source.write_key_added
    """
    source = source_to_change(source_id)
    key = make_write_key(source)
    record("source.write_key_added", target=source, changes=[Change("write_key", new=WITHHELD)])
    return key


@transaction.atomic
def rotate_write_key(*, source_id: str) -> WriteKey:
    """Give a source a new write key; its others end in 24 hours, so that no client stops meanwhile.

    Raises:  NotFound, Denied
    Writes:  WriteKey; source.write_key_rotated, without any key
    """
    source = source_to_change(source_id)
    live_keys(source).filter(ends_at=None).update(ends_at=clock.now() + OVERLAP)
    key = make_write_key(source)
    record(
        "source.write_key_rotated",
        target=source,
        meta={"overlap_hours": OVERLAP // timedelta(hours=1)},
        changes=[Change("write_key", WITHHELD, WITHHELD)],
    )
    return key


@transaction.atomic
def revoke_write_key(*, source_id: str, key_id: str) -> None:
    """End a write key at once. A source keeps at least one.

    Raises:  NotFound, Denied, OnlyKey
    Writes:  WriteKey; source.write_key_revoked
    """
    source = source_to_change(source_id)
    live = {key.id: key for key in live_keys(source)}
    if key_id not in live:
        raise NotFound
    if not any(key.ends_at is None for key in live.values() if key.id != key_id):
        raise OnlyKey
    WriteKey.objects.filter(workspace_id=source.workspace_id, id=key_id).update(ends_at=clock.now())
    record("source.write_key_revoked", target=source, changes=[Change("write_key", old=WITHHELD)])


def _is_live() -> Q:
    return Q(ends_at=None) | Q(ends_at__gt=clock.now())
