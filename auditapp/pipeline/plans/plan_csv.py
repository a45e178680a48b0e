"""The rules of a plan as CSV, and back: a row for each event and one for each of its fields, as people write plans.

A schema that such rows cannot say stands in the row of its event as JSON. What is exported is read back as the same rules.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Final

import orjson

from auditapp.lib.csv_safe import cell_text, exact_cell
from auditapp.lib.errors import Invalid, Problem
from auditapp.pipeline.plans.field_rows import FieldRow, field_rows_of, schema_of_rows
from auditapp.pipeline.plans.plan_json import MAX_BYTES
from auditapp.pipeline.plans.rules import KEYLESS, Rule, RuleType, require_good_rules

MAX_ROWS: Final = 100_000
MAX_PROBLEMS: Final = 20
COLUMNS: Final = (
    *("type", "event", "version", "field", "description"),
    *("required", "data_type", "permitted_values", "labels", "json_schema"),
)
_YES, _NO = "yes", "no"
_WORDS: Final = {"yes": True, "true": True, "required": True, "no": False, "false": False, "optional": False, "": False}


def rules_as_csv(rules: Iterable[Rule]) -> str:
    """A file of the rules; no cell of it is a formula."""
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for rule in rules:
        start = {"type": str(rule.type), "event": rule.key, "version": str(rule.version)}
        for row in _rows(rule):
            writer.writerow({name: exact_cell(text) for name, text in {**start, **row}.items()})
    return out.getvalue()


def _rows(rule: Rule) -> Iterator[dict[str, str]]:
    found = field_rows_of(rule.json_schema, rule.type.group)
    if found is None:
        yield {"labels": ", ".join(rule.labels), "json_schema": orjson.dumps(rule.json_schema).decode()}
        return
    description, rows = found
    yield {"description": description, "labels": ", ".join(rule.labels)}
    for row in rows:
        yield {
            "field": row.path,
            "description": row.description,
            "required": _YES if row.is_required else _NO,
            "data_type": "|".join(row.types),
            "permitted_values": row.pattern,
        }


@dataclass(slots=True)
class _Draft:
    """A rule while its rows are read."""

    line: int
    description: str = ""
    labels: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    rows: list[FieldRow] = field(default_factory=list)


def rules_from_csv(text: str) -> list[Rule]:
    """The rules of such a file, checked; the order of columns and of rows is free.

    Raises:  Invalid, with the lines that are wrong
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Invalid(f"A file has at most {MAX_BYTES // 1024**2} MB.", field="file", code="too_large")
    drafts: dict[tuple[RuleType, str, int], _Draft] = {}
    problems: list[Problem] = []
    for line, row in _read(text):
        try:
            _take(row, line, drafts)
        except Invalid as fault:
            problems.append(Problem("", f"Line {line}: {fault.message}"))
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        raise Invalid(problems=problems, field="file")
    rules = [_rule(*identity, draft) for identity, draft in drafts.items()]
    _require_good(rules, list(drafts.values()))
    return rules


def _read(text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows with the numbers of their lines, without those that are empty."""
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline=""), strict=True, restval="")
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        if "type" not in names or (unknown := set(names) - set(COLUMNS)):
            said = f"There is no column {sorted(unknown)[0]}. " if "type" in names else ""
            raise Invalid(f"{said}Begin with a line of the columns {', '.join(COLUMNS)}.", field="file")
        reader.fieldnames = names
        for number, row in enumerate(reader):
            if number >= MAX_ROWS:
                raise Invalid(f"A file has at most {MAX_ROWS} rows.", field="file")
            if None in row:
                raise Invalid(f"Line {reader.line_num}: there are more cells than columns.", field="file")
            if any(row.values()):
                yield reader.line_num, {name: cell_text(cell) for name, cell in row.items()}
    except csv.Error as fault:
        raise Invalid(f"Line {reader.line_num}: this is not CSV ({fault}).", field="file") from None


def _take(row: Mapping[str, str], line: int, drafts: dict[tuple[RuleType, str, int], _Draft]) -> None:
    kind = row["type"].strip().upper()
    if kind not in list(RuleType):
        raise Invalid(f"the type is one of {', '.join(RuleType)}.")
    version = row.get("version", "").strip() or "1"
    if not (version.isascii() and version.isdigit() and len(version) < 9):
        raise Invalid("the version is a number.")
    key = "" if RuleType(kind) in KEYLESS else row.get("event", "")
    draft = drafts.setdefault((RuleType(kind), key, int(version)), _Draft(line))
    path = row.get("field", "")
    if not path:
        draft.description = row.get("description", "")
        draft.labels = tuple(one.strip().lower() for one in row.get("labels", "").split(",") if one.strip())
        if row.get("json_schema"):
            draft.schema = _schema(row["json_schema"])
    else:
        draft.rows.append(_field_row(path, row))
    if draft.schema is not None and draft.rows:
        raise Invalid("an event has either a JSON Schema or rows of fields, and this one has both.")


def _field_row(path: str, row: Mapping[str, str]) -> FieldRow:
    required = row.get("required", "").strip().lower()
    if required not in _WORDS:
        raise Invalid(f"required is {_YES} or {_NO}.")
    types = tuple(one.strip().lower() for one in row.get("data_type", "").split("|") if one.strip())
    return FieldRow(path, row.get("description", ""), _WORDS[required], types, row.get("permitted_values", ""))


def _schema(text: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        raise Invalid(f"the JSON Schema is not JSON: {fault}.") from None
    if not isinstance(value, dict):
        raise Invalid("a JSON Schema is an object.")
    return value


def _rule(kind: RuleType, key: str, version: int, draft: _Draft) -> Rule:
    try:
        schema = draft.schema
        if schema is None:
            schema = schema_of_rows(draft.description, draft.rows, kind.group)
    except Invalid as fault:
        raise Invalid(f"Line {draft.line} and its fields: {fault.message}", field="file") from None
    return Rule(kind, key, schema, version, draft.labels)


def _require_good(rules: list[Rule], drafts: list[_Draft]) -> None:
    """What is wrong with a rule, told by its line."""
    try:
        require_good_rules(rules)
    except Invalid as fault:
        said = []
        for problem in fault.problems:
            number = problem.pointer.split("/")[2:3]
            place = f"Line {drafts[int(number[0])].line}: " if number else ""
            said.append(Problem("", f"{place}{problem.message}"))
        raise Invalid(problems=said, field="file") from None


def number_of_rows(text: str) -> int:
    """How many rows such a file has, without those that are empty."""
    return sum(1 for _ in _read(text))
