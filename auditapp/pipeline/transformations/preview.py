"""What a transformation would do to the last events of its source: before and after, side by side. Nothing is kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

import orjson

from auditapp.lib.errors import AppError
from auditapp.pipeline.transformations.engine import Transformation, apply_transformations
from auditapp.pipeline.verdicts import Verdict
from auditapp.sources.inbox_queries import latest_events
from auditapp.sources.models import Source

SHOWN: Final = 5
CONTEXT: Final = 2


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an event as JSON: kept, removed, added, or "fold" in place of lines that stay."""

    sign: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Previewed:
    """One event before and after."""

    name: str
    before: list[Line]
    after: list[Line]
    is_dropped: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """How many of the last events a transformation is about, and what it does to the newest of them."""

    looked_at: int
    matched: int
    events: list[Previewed]


def preview(transformation: Transformation, source: Source) -> Preview:
    """Try a transformation on the last events that came into the source and were not stopped."""
    latest = [one for one in latest_events(source) if not one.is_blocked]
    matched = 0
    shown: list[Previewed] = []
    for one in latest:
        if not _is_about(transformation, one.event):
            continue
        matched += 1
        if len(shown) < SHOWN:
            shown.append(_previewed(transformation, one.stored.name or one.stored.type, one.event))
    return Preview(len(latest), matched, shown)


def side_by_side(before: Any, after: Any, *, is_json: bool = True) -> tuple[list[Line], list[Line]]:
    """Two values as JSON in lines, or two lists of lines; those that differ marked, those far from any difference folded."""
    old, new = (_lines(before), _lines(after)) if is_json else (before, after)
    left: list[Line] = []
    right: list[Line] = []
    # A line is the same with a comma at its end: another field came after it. Without autojunk: a brace is no junk.
    one, other = ([line.rstrip(",") for line in lines] for lines in (old, new))
    for group in SequenceMatcher(None, one, other, autojunk=False).get_grouped_opcodes(CONTEXT):
        if left or group[0][1]:
            left.append(Line("fold"))
            right.append(Line("fold"))
        for kind, old_from, old_to, new_from, new_to in group:
            left += _marked(old[old_from:old_to], "" if kind == "equal" else "-")
            right += _marked(new[new_from:new_to], "" if kind == "equal" else "+")
    return left, right


def _is_about(transformation: Transformation, event: dict[str, Any]) -> bool:
    try:
        return transformation.condition.matches(event)
    except AppError:
        return True  # it would drop this event


def _previewed(transformation: Transformation, name: str, event: dict[str, Any]) -> Previewed:
    made = apply_transformations([transformation], event)
    if made.event is None:
        before = [Line("-", line) for line in _lines(event)]
        failure = made.message if made.verdict is Verdict.INTERNAL else ""
        return Previewed(name, before, [], is_dropped=True, failure=failure)
    return Previewed(name, *side_by_side(event, made.event))


def _lines(value: Any) -> list[str]:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().split("\n")


def _marked(lines: Iterable[str], sign: str) -> Iterator[Line]:
    return (Line(sign, line) for line in lines)
