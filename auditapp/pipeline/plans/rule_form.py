"""A rule as a plain form: its fields as rows of text boxes, or its JSON Schema as it is. What is good is the services' to say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django import forms

from auditapp.lib.errors import Invalid
from auditapp.lib.strict_json import parse
from auditapp.pipeline.plans.field_rows import ANY, DATE_TIME, TYPES, FieldRow, field_rows_of, schema_of_rows
from auditapp.pipeline.plans.rules import MAX_KEY, MAX_SCHEMA_BYTES, MAX_VERSION, Rule, RuleType

SPARE_ROWS: Final = 5
# With six boxes a row, as many as a form may have (DATA_UPLOAD_MAX_NUMBER_FIELDS).
MAX_ROWS: Final = 160
FIELD_TYPES: Final = (ANY, *(kind for kind in TYPES if kind != "null"), DATE_TIME)
NULLABLE: Final = "null"
TYPE_NAMES: Final = {
    RuleType.TRACK: "Track: an event",
    RuleType.IDENTIFY: "Identify: traits of a user",
    RuleType.GROUP: "Group: traits of a group",
    RuleType.PAGE: "Page",
    RuleType.SCREEN: "Screen",
    RuleType.COMMON: "Common: every call, whole",
}
NEW_SCHEMA: Final = (
    '{\n  "$schema": "http://json-schema.org/draft-07/schema#",\n  "type": "object",\n  "properties": {}\n}'
)


@dataclass(frozen=True, slots=True)
class RowInput:
    """One row of the form, as it was typed."""

    path: str = ""
    type: str = ANY
    is_required: bool = False
    is_nullable: bool = False
    description: str = ""
    pattern: str = ""


class RuleForm(forms.Form):
    """What a rule is about, its labels, and its schema where that is written as JSON."""

    type = forms.ChoiceField(label="Calls", choices=[(kind.value, name) for kind, name in TYPE_NAMES.items()])
    key = forms.CharField(
        required=False,
        strip=False,
        max_length=MAX_KEY,
        label="Event",
        help_text="Exactly as it is sent. For a page or screen its name, or nothing for all of them; nothing for identify, group and common.",
    )
    version = forms.IntegerField(
        label="Version",
        initial=1,
        min_value=1,
        max_value=MAX_VERSION,
        help_text="Where an event says context.protocols.event_version. Otherwise the oldest is taken.",
    )
    labels = forms.CharField(
        required=False, label="Labels", help_text="key:value, divided by commas, for example: team:shop, priority:high"
    )
    description = forms.CharField(required=False, max_length=1_000, label="Description")
    schema = forms.CharField(
        required=False,
        strip=False,
        label="JSON Schema (draft-07) of the whole call",
        widget=forms.Textarea(attrs={"rows": 24, "class": "code", "spellcheck": "false", "autocapitalize": "off"}),
        help_text="Properties stand under properties.properties, traits under properties.traits.",
    )

    def __init__(self, *args: Any, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            for name in ("type", "key", "version"):
                self.fields[name].disabled = True

    def clean_labels(self) -> tuple[str, ...]:
        return tuple(one.strip().lower() for one in self.cleaned_data["labels"].split(",") if one.strip())

    def rule(self, schema: Mapping[str, Any]) -> Rule:
        """The rule that was entered, with this schema."""
        entered = self.cleaned_data
        return Rule(RuleType(entered["type"]), entered["key"], schema, entered["version"], entered["labels"])


def entered_rows(posted: Mapping[str, str]) -> list[RowInput]:
    """The rows that were typed, without empty ones."""
    rows = []
    for number in range(MAX_ROWS):
        if f"path-{number}" not in posted:
            break
        row = RowInput(
            posted[f"path-{number}"].strip(),
            posted.get(f"type-{number}", ANY),
            f"required-{number}" in posted,
            f"nullable-{number}" in posted,
            posted.get(f"description-{number}", "").strip(),
            posted.get(f"pattern-{number}", ""),
        )
        if row.path:
            rows.append(row)
    return rows


def schema_of_inputs(description: str, rows: Iterable[RowInput], kind: RuleType) -> dict[str, Any]:
    """The schema that the rows make.

    Raises:  Invalid
    """
    fields = [
        FieldRow(one.path, one.description, one.is_required, _types(one), one.pattern.replace("\x00", ""))
        for one in rows
    ]
    return schema_of_rows(description, fields, kind.group)


def schema_of_text(text: str) -> dict[str, Any]:
    """The schema that was written as JSON.

    Raises:  Invalid
    """
    value = parse(text.encode("utf-8", "surrogatepass"), max_bytes=MAX_SCHEMA_BYTES * 2)
    if not isinstance(value, dict):
        raise Invalid("A schema is a JSON object.", field="schema")
    return value


def inputs_of(rule: Rule) -> tuple[str, list[RowInput]] | None:
    """Description and rows of a rule; None where its schema says more than the form can, so that it is edited as JSON."""
    found = None if rule.type is RuleType.COMMON else field_rows_of(rule.json_schema, rule.type.group)
    if found is None:
        return None
    description, fields = found
    rows = [_input(field) for field in fields]
    return None if None in rows or len(rows) > MAX_ROWS - SPARE_ROWS else (description, [one for one in rows if one])


def pretty(schema: Mapping[str, Any]) -> str:
    """The schema as the text box shows it."""
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode()


def with_spare(rows: list[RowInput]) -> list[RowInput]:
    """With empty rows at the end, to be filled in."""
    return [*rows, *[RowInput()] * max(min(SPARE_ROWS, MAX_ROWS - len(rows)), 0)]


def _types(row: RowInput) -> tuple[str, ...]:
    if row.type == ANY:
        return ()
    return (row.type, NULLABLE) if row.is_nullable else (row.type,)


def _input(field: FieldRow) -> RowInput | None:
    types = [kind for kind in field.types if kind != NULLABLE]
    is_nullable = len(types) < len(field.types)
    if len(types) > 1 or (is_nullable and (not types or field.types[-1] != NULLABLE)):
        return None  # more types than the one box shows, or in an order that it would not give back
    return RowInput(
        field.path, types[0] if types else ANY, field.is_required, is_nullable, field.description, field.pattern
    )
