"""Fields of an event as flat rows, and the JSON Schema that they make. `address.street` is a field of an object, `products[].price` of each object in a list."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.errors import Invalid
from auditapp.lib.json_schema import DRAFT_07
from auditapp.pipeline.field_paths import steps_of

TYPES: Final = ("array", "object", "boolean", "integer", "number", "string", "null")
ANY, DATE_TIME = "any", "date-time"
MAX_STEPS: Final = 20
_ITEMS: Final = "[]"


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One property or trait. No types mean any; `pattern` is for text."""

    path: str
    description: str = ""
    is_required: bool = False
    types: tuple[str, ...] = ()
    pattern: str = ""


def schema_of_rows(description: str, rows: Iterable[FieldRow], group: str) -> dict[str, Any]:
    """The schema of an event whose properties or traits (`group`) are these.

    Raises:  Invalid, where a row says nothing that can be
    """
    placed: dict[tuple[str, ...], FieldRow] = {}
    for row in rows:
        if placed.setdefault(_steps(row.path), row) is not row:
            raise Invalid(f"{row.path} is there twice.")
    fields: dict[str, Any] = {"type": "object"}
    for steps, row in placed.items():
        above = _above(fields, steps, placed)
        field = above.setdefault("properties", {}).setdefault(steps[-1], {})
        field.update(_own(row))
        if row.is_required:
            above.setdefault("required", []).append(steps[-1])
    schema = {"$schema": DRAFT_07, "type": "object", "properties": {group: fields}}
    return {**schema, "description": description} if description else schema


def _above(fields: dict[str, Any], steps: tuple[str, ...], placed: Container[tuple[str, ...]]) -> dict[str, Any]:
    """The schema that the last step is a property of, made on the way; what has no row of its own is an object or a list."""
    for number, (step, following) in enumerate(pairwise(steps), start=1):
        kind = "array" if following == _ITEMS else "object"
        if step == _ITEMS:
            fields = fields.setdefault("items", {"type": kind})
        else:
            fields = fields.setdefault("properties", {}).setdefault(step, {})
            if steps[:number] not in placed:
                fields.setdefault("type", kind)
    return fields


def _own(row: FieldRow) -> dict[str, Any]:
    """What a row says of its field itself."""
    said: dict[str, Any] = {"description": row.description} if row.description else {}
    types = [one for one in row.types if one != ANY]
    if DATE_TIME in types:
        said["format"] = DATE_TIME
        types = ["string" if one == DATE_TIME else one for one in types]
    if unknown := set(types) - set(TYPES):
        raise Invalid(
            f"{row.path}: there is no type {sorted(unknown)[0]}. There are {', '.join((ANY, *TYPES, DATE_TIME))}."
        )
    if row.pattern:
        said["pattern"] = row.pattern
    if types:
        said["type"] = types[0] if len(types) == 1 else types
    return said


def _steps(path: str) -> tuple[str, ...]:
    steps: list[str] = []
    for step in steps_of(path):
        lists = 0
        while step.endswith(_ITEMS) and step != _ITEMS:
            step, lists = step.removesuffix(_ITEMS), lists + 1
        steps += [step, *[_ITEMS] * lists]
    if not steps or len(steps) > MAX_STEPS or "" in steps or steps[-1] == _ITEMS:
        raise Invalid(
            f"{path[:100] or 'A field without a name'} is not a path such as address.street or products[].price."
        )
    return tuple(steps)


def field_rows_of(schema: Mapping[str, Any], group: str) -> tuple[str, Sequence[FieldRow]] | None:
    """The description and the rows that make exactly this schema; None where it says more than rows can."""
    description = schema.get("description", "")
    fields = schema.get("properties")
    below = fields.get(group) if isinstance(fields, Mapping) else None
    if not isinstance(description, str) or not isinstance(below, Mapping):
        return None
    try:
        rows = list(_rows(below, ""))
        made = canonical_bytes(schema_of_rows(description, rows, group))
        return (description, rows) if made == canonical_bytes(schema) else None
    except (Invalid, TypeError, AttributeError, ValueError, RecursionError):
        return None  # a schema of another shape


def _rows(schema: Mapping[str, Any], path: str) -> Iterator[FieldRow]:
    required = schema.get("required", ())
    for name, below in schema.get("properties", {}).items():
        here = f"{path}.{_escaped(name)}".removeprefix(".")
        types = below.get("type", ())
        types = (types,) if isinstance(types, str) else tuple(types)
        if below.get("format") == DATE_TIME:
            types = tuple(DATE_TIME if one == "string" else one for one in types)
        description, pattern = below.get("description", ""), below.get("pattern", "")
        if not isinstance(description, str) or not isinstance(pattern, str):
            raise TypeError("a description that is no text")
        yield FieldRow(here, description, name in required, types, pattern)
        yield from _rows(below, here)
        if isinstance(below.get("items"), Mapping):
            yield from _rows(below["items"], f"{here}{_ITEMS}")


def _escaped(name: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\." else letter for letter in name)
