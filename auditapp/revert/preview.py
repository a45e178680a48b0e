"""What a revert would do, before it does it: every field in its three values, what it causes, and why something cannot be done.

The service makes the same preview again under locks, and acts only where nothing differs from what was looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

from auditapp.access.permissions import Access
from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.personal_text import holds_address
from auditapp.record.drafts import MISSING, Change, Target
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.masking import HIDDEN
from auditapp.record.viewer import Viewer
from auditapp.revert.errors import NotUndoable, UnknownField
from auditapp.revert.fields import (
    WHOLE,
    Field,
    Standing,
    differing,
    is_same,
    is_withheld,
    merged,
    version_before,
    weighed,
)
from auditapp.revert.kind import RevertKind, revert_kind
from auditapp.revert.models import What
from auditapp.revert.queries import undone_fields

MOST_EVENTS: Final = 100
MOST_LATER: Final = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One resource in a preview.

    `rows` are the events that are undone, newest first; `later` what happened to the resource since, newest first; `brings` the
    values with which a deleted resource comes back; `refusal` says why nothing of it can be done; `asks` names what has to be
    entered, or may be, by path; `effects` what it causes.
    """

    kind: RevertKind[Any]
    target: Target
    rows: Sequence[EventRow]
    fields: Sequence[Field]
    resource: Any
    refusal: str = ""
    brings: Sequence[Field] = ()
    later: Sequence[EventRow] = ()
    asks: Mapping[str, str] = field(default_factory=dict)
    effects: Sequence[str] = ()
    is_risky: bool = False

    def key_of(self, path: str) -> str:
        """The name of a field among those of all the resources of a preview."""
        return f"{self.target.type}:{self.target.id}:{path}"

    @property
    def choices(self) -> list[Field]:
        """The fields that can be set back."""
        return [] if self.refusal else [one for one in self.fields if one.standing.may_change]

    def chosen(self, keys: Iterable[str]) -> list[Field]:
        """Those of the fields that were chosen."""
        wanted = set(keys)
        return [one for one in self.choices if self.key_of(one.path) in wanted]

    @property
    def withheld(self) -> list[Field]:
        return [one for one in (*self.fields, *self.brings) if one.standing in _GONE]

    def goal(self, fields: Sequence[Field]) -> dict[str, Any]:
        """The values that these fields get."""
        return {one.path: one.before for one in fields}

    def label(self, path: str) -> str:
        """What a person calls a field of it."""
        return self.kind.label(path, self.rows[0].event)

    def changed_since(self, changed: Field) -> EventRow | None:
        """The latest event that changed a field after the one that is undone."""
        changing = (row for row in self.later if any(one.path == changed.path for one in self.kind.changes(row.event)))
        return next(changing, None)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a revert of this event would do. `stamp` is the same as long as all of it is."""

    row: EventRow
    what: What
    parts: Sequence[Part]
    left_out: Sequence[EventRow] = ()

    @property
    def has_choices(self) -> bool:
        return any(part.choices for part in self.parts)

    @property
    def is_risky(self) -> bool:
        return any(part.is_risky for part in self.parts)

    def keys(self, chosen: Iterable[str]) -> set[str]:
        """What was chosen, by the keys of its parts; of a single resource, a path alone is enough.

        Raises:  UnknownField
        """
        known = {part.key_of(one.path): one.path for part in self.parts for one in part.fields}
        by_path = {path: key for key, path in known.items()} if len(self.parts) == 1 else {}
        found = set()
        for one in chosen:
            key = one if one in known else by_path.get(one)
            if key is None:
                raise UnknownField(one, known)
            found.add(key)
        return found

    @property
    def stamp(self) -> str:
        told = [[part.target.type, part.target.id, part.refusal, *map(_told, part.fields)] for part in self.parts]
        return sha256(canonical_bytes([self.row.key, str(self.what), told])).hexdigest()


def can_undo(row: EventRow) -> bool:
    """Whether there is a way back from this event at all. What other systems sent says nothing of how our resources stand."""
    resource = row.resource
    kind = revert_kind(resource.type) if resource else None
    return bool(kind and row.event.origin == "app" and row.event.outcome == "success" and kind.changes(row.event))


def may_undo(access: Access, row: EventRow) -> bool:
    """Whether there is a way back that the subject may go. What is gone may hinder that too; that is said on the way."""
    if not can_undo(row) or row.resource is None:
        return False
    kind = revert_kind(row.resource.type)
    return kind is not None and not kind.refusal(access, kind.find(access, row.resource.id))


def make_preview(access: Access, viewer: Viewer, row: EventRow, what: What, *, lock: bool = False) -> Preview:
    """What a revert would do to everything it touches, as it is now.

    Takes:   row, with all its changes; lock, to keep the resources as they are until the caller's transaction ends
    Raises:  NotUndoable
    """
    rows = _request_rows(viewer, row) if what is What.REQUEST else [row]
    undoable = [one for one in rows if can_undo(one)]
    if not undoable:
        raise NotUndoable
    if what is What.VERSION:
        parts = [_version_part(access, viewer, row, lock=lock)]
    else:
        # In one order, so that two reverts never wait for each other in a circle.
        groups = sorted(_by_resource(undoable).items())
        parts = [_change_part(access, viewer, group, lock=lock) for _, group in groups]
    return Preview(row, what, parts, [one for one in rows if one not in undoable])


def request_size(viewer: Viewer, row: EventRow) -> int:
    """How many events of this one's request can be undone, itself among them."""
    return len([one for one in [row, *visible_events(viewer).related(row, by="request_id")] if can_undo(one)])


def _request_rows(viewer: Viewer, row: EventRow) -> list[EventRow]:
    events = visible_events(viewer)
    others = events.related(row, by="request_id", size=MOST_EVENTS)
    if len(others) >= MOST_EVENTS:
        raise NotUndoable(f"This request has more than {MOST_EVENTS} events. Undo them one by one.")
    # A list has few changes of each event; here every one of them counts.
    rows = [row, *(full for one in others if (full := events.get(one.id)))]
    return sorted(rows, key=lambda one: one.page_key, reverse=True)


def _by_resource(rows: Sequence[EventRow]) -> dict[tuple[str, str], list[EventRow]]:
    groups: dict[tuple[str, str], list[EventRow]] = {}
    for row in rows:
        assert row.resource is not None  # can_undo
        groups.setdefault((row.resource.type, row.resource.id), []).append(row)
    return groups


def _begin(access: Access, row: EventRow, *, lock: bool) -> tuple[RevertKind[Any], Target, Any, dict[str, Any]]:
    target = row.resource
    kind = revert_kind(target.type) if target else None
    if target is None or kind is None:
        raise NotUndoable
    resource = kind.find(access, target.id, lock=lock)
    now = {WHOLE: True, **kind.values(resource)} if resource is not None else {}
    return kind, resource.audit_target if resource else target, resource, now


def _change_part(access: Access, viewer: Viewer, rows: Sequence[EventRow], *, lock: bool) -> Part:
    kind, target, resource, now = _begin(access, rows[0], lock=lock)
    changes = merged([kind.changes(row.event) for row in reversed(rows)])
    done = undone_fields(access.workspace_id, [row.id for row in rows])
    whole = next((change for change in changes if change.path == WHOLE), None)
    brings: list[Field] = []
    if whole is None:
        fields = [_field(kind, change, now, done) for change in changes]
    else:
        fields = [_whole_field(kind, whole, changes, now, done)]
        if whole.old is True:
            brings = [_field(kind, change, now, {}) for change in changes if change.path != WHOLE]
    later = _later(viewer, rows[0]) if any(one.standing is Standing.CONFLICT for one in fields) else []
    refusal = _refusal(kind, access, resource, is_whole=whole is not None, target=target)
    fields, brings = ([_as_seen(one, viewer) for one in some] for some in (fields, brings))
    return _finished(Part(kind, target, rows, fields, resource, refusal, brings, later))


def _version_part(access: Access, viewer: Viewer, row: EventRow, *, lock: bool) -> Part:
    kind, target, resource, now = _begin(access, row, lock=lock)
    seeing_all = replace(viewer, sees_all=True)
    later = _later(seeing_all, row)
    hidden = len(later) - len(_later(viewer, row))
    done = [kind.changes(one.event) for one in later if can_undo(one)]
    if kind.changes(row.event)[0].path == WHOLE and WHOLE not in now and not done:
        raise NotUndoable("This event deleted it. Undo the deletion to bring it back.")
    version = version_before(now, done)
    changes = differing(now, version)
    fields = [_field(kind, change, now, {}) for change in changes if change.path != WHOLE]
    brings: list[Field] = []
    if WHOLE in version and WHOLE not in now:
        fields, brings = [Field(WHOLE, True, MISSING, MISSING, Standing.SAFE)], fields
    refusal = _refusal(kind, access, resource, is_whole=bool(brings), target=target)
    if hidden:
        refusal = "Your role does not show everything that happened to it since. An owner can restore it."
    fields, brings = ([_as_seen(one, viewer) for one in some] for some in (fields, brings))
    return _finished(Part(kind, target, [row], fields, resource, refusal, brings, later))


def _finished(part: Part) -> Part:
    if any(one.before == HIDDEN for one in part.brings):
        # Without what is hidden it would come back as another one: a rule that looks for nothing fires for everything.
        part = replace(
            part, refusal=part.refusal or "Your role does not show all that it was. An owner can bring it back."
        )
    if not part.choices:
        return part
    goal = part.goal(part.choices)
    brought = part.goal([one for one in part.brings if one.before is not MISSING])
    return replace(
        part,
        asks=part.kind.asks(part.resource, goal | brought),
        effects=part.kind.effects(part.resource, goal | brought),
        is_risky=part.kind.is_risky(part.resource, goal),
    )


def _later(viewer: Viewer, row: EventRow) -> list[EventRow]:
    assert row.resource is not None
    wanted = EventFilter(resources=Choice((f"{row.resource.type}:{row.resource.id}",)))
    page = visible_events(viewer).page(wanted, newer=row.page_key, size=MOST_LATER, with_all_changes=True)
    if page.newer is not None:
        raise NotUndoable(f"More than {MOST_LATER:,} events followed. Restore a later version.")
    return list(page.rows)


def _field(kind: RevertKind[Any], change: Change, now: Mapping[str, Any], done: Mapping[str, Any]) -> Field:
    found = weighed(change, now.get(change.path, MISSING), is_settable=kind.is_settable(change.path))
    return replace(found, standing=Standing.DONE) if change.path in done else found


def _as_seen(told: Field, viewer: Viewer) -> Field:
    """A field without what its viewer may not see: of the event that is gone already, but not of what the resource holds now.

    What it was before stays: it is put back as it is, or cannot be where the event hides it.
    """
    if viewer.sees_personal:
        return told
    is_hidden = HIDDEN in (told.before, told.after)

    def seen(value: Any) -> Any:
        return HIDDEN if value is not MISSING and (is_hidden or holds_address(value)) else value

    return replace(told, after=seen(told.after), now=seen(told.now))


def _whole_field(
    kind: RevertKind[Any], whole: Change, changes: Sequence[Change], now: Mapping[str, Any], done: Mapping[str, Any]
) -> Field:
    found = weighed(whole, now.get(WHOLE, MISSING), is_settable=True)
    if WHOLE in done:
        return replace(found, standing=Standing.DONE)
    if found.standing is not Standing.SAFE or whole.old is True:
        return found
    made = [change for change in changes if change.path != WHOLE and not is_withheld(change.new)]
    is_touched = any(not is_same(change.new, now.get(change.path, MISSING)) for change in made)
    return replace(found, standing=Standing.CONFLICT) if is_touched else found


def _refusal(kind: RevertKind[Any], access: Access, resource: Any, *, is_whole: bool, target: Target) -> str:
    if resource is None and not is_whole:
        name = f"“{target.name}”" if target.name else "What this changed"
        return f"{name} is not there any more, or not yours to see. If it was deleted, undo that first."
    return kind.refusal(access, resource)


def _told(told: Field) -> list[Any]:
    values = [[] if value is MISSING else [value] for value in (told.before, told.after, told.now)]
    return [told.path, str(told.standing), values]


_GONE: Final = frozenset({Standing.WITHHELD, Standing.ERASED})
