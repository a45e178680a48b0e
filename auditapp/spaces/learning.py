"""What events tell of spaces: the first one about a space makes it known, newer ones rename it, say that it is gone, or there again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from auditapp.record.drafts import EventDraft
from auditapp.record.scopes import SPACE, spaces_among
from auditapp.spaces.models import Space

# Whoever may record events makes spaces known; each costs those who see all of them a little at every page.
MOST: Final = 1_000
GONE: Final = {"space.created": False, "space.restored": False, "space.deleted": True}


@dataclass(slots=True)
class _Told:
    """What some events tell of one space, and when they told it."""

    first_at: datetime
    name: str = ""
    named_at: datetime | None = None
    is_gone: bool = False
    state_at: datetime | None = None


def learn_spaces(drafts: Sequence[EventDraft]) -> None:
    """Keep what these events, which were just written, tell of spaces.

    Takes:   drafts, all of one workspace
    Writes:  Space, only where they tell something new: nobody waits for another who tells of the same space
    """
    told = _told(drafts)
    if not told:
        return
    workspace_id = drafts[0].workspace_id
    here = Space.objects.filter(workspace_id=workspace_id)
    known = {space.id: space for space in here.filter(id__in=told)}
    if new := sorted(told.keys() - known.keys()):
        new = new[: max(MOST - here.count(), 0)]
        # Who was faster stays; what is newer here is written below.
        Space.objects.bulk_create((_new(workspace_id, one, told[one]) for one in new), ignore_conflicts=True)
    for space_id in sorted([*known, *new]):
        _write_newer(workspace_id, space_id, known.get(space_id), told[space_id])


def _told(drafts: Iterable[EventDraft]) -> dict[str, _Told]:
    found: dict[str, _Told] = {}
    for draft in drafts:
        at = draft.occurred_at
        for space in spaces_among(draft.targets):
            one = found.setdefault(space.id, _Told(at))
            if space.name and (one.named_at is None or at >= one.named_at):
                one.name, one.named_at = space.name, at
        resource = next(iter(draft.targets), None)
        if resource and resource.type == SPACE and draft.type in GONE and draft.outcome == "success":
            state = found.get(resource.id)
            if state and (state.state_at is None or at >= state.state_at):
                state.is_gone, state.state_at = GONE[draft.type], at
    return found


def _new(workspace_id: int, space_id: str, told: _Told) -> Space:
    return Space(
        workspace_id=workspace_id,
        id=space_id,
        name=told.name,
        named_at=told.named_at or told.first_at,
        state_at=told.state_at or told.first_at,
        deleted_at=told.state_at if told.is_gone else None,
        created_at=told.first_at,
    )


def _write_newer(workspace_id: int, space_id: str, known: Space | None, told: _Told) -> None:
    row = Space.objects.filter(workspace_id=workspace_id, id=space_id)
    if told.named_at and (known is None or (known.name != told.name and known.named_at <= told.named_at)):
        row.filter(named_at__lte=told.named_at).exclude(name=told.name).update(name=told.name, named_at=told.named_at)
    if told.state_at and (
        known is None or (bool(known.deleted_at) is not told.is_gone and known.state_at <= told.state_at)
    ):
        gone = {"deleted_at": told.state_at if told.is_gone else None, "state_at": told.state_at}
        row.filter(state_at__lte=told.state_at, deleted_at__isnull=told.is_gone).update(**gone)
