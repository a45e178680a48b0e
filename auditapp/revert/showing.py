"""A preview in words, for its page and for the API: what each field was, is and would be, and why one cannot go back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from auditapp.lib.ids import event_key
from auditapp.record.drafts import MISSING
from auditapp.record.event_row import EventRow
from auditapp.record.masking import HIDDEN
from auditapp.revert.fields import WHOLE, Field, Standing, is_withheld
from auditapp.revert.preview import Part, Preview

LONGEST: Final = 300
SWITCHES: Final = ("enabled",)
WHY_NOT: Final = {
    Standing.SAME: "It is so already.",
    Standing.WITHHELD: "It was never stored, so it cannot come back.",
    Standing.ERASED: "It was erased, so it cannot come back.",
    Standing.FIXED: "It cannot be set back.",
    Standing.DONE: "It was undone already.",
}


class Stops(StrEnum):
    """How much of a preview stops, removes or revokes something."""

    NONE = "none"
    SOME = "some"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field as a line of the page; `is_ticked` where nothing speaks against it."""

    key: str
    label: str
    before: str
    after: str
    now: str
    standing: str
    why_not: str
    changed_since: EventRow | None
    may_change: bool
    is_ticked: bool


@dataclass(frozen=True, slots=True)
class PartView:
    """A resource of the preview with its lines."""

    part: Part
    fields: Sequence[FieldView]
    brings: Sequence[FieldView]
    asks: Sequence[tuple[str, str]]
    conflicts: int

    @property
    def has_choices(self) -> bool:
        return any(one.may_change for one in self.fields)


def value_words(value: Any) -> str:
    """A value for the eye: JSON on one line, shortened."""
    if value is MISSING:
        return "—"
    if is_withheld(value):
        return "••• hidden from your role" if value == HIDDEN else "secret, never stored"
    if isinstance(value, list) and value and all(isinstance(one, str) and one.strip() for one in value):
        text = ", ".join(value)
    else:
        text = value if isinstance(value, str) and value.strip() else orjson.dumps(value).decode()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def part_views(preview: Preview) -> list[PartView]:
    """The parts of a preview, the resource of its event first."""
    own = preview.row.resource
    views = [_part_view(part) for part in preview.parts]
    return sorted(views, key=lambda one: (one.part.target.type, one.part.target.id) != (own.type, own.id) if own else 0)


def stops(preview: Preview) -> Stops:
    """Whether what can be chosen stops, removes or revokes something, which a workspace may want a reason for."""
    found = {_stops(part, field) for part in preview.parts for field in part.choices}
    return found.pop() if len(found) == 1 else Stops.SOME


def _stops(part: Part, field: Field) -> Stops:
    if field.before is True and (field.path == WHOLE or field.path in SWITCHES):
        return Stops.NONE
    is_off = field.path == WHOLE or (field.path in SWITCHES and field.before is False)
    # Of all else it depends on how the value stands to the one now: a source that leaves a list, or one that joins it.
    return Stops.ALL if is_off or part.target.type == "audit_forwarding" else Stops.SOME


def preview_answer(preview: Preview) -> dict[str, Any]:
    """A preview for the API."""
    return {
        "event": preview.row.key,
        "what": str(preview.what),
        "stamp": preview.stamp,
        "resources": [_part_answer(view) for view in part_views(preview)],
        "leftOut": [row.key for row in preview.left_out],
    }


def _part_view(part: Part) -> PartView:
    conflicts = sum(one.standing is Standing.CONFLICT for one in part.fields)
    brings = [
        _field_view(part, one) for one in part.brings if one.standing is not Standing.SAME or one.before is not None
    ]
    asks = [(part.key_of(path), words) for path, words in part.asks.items()]
    return PartView(part, [_field_view(part, one) for one in part.fields], brings, asks, conflicts)


def _field_view(part: Part, field: Field) -> FieldView:
    may_change = field.standing.may_change and not part.refusal
    is_whole = field.path == WHOLE
    words = _there if is_whole else value_words
    return FieldView(
        key=part.key_of(field.path),
        label=part.label(field.path),
        before=words(field.before),
        after=words(field.after),
        now=words(field.now),
        standing=str(field.standing),
        why_not="Your role does not show what it was."
        if HIDDEN in (field.before, field.after)
        else WHY_NOT.get(field.standing, ""),
        changed_since=part.changed_since(field) if may_change else None,
        may_change=may_change,
        is_ticked=may_change and field.standing is Standing.SAFE,
    )


def _there(value: Any) -> str:
    return "not there" if value is MISSING else "there"


def _part_answer(view: PartView) -> dict[str, Any]:
    part = view.part
    return {
        "type": part.target.type,
        "id": part.target.id,
        "name": part.target.name,
        "refusal": part.refusal or None,
        "events": [row.key for row in part.rows],
        "effects": list(part.effects),
        "asksFor": dict(view.asks),
        "isRisky": part.is_risky,
        "fields": [dict(_field_answer(part, one)) for one in part.fields],
        "comesBackWith": {one.path: one.before for one in part.brings if one.before is not MISSING},
    }


def _field_answer(part: Part, field: Field) -> Iterator[tuple[str, Any]]:
    yield "key", part.key_of(field.path)
    yield "path", field.path
    for name in ("before", "after", "now"):
        value = getattr(field, name)
        if value is not MISSING:
            yield name, value
    yield "standing", str(field.standing)
    if since := part.changed_since(field) if field.standing is Standing.CONFLICT else None:
        yield "changedSince", event_key(since.id)
