"""A definition as the form shows it and as it is sent back: rows of fields for each kind of change, each with its problem beside it.

Rows that are empty are left out; so row n of the form is item n of the definition, and a problem finds its row by its pointer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.http import QueryDict

from auditapp.lib.errors import Problem
from auditapp.pipeline.transformations.definition import MAX_VALUES
from auditapp.pipeline.transformations.engine import Algorithm, Casing, Encoding
from auditapp.pipeline.transformations.kinds import KINDS

SPARE_ROWS: Final = 3
# The columns of kinds that are rows, by the name of their inputs.
COLUMNS: Final = {
    "rename": ("rename_old", "rename_new"),
    "values": ("value_path", "value"),
    "casing": ("casing_path", "casing"),
}
CHOICES: Final[dict[str, list[str]]] = {
    "casings": list(Casing),
    "algorithms": [Algorithm.SHA256, Algorithm.SHA512, Algorithm.SHA1, Algorithm.MD5],
    "encodings": list(Encoding),
}


@dataclass(frozen=True, slots=True)
class Row:
    """Two inputs beside each other, and what is wrong with them."""

    left: str = ""
    right: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One kind of change on the form."""

    key: str
    rows: list[Row] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return KINDS[self.key].name

    @property
    def does(self) -> str:
        return KINDS[self.key].does

    @property
    def template(self) -> str:
        return f"transformations/_kind_{self.key}.html"


def definition_from(sent: QueryDict, kinds: Iterable[str], condition: str) -> dict[str, Any]:
    """The definition that a form of these kinds says; it is checked when it is saved."""
    definition: dict[str, Any] = {"if": condition}
    for kind in kinds:
        definition[KINDS[kind].field] = _READ[kind](sent)
    return definition


def sections(kinds: Iterable[str], definition: Mapping[str, Any], problems: Sequence[Problem] = ()) -> list[Section]:
    """The form for these kinds, filled in, with the problems of a definition at their places."""
    return [_section(kind, definition, problems) for kind in kinds]


def _section(kind: str, definition: Mapping[str, Any], problems: Sequence[Problem]) -> Section:
    place = f"/{KINDS[kind].field}"
    here = [one for one in problems if one.pointer == place or one.pointer.startswith(f"{place}/")]
    value = definition.get(KINDS[kind].field)
    if kind not in COLUMNS:
        return Section(kind, values=_SHOWN[kind](value), errors=list(dict.fromkeys(one.message for one in here)))
    rows = []
    for number, (left, right) in enumerate(_pairs(kind, value or [])):
        wrong = [one.message for one in here if one.pointer.startswith(f"{place}/{number}/")]
        rows.append(Row(left, right, " ".join(dict.fromkeys(wrong))))
    spare = SPARE_ROWS if kind == "rename" else min(SPARE_ROWS, MAX_VALUES - len(rows))
    whole = [one.message for one in here if one.pointer == place]
    return Section(kind, rows=rows + [Row()] * spare, errors=whole)


def _pairs(kind: str, items: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, str]]:
    for item in items:
        if kind == "rename":
            yield item["oldName"], item["newName"]
        elif kind == "values":
            yield ", ".join(item["propertyPaths"]), _as_text(item["propertyValue"])
        else:
            yield ", ".join(item["propertyPaths"]), item["casing"]


def _sent_rows(sent: QueryDict, kind: str) -> list[tuple[str, str]]:
    left, right = COLUMNS[kind]
    pairs = zip(sent.getlist(left), sent.getlist(right), strict=False)
    stripped = [(one.strip(), other.strip()) for one, other in pairs]
    # A casing is always chosen: without a path the row is empty.
    return [pair for pair in stripped if pair[0] or (pair[1] and kind != "casing")]


def _renames(sent: QueryDict) -> list[dict[str, str]]:
    return [{"oldName": old, "newName": new} for old, new in _sent_rows(sent, "rename")]


def _values(sent: QueryDict) -> list[dict[str, Any]]:
    return [
        {"propertyPaths": _words(paths, ","), "propertyValue": _as_value(text)}
        for paths, text in _sent_rows(sent, "values")
    ]


def _casings(sent: QueryDict) -> list[dict[str, Any]]:
    return [{"propertyPaths": _words(paths, ","), "casing": casing} for paths, casing in _sent_rows(sent, "casing")]


def _defined(sent: QueryDict) -> list[dict[str, str]]:
    return [{"propertyName": sent.get("defined_name", "").strip(), "fql": sent.get("defined_fql", "").strip()}]


def _hashing(sent: QueryDict) -> dict[str, Any]:
    return {
        "algorithm": sent.get("hash_algorithm", ""),
        "encoding": sent.get("hash_encoding", ""),
        "paths": _words(sent.get("hash_paths", ""), "\n"),
    }


def _words(text: str, between: str) -> list[str]:
    return [word.strip() for word in text.split(between) if word.strip()]


def _as_value(text: str) -> Any:
    """10, true, null, "10" and objects are JSON; any other text is itself."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _as_text(value: Any) -> str:
    """What `_as_value` makes this value of."""
    if isinstance(value, str) and _as_value(value) == value:
        return value
    return orjson.dumps(value).decode()


def _shown_defined(value: Any) -> dict[str, str]:
    one = value[0] if value else {}
    return {"name": one.get("propertyName", ""), "fql": one.get("fql", "")}


def _shown_hashing(value: Any) -> dict[str, str]:
    hashing = value or {}
    return {
        "algorithm": hashing.get("algorithm", ""),
        "encoding": hashing.get("encoding", ""),
        "paths": "\n".join(hashing.get("paths", ())),
    }


_READ: Final[dict[str, Callable[[QueryDict], Any]]] = {
    "rename_event": lambda sent: sent.get("new_event_name", "").strip(),
    "rename": _renames,
    "values": _values,
    "casing": _casings,
    "defined": _defined,
    "allow": lambda sent: _words(sent.get("allow", ""), "\n"),
    "hash": _hashing,
    "drop": lambda sent: True,
}
_SHOWN: Final[dict[str, Callable[[Any], dict[str, str]]]] = {
    "rename_event": lambda value: {"name": value or ""},
    "defined": _shown_defined,
    "allow": lambda value: {"paths": "\n".join(value or ())},
    "hash": _shown_hashing,
    "drop": lambda value: {},
}
