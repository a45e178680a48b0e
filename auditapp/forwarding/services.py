"""What is done to Audit Forwarding. Each is one transaction with its event in it, which is forwarded itself."""

from datetime import datetime
from typing import Any, Final, Literal

from django.db import transaction

from auditapp.access.models import Workspace
from auditapp.access.permissions import Access, Permission, acting_access
from auditapp.forwarding.backfill import BACKFILL_KIND
from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.queries import forwarding_of, index_at, position_of, size_of_log
from auditapp.forwarding.track_call import test_call
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid
from auditapp.lib.ids import random_base62
from auditapp.pipeline.intake import take_in
from auditapp.record.acting import current_acting
from auditapp.record.drafts import Change, HasTarget, changed
from auditapp.record.query_language import parse_query
from auditapp.record.services import record
from auditapp.sources.models import Source
from auditapp.sources.queries import note_trail
from auditapp.tasks.services import cancel_task

MAX_QUERY: Final = 2_000
Start = Literal["continue", "now"] | datetime


class NoSource(Conflict):
    """Audit events have no source to go to. Choose one, save, and try again."""


@transaction.atomic
def save_forwarding(
    *, source_id: str, is_on: bool, query: str = "", has_one_name: bool = False, start: Start = "continue"
) -> Forwarding:
    """Say what is forwarded, and whether it is.

    Takes:   query, a line of the trail's language, "" for everything but reads; start, from where: where it stopped, from now on,
             or from a moment in the past, whose events go in order and at a limited rate
    Raises:  Denied, Invalid
    Writes:  Forwarding, Task; audit_forwarding.enabled, .disabled, .modified, .backfill_started, for what differs
    """
    access = acting_access()
    access.require(Permission.WORKSPACE_MANAGE)
    forwarding = _locked(access)
    before, was_on, reader = told_of_forwarding(forwarding), forwarding.is_on, forwarding.reader_name
    source = _source(access, source_id, is_needed=is_on)
    if problems := parse_query(query).problems:
        raise Invalid(str(problems[0]), field="query", code="bad_query")
    if len(query) > MAX_QUERY:
        raise Invalid(f"A query has at most {MAX_QUERY:,} characters.", field="query", code="too_long")
    forwarding.is_on, forwarding.source_id = is_on, source.id if source else ""
    forwarding.query, forwarding.has_one_name = query.strip(), has_one_name
    backfill = _started(forwarding, start, was_on=was_on) if is_on else 0
    forwarding.changed_at = clock.now()
    forwarding.save()
    if not is_on or forwarding.reader_name != reader:
        cancel_task(kind=BACKFILL_KIND, key=reader)  # one from another place is started where there is a past to send
    if source:
        note_trail(source)
    targets: list[HasTarget] = [forwarding, source] if source else [forwarding]
    if was_on != is_on:
        record(
            f"audit_forwarding.{'enabled' if is_on else 'disabled'}",
            target=targets,
            changes=[Change("enabled", was_on, is_on)],
        )
    if changes := changed(before, told_of_forwarding(forwarding)):
        record("audit_forwarding.modified", target=targets, changes=changes)
    if backfill and isinstance(start, datetime):
        meta = {"events": backfill, "from": clock.utc_text(start)}
        record("audit_forwarding.backfill_started", target=targets, meta=meta)
    return forwarding


@transaction.atomic
def send_test_event() -> str:
    """Put an event called "Audit Test" into the source, which tells of nothing that happened.

    Gives:   its message id
    Raises:  Denied, NoSource
    Writes:  SourceEvent; audit_forwarding.test_sent
    """
    access = acting_access()
    access.require(Permission.WORKSPACE_MANAGE)
    forwarding = _locked(access)
    source = Source.objects.filter(workspace_id=access.workspace_id, id=forwarding.source_id, is_enabled=True).first()
    if source is None:
        raise NoSource
    message_id = f"audit-test-{random_base62(22)}"
    workspace = Workspace.objects.get(id=access.workspace_id)
    call = test_call(
        workspace_id=workspace.id,
        workspace_slug=workspace.slug,
        actor=current_acting().actor,
        at=clock.now(),
        message_id=message_id,
    )
    take_in(source, [call])
    record("audit_forwarding.test_sent", target=[forwarding, source])
    return message_id


def _locked(access: Access) -> Forwarding:
    Forwarding.objects.bulk_create([forwarding_of(access.workspace_id)], ignore_conflicts=True)
    return Forwarding.objects.select_for_update().get(workspace_id=access.workspace_id)


def _source(access: Access, source_id: str, *, is_needed: bool) -> Source | None:
    if not source_id:
        if is_needed:
            raise Invalid("Choose the source that audit events go to.", field="source_id", code="required")
        return None
    source = Source.objects.filter(workspace_id=access.workspace_id, id=source_id).first()
    if source is None:
        raise Invalid("This source is gone. Choose another one.", field="source_id", code="unknown")
    if is_needed and not source.is_enabled:
        raise Invalid(
            "This source is turned off. Turn it on first, or choose another one.", field="source_id", code="disabled"
        )
    return source


def _started(forwarding: Forwarding, start: Start, *, was_on: bool) -> int:
    """Where the reader begins; gives how many events of the past it has to send first."""
    size = size_of_log(forwarding.workspace_id)
    if start == "continue":
        if forwarding.generation == 0:
            _begin(forwarding, size, size)
        elif not was_on:
            # What happened while it was off counts as the past.
            forwarding.backfill_end = size
        return 0
    first = size if start == "now" else index_at(forwarding.workspace_id, start)
    if start == "now" and was_on:
        return 0
    if position_of(forwarding) != first or forwarding.generation == 0:
        _begin(forwarding, first, size)
    return size - first


def _begin(forwarding: Forwarding, start: int, size: int) -> None:
    """Another reader, since a reader never goes back."""
    forwarding.generation += 1
    forwarding.start_index, forwarding.backfill_end = start, size


def told_of_forwarding(forwarding: Forwarding) -> dict[str, Any]:
    """What events tell of what is forwarded."""
    return {"source": forwarding.source_id, "query": forwarding.query, "one_name": forwarding.has_one_name}
