"""What a function asks of whoever puts it somewhere: how it is declared, and the values that are entered for it."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from auditapp.lib.errors import Invalid, Problem

# As Segment's API calls them.
TYPES: Final = {"STRING": "Text", "BOOLEAN": "Yes or no", "NUMBER": "Number", "ARRAY": "List of texts"}
MAX_SETTINGS: Final = 20
MAX_VALUE: Final = 5_000
_TYPE_NAMED: Final = {words: key for key, words in TYPES.items()}
_LINE: Final = re.compile(
    r'(\w+) = ("(?:[^"\\]|\\.)*"|[^"(][^(]*) \(([^,)]+)(, required)?(, secret)?\)(?:: (.*))?', re.DOTALL
)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,49}", re.ASCII)


def declared(items: Any) -> list[dict[str, Any]]:
    """The settings as they are stored.

    Raises:  Invalid, with a pointer to each problem
    """
    if not isinstance(items, list) or len(items) > MAX_SETTINGS:
        raise Invalid(f"Send a list of at most {MAX_SETTINGS} settings.", pointer="/settings", code="bad_settings")
    problems: list[Problem] = []
    found: list[dict[str, Any]] = []
    for number, item in enumerate(items):
        place = f"/settings/{number}"
        one = item if isinstance(item, Mapping) else {}
        name, kind = one.get("name"), one.get("type", "STRING")
        label, description = one.get("label") or name, one.get("description") or ""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            problems.append(Problem(f"{place}/name", "A name is a word of letters, digits and underscores."))
        elif name in {other["name"] for other in found}:
            problems.append(Problem(f"{place}/name", f"There are two settings called {name}."))
        if kind not in TYPES:
            problems.append(Problem(f"{place}/type", f"Take one of {', '.join(TYPES)}."))
        for field, text, most in (("label", label, 100), ("description", description, 300)):
            if not isinstance(text, str) or len(text) > most or "\x00" in text:
                problems.append(Problem(f"{place}/{field}", f"Write a text of at most {most} characters."))
        flags = {flag: one.get(flag) is True for flag in ("required", "sensitive")}
        found.append({"name": name, "label": label, "type": kind, "description": description, **flags})
    if problems:
        raise Invalid(problems=problems, code="bad_settings")
    return found


def in_words(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Declared settings as events tell them, each as a line.

    >>> in_words(declared([{"name": "apiKey", "label": "Key", "required": True, "sensitive": True}]))
    ['apiKey = Key (Text, required, secret)']
    """
    lines = []
    for one in settings:
        label = (
            json.dumps(one["label"], ensure_ascii=False)
            if "(" in one["label"] or one["label"][0] == '"'
            else one["label"]
        )
        flags = f"{', required' if one['required'] else ''}{', secret' if one['sensitive'] else ''}"
        about = f": {one['description']}" if one["description"] else ""
        lines.append(f"{one['name']} = {label} ({TYPES[one['type']]}{flags}){about}")
    return lines


def from_words(lines: Sequence[str]) -> list[dict[str, Any]]:
    """The settings that these lines declare.

    Raises:  Invalid
    """
    found = []
    for line in lines:
        parts = _LINE.fullmatch(line)
        if parts is None or parts[3] not in _TYPE_NAMED:
            raise Invalid(f"This declares no setting: {line[:100]}", field="settings")
        label = json.loads(parts[2]) if parts[2].startswith('"') else parts[2]
        told = {"name": parts[1], "label": label, "type": _TYPE_NAMED[parts[3]], "description": parts[6] or ""}
        found.append({**told, "required": bool(parts[4]), "sensitive": bool(parts[5])})
    return declared(found)


def entered(
    settings: Sequence[Mapping[str, Any]], values: Mapping[str, Any], secrets: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values that were entered, those that are secret apart.

    Takes:   secrets, those there are: one that is not entered anew stays
    Raises:  Invalid, for the field of the first value that is missing or wrong
    """
    plain: dict[str, Any] = {}
    hidden: dict[str, Any] = {}
    for one in settings:
        value = _value(one, values.get(one["name"]))
        if value in (None, "", []) and one["sensitive"]:
            value = secrets.get(one["name"])
        if value in (None, "", []):
            if one["required"]:
                raise Invalid(f"Enter {one['label']}.", field=one["name"], code="required")
            continue
        (hidden if one["sensitive"] else plain)[one["name"]] = value
    return plain, hidden


def _value(one: Mapping[str, Any], value: Any) -> Any:
    if value is None:
        return False if one["type"] == "BOOLEAN" else None
    if one["type"] == "BOOLEAN" and isinstance(value, bool):
        return value
    if one["type"] == "NUMBER" and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return _number(one, value)
    if one["type"] == "ARRAY" and isinstance(value, list):
        if all(isinstance(text, str) and len(text) <= MAX_VALUE and "\x00" not in text for text in value):
            return value[:100]
    elif one["type"] == "STRING" and isinstance(value, str) and len(value) <= MAX_VALUE and "\x00" not in value:
        return value
    raise Invalid(f"{one['label']} does not fit: {TYPES[one['type']]} is asked.", field=one["name"], code="bad_value")


def _number(one: Mapping[str, Any], value: int | float | str) -> int | float | None:
    if isinstance(value, str) and not value.strip():
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        number = float("nan")
    if not abs(number) <= 2**53:
        raise Invalid(f"{one['label']} is a number up to 2^53.", field=one["name"], code="bad_value")
    return int(number) if number.is_integer() else number
