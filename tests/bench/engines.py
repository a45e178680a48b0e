"""`python -m tests.bench.engines`: what each stage of the pipeline costs an event, beside the bare library or plain Python that does the same.

No database and no installation: a row takes its turn in each round, and its median stands in the table.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

EVENT = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "node-next-1764000000000-1b4e28ba-2fa1-11d2-883f-0016d3cca427",
    "userId": "usr_7",
    "timestamp": "2026-11-24T10:00:00.250Z",
    "receivedAt": "2026-11-24T10:00:01.000Z",
    "context": {"ip": "203.0.113.7", "library": {"name": "analytics-node", "version": "3.1.0"}},
    "properties": {
        "total": 125.5,
        "currency": "EUR",
        "plan": "Gold Plan",
        "email": "ana@example.com",
        "products": [{"sku": "a-1", "price": 25.5}, {"sku": "b-2", "price": 100}],
    },
}
CALLS = 3_000
CONDITION = (
    "type = 'track' and match(event, 'Order *') and properties.total > 100 "
    "and properties.currency in ['EUR', 'USD'] and !contains(properties.email, '@test.')"
)
SCHEMA = {
    "type": "object",
    "properties": {
        "properties": {
            "type": "object",
            "properties": {
                "total": {"type": "number"},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "plan": {"type": "string"},
                "email": {"type": "string"},
                "products": {"type": "array", "items": {"properties": {"price": {"type": "number"}}}},
            },
            "required": ["total", "currency"],
        }
    },
}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing measured, and what does the same without us."""

    name: str
    ours: Callable[[], object]
    bare: Callable[[], object] | None = None


def microseconds(rows: list[Row], *, rounds: int, calls: int) -> list[tuple[str, float, float | None]]:
    """The median of each row, per call, ours and bare; all rows have their turn in each round."""
    taken: dict[tuple[int, bool], list[float]] = {}
    for _ in range(rounds):
        for number, row in enumerate(rows):
            for is_ours, call in ((True, row.ours), (False, row.bare)):
                if call is not None:
                    taken.setdefault((number, is_ours), []).append(_seconds(call, calls) / calls * 1e6)
    medians = {key: median(values) for key, values in taken.items()}
    return [(row.name, medians[number, True], medians.get((number, False))) for number, row in enumerate(rows)]


def _seconds(call: Callable[[], object], calls: int) -> float:
    # Of this process alone: a busy machine takes its share from the clock on the wall.
    started = time.process_time()
    for _ in range(calls):
        call()
    return time.process_time() - started


def rows() -> list[Row]:
    """Everything that is measured."""
    import jsonschema_rs
    import orjson

    from auditapp.pipeline.destination_filters.action_input import actions_of
    from auditapp.pipeline.destination_filters.actions import Filter, FilterChain
    from auditapp.pipeline.destination_filters.fql import compile_fql
    from auditapp.pipeline.formats.rendering import FORMAT_NAMES, Format, render
    from auditapp.pipeline.plans.plan import CompiledPlan
    from auditapp.pipeline.plans.rules import Rule, RuleType
    from auditapp.pipeline.plans.settings import CallSettings, SchemaSettings
    from auditapp.pipeline.transformations.definition import transformation_of
    from auditapp.pipeline.transformations.engine import apply_transformations
    from tests.bench.alert_rules import watched

    condition = compile_fql(CONDITION)
    plan, allow = CompiledPlan([Rule(RuleType.TRACK, "Order Completed", SCHEMA)]), SchemaSettings()
    omit = SchemaSettings(track=CallSettings(allows_unplanned_fields=False, allows_fields_on_violations=False))
    library = jsonschema_rs.Draft7Validator(SCHEMA)
    broken = {**EVENT, "properties": {**EVENT["properties"], "total": "5", "odd": 1}}
    chain = FilterChain(
        [
            Filter("f1", compile_fql("event = 'Test'"), actions_of([{"type": "DROP"}])),
            Filter(
                "f2", compile_fql("all"), actions_of([{"type": "DROP_PROPERTIES", "fields": {"properties": ["email"]}}])
            ),
        ]
    )
    change = [
        transformation_of(
            "t1",
            {
                "if": "event = 'Order Completed'",
                "newEventName": "Purchase",
                "propertyRenames": [{"oldName": "total", "newName": "revenue"}],
            },
        )
    ]
    by_index, one_by_one, candidates = watched()
    return [
        Row(f"200 alert rules, {candidates} candidates | each asked", by_index, one_by_one),
        Row("FQL, five terms | plain Python", lambda: condition.matches(EVENT), lambda: in_python(EVENT)),
        Row("FQL parsed and compiled", lambda: compile_fql.__wrapped__(CONDITION)),
        Row("plan, event is right | jsonschema-rs", lambda: plan.check(EVENT, allow), lambda: library.is_valid(EVENT)),
        Row(
            "plan, two fields left out | jsonschema-rs",
            lambda: plan.check(broken, omit),
            lambda: list(library.iter_errors(broken)),
        ),
        Row("two filters, one field dropped", lambda: chain.apply(EVENT)),
        Row("transformation, two renames", lambda: apply_transformations(change, EVENT)),
        *(
            Row(f"{FORMAT_NAMES[form]} | orjson of the event", _rendered(render, form), lambda: orjson.dumps(EVENT))
            for form in Format
            if form is not Format.SEGMENT
        ),
    ]


def _rendered(render: Callable[..., object], form: object) -> Callable[[], object]:
    return lambda: render(form, EVENT)


def in_python(event: dict) -> bool:
    """What CONDITION says, as somebody would write it for one event."""
    properties = event.get("properties", {})
    return (
        event.get("type") == "track"
        and event.get("event", "").startswith("Order ")
        and properties.get("total", 0) > 100
        and properties.get("currency") in ("EUR", "USD")
        and "@test." not in properties.get("email", "")
    )


def markdown(measured: list[tuple[str, float, float | None]]) -> str:
    """A table; names hold what stands beside ours behind a bar."""
    lines = ["| stage | µs an event | beside it | µs |", "| --- | ---: | --- | ---: |"]
    for name, ours, bare in measured:
        stage, _, beside = name.partition(" | ")
        lines.append(f"| {stage} | {ours:.2f} | {beside} | {f'{bare:.2f}' if bare is not None else ''} |")
    return "\n".join(lines)


def main() -> int:
    import django

    parser = argparse.ArgumentParser(prog="python -m tests.bench.engines", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=CALLS)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.testing")
    django.setup()
    sys.stdout.write(f"{markdown(microseconds(rows(), rounds=asked.rounds, calls=asked.calls))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
