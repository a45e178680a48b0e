"""Reverting. One transaction: locks, the preview once more, what the resources' own services do, and the links."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from auditapp.access.permissions import Access, acting_access, viewer_for
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, NotFound
from auditapp.record.acting import acting, current_acting
from auditapp.record.drafts import MISSING, EventDraft
from auditapp.record.event_query import visible_events
from auditapp.record.services import recorded_here
from auditapp.revert.errors import NothingChosen, NotUndoable
from auditapp.revert.fields import WHOLE, Field
from auditapp.revert.models import Revert, What
from auditapp.revert.preview import Part, Preview, make_preview


class StalePreview(Conflict):
    """Something changed since this preview was made. Look at the fresh one, and decide again."""

    def __init__(self, fresh: Preview) -> None:
        super().__init__()
        self.fresh = fresh


@transaction.atomic
def revert(
    *, event_id: UUID, what: What, stamp: str, chosen: Collection[str], secrets: Mapping[str, str] | None = None
) -> list[EventDraft]:
    """Set back what was chosen in a preview; gives the events that tell of it.

    Takes:   stamp, of the preview that was looked at; chosen, as `Preview.keys` takes them; secrets, what was entered of
             what it asked for, by the same keys
    Raises:  NotFound, NotUndoable, StalePreview with a fresh one, UnknownField, NothingChosen, and what the resources' services raise
    Writes:  Revert, and what those services write; their events carry `reverts` (or `restores`) in their context
    """
    access = acting_access()
    viewer = viewer_for(access)
    row = visible_events(viewer).get(event_id)
    if row is None:
        raise NotFound
    preview = make_preview(access, viewer, row, what, lock=True)
    if is_stale(preview, stamp):
        raise StalePreview(preview)
    keys = preview.keys(chosen)
    work = [(part, fields) for part in preview.parts if (fields := part.chosen(keys))]
    _refuse_what_cannot_be(access, preview, keys, work)
    done: list[EventDraft] = []
    for part, fields in sorted(work, key=_turn):
        done += _carry_out(preview, part, fields, secrets or {})
    return done


def _refuse_what_cannot_be(
    access: Access, preview: Preview, keys: Collection[str], work: Sequence[tuple[Part, Sequence[Field]]]
) -> None:
    for part in preview.parts:
        if part.refusal and (not keys or any(part.key_of(one.path) in keys for one in part.fields)):
            part.kind.require(access, part.resource)  # tells of who may not as of any other try
            raise NotUndoable(part.refusal)
    if not work or len(keys) != sum(len(fields) for _, fields in work):
        raise NothingChosen


def is_stale(preview: Preview, stamp: str) -> bool:
    """Whether this is not what was looked at."""
    return preview.stamp != stamp


def _turn(work: tuple[Part, Sequence[Field]]) -> tuple[int, int, tuple[Any, ...]]:
    """What comes back comes first, parents before what hangs in them; then fields, newest first; what goes, goes last."""
    part, fields = work
    newest = part.rows[0].page_key
    when = (-newest.occurred_at.timestamp(), -newest.event_id.int)
    if fields[0].path != WHOLE:
        return 1, 0, when
    return (0, part.kind.depth, when) if fields[0].before is True else (2, -part.kind.depth, when)


def _carry_out(preview: Preview, part: Part, fields: Sequence[Field], secrets: Mapping[str, str]) -> list[EventDraft]:
    now = current_acting()
    link = "restores" if preview.what is What.VERSION else "reverts"
    context = {**now.context, link: [row.key for row in part.rows]}
    with acting(now.workspace_id, now.actor, needs_reason=now.needs_reason, **context), recorded_here() as recorded:
        _apply(part, fields, {path: secrets.get(part.key_of(path), "") for path in part.asks})
    if not recorded:
        raise Conflict("Nothing had to be set back: it is as it was already.")
    _link(preview.what, part, fields, recorded)
    return recorded


def _apply(part: Part, fields: Sequence[Field], secrets: Mapping[str, str]) -> None:
    goal = part.goal(fields)
    if WHOLE not in goal:
        assert part.resource is not None  # a preview has no choices without it
        part.kind.write(part.resource, goal, secrets)
    elif goal[WHOLE] is True:
        known = {field.path: field.before for field in part.brings if field not in part.withheld}
        values = {path: one for path, one in known.items() if one is not MISSING}
        part.kind.restore(part.target.id, part.target.name, values, secrets)
    else:
        assert part.resource is not None
        part.kind.delete(part.resource)


def _link(what: What, part: Part, fields: Sequence[Field], recorded: Sequence[EventDraft]) -> None:
    ids, workspace_id = [row.id for row in part.rows], current_acting().workspace_id
    links = [
        Revert(
            workspace_id=workspace_id,
            event_id=row.id,
            path=field.path,
            by_event_id=_teller(part, field, recorded).id,
            what=what,
            by_name=current_acting().actor.name,
            at=clock.now(),
        )
        for row in part.rows
        for field in fields
        if field.path in {change.path for change in part.kind.changes(row.event)} or what is What.VERSION
    ]
    try:
        with transaction.atomic():
            Revert.objects.bulk_create(links)
    except IntegrityError:
        raise Conflict("Somebody undid this a moment ago.") from None
    if what is not What.VERSION:
        # What these events had undone may be undone again.
        undone = Revert.objects.filter(workspace_id=workspace_id, by_event_id__in=ids, undone_at=None)
        undone.filter(path__in=[field.path for field in fields]).update(undone_at=clock.now())


def _teller(part: Part, field: Field, recorded: Sequence[EventDraft]) -> EventDraft:
    """The event that says of this field that it was set back."""
    for draft in recorded:
        if any(change.path == field.path for change in part.kind.changes(draft)):
            return draft
    return recorded[0]
