"""A condition as rows of field, operator and value, joined by `and` or by `or`: another view of the same FQL, where it is that simple."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

_PATH: Final = r"(?:[A-Za-z0-9_-]|\\.)+(?:\.(?:[A-Za-z0-9_-]|\\.)+)*"
_TEXT: Final = r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
_NUMBER: Final = r"-?[0-9]+(?:\.[0-9]+)?"
_CLAUSE: Final = re.compile(
    rf"""\s*(?:
        (?P<path>{_PATH})\s*(?P<compared>!=|>=|<=|=|>|<)\s*(?P<value>{_TEXT}|{_NUMBER}|true|false|null)
      | (?P<not>!)?(?P<function>contains|match)\(\s*(?P<of>{_PATH})\s*,\s*(?P<text>{_TEXT})\s*\)
    )\s*""",
    re.ASCII | re.VERBOSE,
)
_JOIN: Final = re.compile(r"(and|or)(?![A-Za-z0-9_.\\-])")

# What a row can say, in the order of the list; those without a value take none.
OPERATORS: Final = {
    "is": "is",
    "is_not": "is not",
    "contains": "contains",
    "not_contains": "does not contain",
    "match": "matches the pattern",
    "not_match": "does not match the pattern",
    "gt": "is greater than",
    "gte": "is at least",
    "lt": "is less than",
    "lte": "is at most",
    "true": "is true",
    "false": "is false",
    "null": "is not there",
    "not_null": "is there",
}
WITHOUT_VALUE: Final = {"true": "= true", "false": "= false", "null": "= null", "not_null": "!= null"}
_COMPARISONS: Final = {"is": "=", "is_not": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_FUNCTIONS: Final = {"contains": "contains", "not_contains": "!contains", "match": "match", "not_match": "!match"}


class ConditionRow(NamedTuple):
    """One row. A value that is a number is one; in straight quotes it is text."""

    field: str
    operator: str
    value: str = ""


class Rows(NamedTuple):
    """All rows of a condition, and whether all or any of them must hold."""

    join: str
    rows: tuple[ConditionRow, ...]


def rows_of(condition: str) -> Rows | None:
    """The rows that say this condition; None where it says more than rows can."""
    rows: list[ConditionRow] = []
    joins: set[str] = set()
    at = 0
    while True:
        found = _CLAUSE.match(condition, at)
        row = _row(found) if found else None
        if found is None or row is None:
            return None
        rows.append(row)
        at = found.end()
        if at == len(condition):
            break
        join = _JOIN.match(condition, at)
        if join is None:
            return None
        joins.add(join[1])
        at = join.end()
    return Rows(joins.pop() if joins else "and", tuple(rows)) if len(joins) <= 1 else None


def fql_of(join: str, rows: Sequence[ConditionRow]) -> str:
    """The condition that these rows say; an empty text for none."""
    return f" {'or' if join == 'or' else 'and'} ".join(_clause(row) for row in rows if row.field.strip())


def _row(found: "re.Match[str]") -> ConditionRow | None:
    if found["function"]:
        name = f"{'not_' if found['not'] else ''}{found['function']}"
        return ConditionRow(found["of"], name, _shown(found["text"], may_be_bare=True))
    path, compared, value = found["path"], found["compared"], found["value"]
    if value in ("true", "false", "null"):
        operator = {("=", "true"): "true", ("=", "false"): "false", ("=", "null"): "null", ("!=", "null"): "not_null"}
        name = operator.get((compared, value), "")
        return ConditionRow(path, name) if name else None
    name = next(key for key, sign in _COMPARISONS.items() if sign == compared)
    return ConditionRow(path, name, _shown(value, may_be_bare=False) if value[0] in "'\"" else value)


def _shown(quoted: str, *, may_be_bare: bool) -> str:
    """A text without its quotes, unless it would then be a number."""
    text = re.sub(r"\\([\\'\"])", r"\1", quoted[1:-1])
    return text if may_be_bare or not (re.fullmatch(_NUMBER, text) or text[:1] in ("'", '"')) else _quoted(text)


def _clause(row: ConditionRow) -> str:
    field, value = row.field.strip(), row.value
    if row.operator in WITHOUT_VALUE:
        return f"{field} {WITHOUT_VALUE[row.operator]}"
    if row.operator in _FUNCTIONS:
        return f"{_FUNCTIONS[row.operator]}({field}, {_quoted(value)})"
    sign = _COMPARISONS.get(row.operator, "=")
    if re.fullmatch(_NUMBER, value.strip()):
        return f"{field} {sign} {value.strip()}"
    return f"{field} {sign} {_quoted(_unquoted(value))}"


def _unquoted(value: str) -> str:
    """What somebody put into quotes so that it is no number."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        try:
            text = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return text if isinstance(text, str) else value
    return value


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
