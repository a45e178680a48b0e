"""What is done to sources. Each is one transaction with its event in it."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from auditapp.access.labelling import Labelled, relabelled
from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid
from auditapp.lib.ids import new_id
from auditapp.record.drafts import Change, changed
from auditapp.record.services import record
from auditapp.sources.attached import delete_attached, told_of_attached
from auditapp.sources.locking import source_to_change
from auditapp.sources.models import SeenEvent, Source, SourceCount, SourceHead, WriteKey
from auditapp.sources.write_keys import make_write_key

# All of them are event streams: libraries that post to the same HTTP API.
KIND_NAMES = {
    "http_api": "HTTP API",
    "javascript": "JavaScript",
    "node": "Node.js",
    "python": "Python",
    "go": "Go",
    "java": "Java",
    "ruby": "Ruby",
    "php": "PHP",
    "dotnet": ".NET",
    "ios": "iOS",
    "android": "Android",
}


class AlreadySo(Conflict):
    """The source is in this state already. Somebody may have been faster; reload the page."""


class NameTaken(Invalid):
    """Another source has this name."""

    def __init__(self) -> None:
        super().__init__(field="name", code="taken")


@transaction.atomic
def create_source(*, name: str, labels: Sequence[str] = (), kind: str = "http_api") -> Source:
    """Make a source with a write key of its own; it is enabled at once.

    Raises:  Denied, Invalid, UnknownLabel, GivesTooMuch
    Writes:  Source, SourceHead, WriteKey; source.created
    """
    access = acting_access()
    access.require_everywhere(Permission.SOURCE_CREATE)
    if kind not in KIND_NAMES:
        raise Invalid("There is no such kind of source.", field="kind", code="unknown_kind")
    source = Source(
        workspace_id=access.workspace_id,
        id=new_id("src"),
        slug="",
        name=free_name(access.workspace_id, name),
        kind=kind,
        labels=relabelled(Labelled("source"), (), labels),
        created_at=clock.now(),
    )
    source.slug = free_slug(source)
    save_source(source, force_insert=True)
    SourceHead.objects.create(workspace_id=source.workspace_id, source_id=source.id)
    make_write_key(source)
    record("source.created", target=source, meta={"kind": KIND_NAMES[kind]}, changes=changed({}, _told(source)))
    return source


@transaction.atomic
def change_source(*, source_id: str, name: str, labels: Sequence[str]) -> Source:
    """Change a source's name and labels, which roles over labels follow. Its slug, which code may use, stays.

    Raises:  NotFound, Denied, Invalid, UnknownLabel, GivesTooMuch, OwnReach
    Writes:  Source; source.modified, unless nothing differs
    """
    source = source_to_change(source_id)
    before = _told(source)
    source.name = free_name(source.workspace_id, name, but=source_id)
    source.labels = relabelled(Labelled("source", source_id), source.labels, labels)
    if changes := changed(before, _told(source)):
        save_source(source, update_fields=["name", "labels"])
        record("source.modified", target=source, changes=changes)
    return source


@transaction.atomic
def enable_source(*, source_id: str) -> Source:
    """Let a source take events again.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  Source; source.enabled
    """
    return _switch(source_id, on=True)


@transaction.atomic
def disable_source(*, source_id: str) -> Source:
    """Stop a source: events sent to it are refused.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  Source; source.disabled
    """
    return _switch(source_id, on=False)


@transaction.atomic
def delete_source(*, source_id: str) -> None:
    """Delete a source. Its history stays, for all who may see it; what is in its inbox goes with the weeks.

    Raises:  NotFound, Denied
    Writes:  Source, SourceHead, WriteKey, SeenEvent, SourceCount; source.deleted, and what deletes what hangs on it
    """
    source = source_to_change(source_id)
    whole = whole_of_source(source)
    delete_attached(source)
    record("source.deleted", target=source, changes=changed(whole, {}))
    for kept in (WriteKey, SourceHead, SeenEvent, SourceCount):
        kept.objects.filter(workspace_id=source.workspace_id, source_id=source.id).delete()
    source.delete()


def _switch(source_id: str, *, on: bool) -> Source:
    source = source_to_change(source_id)
    if source.is_enabled is on:
        raise AlreadySo
    source.is_enabled = on
    source.save(update_fields=["is_enabled"])
    record(f"source.{'enabled' if on else 'disabled'}", target=source, changes=[Change("enabled", not on, on)])
    return source


def _told(source: Source) -> dict[str, Any]:
    """What events tell of a source: never its write key."""
    return {"name": source.name, "slug": source.slug, "labels": source.labels}


def whole_of_source(source: Source) -> dict[str, Any]:
    """All that events tell of a source, which is what one that was deleted comes back with."""
    told = {**_told(source), "kind": source.kind, "enabled": source.is_enabled}
    blocked = SeenEvent.objects.filter(workspace_id=source.workspace_id, source_id=source.id, is_allowed=False)
    names = [f"{kind}/{name}" for kind, name in blocked.order_by("type", "name").values_list("type", "name")]
    return told | ({"blocked": names} if names else {}) | told_of_attached(source)


def free_name(workspace_id: int, name: str, *, but: str = "") -> str:
    """The name, where it is one and no other source has it.

    Raises:  Invalid, NameTaken
    """
    name = name.strip()
    if not name:
        raise Invalid("Give the source a name.", field="name", code="required")
    if Source.objects.filter(workspace_id=workspace_id, name__iexact=name).exclude(id=but).exists():
        raise NameTaken
    return name


def save_source(source: Source, **how: Any) -> None:
    """Save it, also where two give a name at once.

    Raises:  NameTaken
    """
    try:
        with transaction.atomic():
            source.save(**how)
    except IntegrityError:  # somebody took the name between the look and the write
        raise NameTaken from None


def free_slug(source: Source) -> str:
    """The name as a slug, with the end of the id where another source has it or the name has no letter of ours."""
    slug = slugify(source.name)[:40]
    is_taken = Source.objects.filter(workspace_id=source.workspace_id, slug=slug).exists()
    return slug if slug and not is_taken else f"{slug or 'source'}-{source.id[-6:].lower()}"
