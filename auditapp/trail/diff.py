"""What changed, line by line and element by element, as data for the template: nothing here is HTML."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Any, Final

from auditapp.record.drafts import MISSING, Change

# A longer list is not compared element by element: matching takes quadratic time.
MAX_ELEMENTS: Final = 500
MAX_DEPTH: Final = 8
# Shorter texts change as a whole; in longer ones only the middle that differs is marked.
WHOLE_TEXT: Final = 24
WITHHELD: Final = {
    "hidden": "••• hidden from your role",
    "key": "secret, value withheld",
    "shape": "secret, value withheld",
    "declared": "secret, value withheld",
}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line. `sign` is "-", "+" or "~" for a value that changed and is withheld; `fold` counts what did not change.

    The value is `before` + `marked` + `after`; where there is none to show, `note` says why.
    """

    number: int
    sign: str
    path: str = ""
    before: str = ""
    marked: str = ""
    after: str = ""
    note: str = ""
    fold: int = 0


def diff_lines(changes: Sequence[Change], *, is_erased: bool = False) -> list[DiffLine]:
    """The changes in their order, each numbered by its place.

    Takes:   is_erased, whether values of this event were erased: a change without either side then says so
    """
    lines: list[DiffLine] = []
    for number, change in enumerate(changes, 1):
        if change.old is MISSING and change.new is MISSING:
            lines.append(DiffLine(number, "~", change.path, note="erased" if is_erased else "no value"))
        else:
            lines += _compared(number, change.path, change.old, change.new, MAX_DEPTH)
    return lines


def withheld(value: Any) -> str:
    """Why a value is not shown, empty where it is."""
    if isinstance(value, Mapping) and len(value) == 1 and "redacted" in value:
        return WITHHELD.get(str(value["redacted"]), WITHHELD["key"])
    return ""


def value_text(value: Any) -> str:
    """A value as JSON on one line, as people read it."""
    return json.dumps(value, ensure_ascii=False)


def _compared(number: int, path: str, old: Any, new: Any, depth: int) -> Iterator[DiffLine]:
    if note := withheld(old) and withheld(new):
        yield DiffLine(number, "~", path, note=f"changed, {note.removeprefix('secret, ')}")
    elif depth and _is_object(old) and _is_object(new):
        yield from _objects(number, path, old, new, depth)
    elif depth and _is_list(old) and _is_list(new):
        yield from _lists(number, path, old, new, depth)
    else:
        yield from _replaced(number, path, old, new)


def _objects(number: int, path: str, old: Mapping[str, Any], new: Mapping[str, Any], depth: int) -> Iterator[DiffLine]:
    kept = 0
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key, MISSING), new.get(key, MISSING)
        if _same(before, after):
            kept += 1
        else:
            yield from _compared(number, f"{path}.{key}", before, after, depth - 1)
    if kept:
        yield DiffLine(number, "", path, fold=kept)


def _lists(number: int, path: str, old: Sequence[Any], new: Sequence[Any], depth: int) -> Iterator[DiffLine]:
    """Elements by content, so that one taken from the front does not change all that follow."""
    was, now = ([json.dumps(item, sort_keys=True) for item in side] for side in (old, new))
    for kind, start, end, new_start, new_end in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if kind == "equal":
            yield DiffLine(number, "", path, fold=end - start)
            continue
        paired = min(end - start, new_end - new_start)
        for place in range(paired):
            at = new_start + place
            yield from _compared(number, f"{path}[{at}]", old[start + place], new[at], depth - 1)
        for place in range(start + paired, end):
            yield from _replaced(number, f"{path}[{place}]", old[place], MISSING)
        for place in range(new_start + paired, new_end):
            yield from _replaced(number, f"{path}[{place}]", MISSING, new[place])


def _replaced(number: int, path: str, old: Any, new: Any) -> Iterator[DiffLine]:
    texts = ["" if value is MISSING else value_text(value) for value in (old, new)]
    start, end = _differing(*texts) if MISSING not in (old, new) else (0, 0)
    for sign, value, text in (("-", old, texts[0]), ("+", new, texts[1])):
        if value is MISSING:
            continue
        if note := withheld(value):
            yield DiffLine(number, sign, path, note=note)
        elif MISSING in (old, new):
            yield DiffLine(number, sign, path, before=text)
        else:
            stop = len(text) - end
            yield DiffLine(number, sign, path, text[:start], text[start:stop], text[stop:])


def _differing(old: str, new: str) -> tuple[int, int]:
    """How many characters both texts share at the beginning and at the end."""
    if max(len(old), len(new)) <= WHOLE_TEXT:
        return 0, 0
    start = _shared(old, new)
    most = min(len(old), len(new)) - start
    end = min(_shared(old[::-1], new[::-1]), most)
    return start, end


def _shared(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping) and not withheld(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= MAX_ELEMENTS


def _same(old: Any, new: Any) -> bool:
    # JSON tells true from 1, Python's == does not.
    return old is new or (
        MISSING not in (old, new) and json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    )
