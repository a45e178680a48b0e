"""A plan out of what a source saw: a rule for each event, with its fields and the types that they had."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from auditapp.lib.errors import Invalid
from auditapp.pipeline.plans.field_rows import FieldRow, schema_of_rows
from auditapp.pipeline.plans.rules import KEYLESS, MAX_KEY, MAX_RULES, Rule, RuleType
from auditapp.sources.models import SeenEvent, Source

_TYPES: Final = {kind.lower(): kind for kind in RuleType if kind is not RuleType.COMMON}


def inferred_rules(source: Source) -> list[Rule]:
    """The rules that what this source saw would make.

    Raises:  Invalid, where it saw nothing that a plan can have, or too much
    """
    seen = SeenEvent.objects.filter(workspace_id=source.workspace_id, source_id=source.id, is_archived=False)
    rules = []
    for one in seen.filter(type__in=_TYPES).order_by("type", "name"):
        kind = _TYPES[one.type]
        key = "" if kind in KEYLESS else one.name
        if len(key) <= MAX_KEY and (key or kind is not RuleType.TRACK):
            rules.append(Rule(kind, key, _schema(one.properties, kind)))
    if not rules:
        raise Invalid("This source saw no event yet that a plan could have.", field="source_id", code="nothing_seen")
    if len(rules) > MAX_RULES:
        raise Invalid(
            f"This source saw {len(rules):,} events, and a plan has at most {MAX_RULES:,}. Archive on its Schema page what is not meant.",
            field="source_id",
            code="too_large",
        )
    return rules


def _schema(properties: Mapping[str, Sequence[str]], kind: RuleType) -> dict[str, object]:
    return schema_of_rows("", _rows(properties), kind.group)


def _rows(properties: Mapping[str, Sequence[str]]) -> Iterator[FieldRow]:
    for path, types in sorted(properties.items()):
        escaped = _escaped(path, properties)
        if escaped is not None:
            yield FieldRow(escaped, types=tuple(sorted(types)))


def _escaped(path: str, properties: Mapping[str, Sequence[str]]) -> str | None:
    """The path as rows write it; None for a name that they cannot.

    A dot divides an object from its field where such an object was seen; any other belongs to the name.
    """
    steps, start = [], 0
    for at, letter in enumerate(path):
        if letter == "." and "object" in properties.get(path[:at], ()):
            steps.append(path[start:at])
            start = at + 1
    steps.append(path[start:])
    if not all(steps) or any(step.endswith("[]") for step in steps):
        return None
    return ".".join(step.replace("\\", "\\\\").replace(".", "\\.") for step in steps)
