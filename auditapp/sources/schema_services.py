"""What is done to the schema of a source: events are let through, blocked and archived. Each with its event in the transaction."""

from django.db import transaction

from auditapp.lib.errors import Conflict, NotFound
from auditapp.record.drafts import Change
from auditapp.record.services import record
from auditapp.sources.locking import source_to_change
from auditapp.sources.models import SeenEvent, Source

# Those that have a name of their own; identify, group and alias calls are one each.
NAMED = ("track", "page", "screen")


class AlreadySo(Conflict):
    """This event is in this state already. Somebody may have been faster; reload the page."""


@transaction.atomic
def allow_event(*, source_id: str, type: str, name: str) -> SeenEvent:
    """Let an event through again.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  SeenEvent; source_schema.event_allowed
    """
    return _set_allowed(source_id, type, name, is_allowed=True)


@transaction.atomic
def block_event(*, source_id: str, type: str, name: str) -> SeenEvent:
    """Stop an event at the source: it stays visible in the debugger and reaches no destination.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  SeenEvent; source_schema.event_blocked
    """
    return _set_allowed(source_id, type, name, is_allowed=False)


@transaction.atomic
def archive_event(*, source_id: str, type: str, name: str) -> None:
    """Take an event off the page of the schema until it is seen again; nothing is stopped by that.

    Raises:  NotFound, Denied
    Writes:  SeenEvent; source_schema.event_archived
    """
    source = source_to_change(source_id)
    seen = _seen(source, type, name)
    seen.is_archived = True
    seen.save(update_fields=["is_archived"])
    record("source_schema.event_archived", target=source, meta={"event": name, "call": type})


@transaction.atomic
def restore_event(*, source_id: str, type: str, name: str) -> None:
    """Show an event on the page of the schema again that was taken off it.

    Raises:  NotFound, Denied, AlreadySo
    Writes:  SeenEvent; source_schema.event_restored
    """
    source = source_to_change(source_id)
    seen = _seen(source, type, name)
    if not seen.is_archived:
        raise AlreadySo
    seen.is_archived = False
    seen.save(update_fields=["is_archived"])
    record("source_schema.event_restored", target=source, meta={"event": name, "call": type})


def _set_allowed(source_id: str, type: str, name: str, *, is_allowed: bool) -> SeenEvent:
    source = source_to_change(source_id)
    seen = _seen(source, type, name)
    if seen.is_allowed is is_allowed:
        raise AlreadySo
    seen.is_allowed = is_allowed
    seen.save(update_fields=["is_allowed"])
    record(
        f"source_schema.event_{'allowed' if is_allowed else 'blocked'}",
        target=source,
        meta={"event": name, "call": type},
        changes=[Change("allowed", not is_allowed, is_allowed)],
    )
    return seen


def _seen(source: Source, type: str, name: str) -> SeenEvent:
    rows = SeenEvent.objects.select_for_update().filter(workspace_id=source.workspace_id, source_id=source.id)
    seen = rows.filter(type=type, name=name).first() if type in NAMED else None
    if seen is None:
        raise NotFound
    return seen
