"""A workspace with a plan, and sources that may follow it."""

from typing import Any

import pytest

from auditapp.pipeline.intake import take_in
from auditapp.pipeline.plans.connections import change_schema_settings, connect_source
from auditapp.pipeline.plans.field_rows import FieldRow, schema_of_rows
from auditapp.pipeline.plans.models import TrackingPlan
from auditapp.pipeline.plans.rule_services import replace_rules
from auditapp.pipeline.plans.rules import Rule, RuleType
from auditapp.pipeline.plans.services import create_plan
from auditapp.sources import schema
from auditapp.sources.inbox import InboxEvent, read_inbox
from auditapp.sources.models import Source
from tests.factories import Cast, acting_as, make_cast


def rule(key: str = "Order Completed", *fields: FieldRow, kind: RuleType = RuleType.TRACK, **values: Any) -> Rule:
    """A rule of an event; of an order with a total unless said otherwise."""
    rows = fields or (FieldRow("total", is_required=True, types=("number",)), FieldRow("coupon", types=("string",)))
    return Rule(kind, key, schema_of_rows("", rows, kind.group), **values)


def track(name: str = "Order Completed", message_id: str | None = None, **properties: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": name,
        "messageId": message_id or f"m-{name}-{sorted(properties.items())}",
        "userId": "usr_1",
        "properties": properties,
    }


@pytest.fixture(autouse=True)
def fresh_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_memory", schema._Memory())


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def make_plan(cast: Cast, *rules: Rule, name: str = "Shop") -> TrackingPlan:
    """A plan of olga's with these rules."""
    with acting_as(cast.olga, cast.workspace):
        plan = create_plan(name=name)
        if rules:
            replace_rules(plan_id=plan.id, rules=rules)
        plan.refresh_from_db()
        return plan


def follow(cast: Cast, plan: TrackingPlan, source: Source, **settings: Any) -> None:
    """Let a source follow a plan, with these settings as change_schema_settings takes them."""
    with acting_as(cast.olga, cast.workspace):
        connect_source(plan_id=plan.id, source_id=source.id)
        if settings:
            change_schema_settings(source_id=source.id, **settings)


def send(cast: Cast, source: Source, *events: dict[str, Any]) -> list[int | None]:
    with acting_as(cast.olga, cast.workspace):
        return take_in(source, events)


def inbox(cast: Cast, source: Source) -> list[InboxEvent]:
    with acting_as(cast.olga, cast.workspace):
        return read_inbox(cast.workspace.id, source.id, 0)
