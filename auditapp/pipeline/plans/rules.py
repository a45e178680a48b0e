"""The rules of a plan: a JSON Schema (draft-07) of the whole event for each name and version that is planned.

Fields of a track, page or screen call stand under `properties.properties` of its schema, those of identify and group under
`properties.traits`, as in Segment's API.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import jsonschema_rs

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.lib.errors import Invalid, Problem
from auditapp.lib.json_pointer import json_pointer
from auditapp.lib.json_schema import compile_schema
from auditapp.lib.labels import checked_labels

MAX_RULES: Final = 2_000
MAX_KEY: Final = 200
MAX_VERSION: Final = 10_000
MAX_SCHEMA_BYTES: Final = 64 * 1024


class RuleType(StrEnum):
    """Which calls a rule is about; COMMON is about all of them."""

    TRACK = "TRACK"
    IDENTIFY = "IDENTIFY"
    GROUP = "GROUP"
    PAGE = "PAGE"
    SCREEN = "SCREEN"
    COMMON = "COMMON"

    @property
    def group(self) -> str:
        """Where the fields of such calls are."""
        return "traits" if self in (RuleType.IDENTIFY, RuleType.GROUP) else "properties"


KEYLESS: Final = (RuleType.IDENTIFY, RuleType.GROUP, RuleType.COMMON)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a plan. `key` is the name of the event, empty where the type has only one; labels are `key:value`."""

    type: RuleType
    key: str
    json_schema: Mapping[str, Any]
    version: int = 1
    labels: tuple[str, ...] = ()

    @property
    def identity(self) -> tuple[RuleType, str, int]:
        return self.type, self.key, self.version

    @property
    def title(self) -> str:
        """As messages call it."""
        named = f"{self.type} {self.key}".strip()
        return named if self.version == 1 else f"{named}, version {self.version}"


def compile_rule(rule: Rule) -> jsonschema_rs.Validator:
    """The validator of a rule.

    Raises:  Invalid
    """
    if not isinstance(rule.json_schema, dict):
        raise Invalid("A schema is a JSON object.", field="schema")
    if len(canonical_bytes(rule.json_schema)) > MAX_SCHEMA_BYTES:
        raise Invalid(f"A schema has at most {MAX_SCHEMA_BYTES} bytes.", field="schema")
    return compile_schema(rule.json_schema, draft_07=True)


def require_good_rules(rules: Iterable[Rule]) -> None:
    """Refuse rules that cannot be a plan together.

    Raises:  Invalid, with a pointer `/rules/<number>/...` to each of the first problems
    """
    problems: list[Problem] = []
    seen: set[tuple[RuleType, str, int]] = set()
    number = -1
    for number, rule in enumerate(rules):
        if number >= MAX_RULES:
            raise Invalid(f"A plan has at most {MAX_RULES} rules.", pointer="/rules", field="rules")
        problems += [Problem(json_pointer(None, "rules", number, field), said) for field, said in _problems(rule)]
        if rule.identity in seen:
            problems.append(Problem(json_pointer(None, "rules", number), f"{rule.title} is in the plan twice."))
        seen.add(rule.identity)
        if len(problems) >= 20:
            break
    if problems:
        raise Invalid(problems=problems, field="rules")


def _problems(rule: Rule) -> Iterable[tuple[str, str]]:
    if not isinstance(rule.key, str) or len(rule.key) > MAX_KEY:
        yield "key", f"Write a name of at most {MAX_KEY} characters."
    elif rule.type is RuleType.TRACK and not rule.key:
        yield "key", "Name the event, exactly as it is sent."
    elif "\x00" in rule.key:
        yield "key", "Leave the NUL out."
    elif rule.type in KEYLESS and rule.key:
        yield "key", f"{rule.type} has one rule for all calls. Leave the key out."
    if isinstance(rule.version, bool) or not isinstance(rule.version, int) or not 1 <= rule.version <= MAX_VERSION:
        yield "version", f"Number versions from 1 to {MAX_VERSION}."
    try:
        checked_labels(rule.labels)
    except Invalid as fault:
        yield "labels", fault.message
    try:
        compile_rule(rule)
    except Invalid as fault:
        yield "jsonSchema", fault.message
