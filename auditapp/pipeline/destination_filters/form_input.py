"""A filter as the form shows it and as it is sent back: the condition in two views, and one action with its fields, or actions as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.http import QueryDict

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destination_filters.actions import ActionType, only_send
from auditapp.pipeline.destination_filters.condition_rows import ConditionRow, Rows, fql_of, rows_of
from auditapp.pipeline.destination_filters.fql import EVERYTHING
from auditapp.pipeline.destination_filters.words import only_sent

SPARE_ROWS: Final = 2
ONLY_SEND: Final = "ONLY_SEND"
AS_JSON: Final = "JSON"
DOES: Final = {
    ActionType.DROP.value: ("Drop", "Events of the condition are not sent."),
    ONLY_SEND: ("Only send", "Events of the condition are sent, and no others."),
    ActionType.SAMPLE.value: ("Sample", "A share of the events of the condition is sent."),
    ActionType.DROP_PROPERTIES.value: ("Drop properties", "Events of the condition are sent without these fields."),
    ActionType.ALLOW_PROPERTIES.value: ("Allow properties", "Of events of the condition only these fields are sent."),
    AS_JSON: ("As JSON", "Several actions, as the API says them."),
}


@dataclass(frozen=True, slots=True)
class FilterInput:
    """What the form says, but for title and description."""

    condition: str  # as people read it: of an only send, what is sent
    rows: Rows | None
    does: str
    percent: str = ""
    path: str = ""
    fields: str = ""
    json: str = ""

    @property
    def shown_rows(self) -> list[ConditionRow]:
        rows = self.rows.rows if self.rows else ()
        return [*rows, *[ConditionRow("", "is")] * SPARE_ROWS]

    @property
    def join(self) -> str:
        return self.rows.join if self.rows else "and"

    @property
    def is_beyond_rows(self) -> bool:
        return self.rows is None and self.condition.strip() not in ("", EVERYTHING)

    @property
    def stored_condition(self) -> str:
        """The condition as it is kept.

        Raises:  Invalid, where nothing was written: to do something to all events has to be said
        """
        condition = self.condition.strip()
        if not condition:
            raise Invalid("Say which events; for all of them write all.", field="condition", code="required")
        return only_send(condition) if self.does == ONLY_SEND else condition

    @property
    def actions(self) -> Any:
        """The actions as the services take them.

        Raises:  Invalid
        """
        if self.does in (ONLY_SEND, ActionType.DROP):
            return [{"type": "DROP"}]
        if self.does == ActionType.SAMPLE:
            return [{"type": "SAMPLE", "percent": _share(self.percent), "path": self.path.strip()}]
        if self.does == AS_JSON:
            try:
                return orjson.loads(self.json)
            except orjson.JSONDecodeError as error:
                raise Invalid(f"This is not JSON: {error}.", field="actions") from None
        return [{"type": self.does, "fields": _fields(self.fields)}]


def filter_shown(condition: str, actions: Sequence[Mapping[str, Any]]) -> FilterInput:
    """A stored filter as the form shows it."""
    sent = only_sent(condition, actions)
    shown = condition if sent is None else sent
    kinds = [action["type"] for action in actions]
    rows = rows_of(shown)
    if sent is not None or kinds == [ActionType.DROP]:
        return FilterInput(shown, rows, ActionType.DROP if sent is None else ONLY_SEND)
    if kinds == [ActionType.SAMPLE]:
        return FilterInput(
            shown, rows, ActionType.SAMPLE, f"{actions[0]['percent'] * 100:g}", actions[0].get("path", "")
        )
    if len(kinds) == 1 and (lines := _lines(actions[0]["fields"])) is not None:
        return FilterInput(shown, rows, kinds[0], fields=lines)
    pretty = orjson.dumps(list(actions), option=orjson.OPT_INDENT_2).decode()
    return FilterInput(shown, rows, AS_JSON, json=pretty)


def filter_sent(sent: QueryDict) -> FilterInput:
    """What was sent. Of the two views of the condition, the one that was changed speaks; the box where both were."""
    before, box = sent.get("condition_before", ""), sent.get("condition", "").replace("\r\n", "\n")
    columns = [sent.getlist(f"row_{part}") for part in ("field", "operator", "value")]
    rows = [ConditionRow(*row) for row in zip(*columns, strict=False)]
    condition = box
    known = rows_of(before)
    said = fql_of(sent.get("row_join", "and"), rows)
    if box.strip() == before.strip() and said and (known is None or said != fql_of(known.join, known.rows)):
        condition = said
    elif box.strip() == before.strip() and not said and known is not None and rows:
        condition = ""  # all rows were emptied
    does = sent.get("does", "")
    return FilterInput(
        condition,
        rows_of(condition),
        does if does in DOES else ActionType.DROP,
        sent.get("percent", ""),
        sent.get("path", ""),
        sent.get("fields", ""),
        sent.get("json", ""),
    )


def _share(text: str) -> float:
    try:
        return float(text.strip().rstrip("%")) / 100
    except ValueError:
        raise Invalid("Write the share in percent, from 0 to 100.", field="actions") from None


def _fields(text: str) -> dict[str, list[str]]:
    """`properties.email` is the field email in properties, `userId` one of the event itself."""
    found: dict[str, list[str]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        place, dot, name = line.partition(".")
        found.setdefault(place if dot else "", []).append(name if dot else line)
    return found


def _lines(fields: Mapping[str, Any]) -> str | None:
    """The fields as lines; None where these lines would say something else."""
    lines = "\n".join(
        f"{place}.{name}" if place else name
        for place, names in fields.items()
        for name in (names.get("fields", []) if isinstance(names, Mapping) else names)
    )
    plain = {place: names.get("fields") if isinstance(names, Mapping) else names for place, names in fields.items()}
    return lines if _fields(lines) == plain else None
