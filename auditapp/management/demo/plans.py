"""Tracking plans of the demo, the sources that follow them, and what the shop sent within the last hour."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from auditapp.lib import clock
from auditapp.management.demo.scenes import World
from auditapp.pipeline.intake import take_in
from auditapp.pipeline.plans.connections import change_schema_settings, connect_source
from auditapp.pipeline.plans.field_rows import FieldRow, schema_of_rows
from auditapp.pipeline.plans.rule_services import replace_rules
from auditapp.pipeline.plans.rules import Rule, RuleType
from auditapp.pipeline.plans.services import create_plan
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source

FOLLOWER: Final = "Web shop"
ORDER: Final = [
    FieldRow("order_id", "As in the shop's own database", True, ("string",)),
    FieldRow("total", "In the currency, with VAT", True, ("number",)),
    FieldRow("currency", "ISO 4217", True, ("string",), "^[A-Z]{3}$"),
    FieldRow("coupon", types=("string", "null")),
    FieldRow("products[].sku", is_required=True, types=("string",)),
]
RULES: Final = (
    (RuleType.TRACK, "Order Completed", "An order was paid", ORDER, ("team:web",)),
    (RuleType.TRACK, "Cart Viewed", "", [FieldRow("cart_id", is_required=True, types=("string",))], ("team:web",)),
    (RuleType.TRACK, "Product Viewed", "", [FieldRow("sku", is_required=True, types=("string",))], ()),
    (RuleType.IDENTIFY, "", "", [FieldRow("plan", types=("string",)), FieldRow("since", types=("date-time",))], ()),
)
EVENTS: Final = 120
SCREEN: Final = [FieldRow("screen", is_required=True, types=("string",)), FieldRow("build", types=("integer",))]
POINTS: Final = [
    FieldRow("points", "Negative where they are spent", True, ("integer",)),
    FieldRow("reason", types=("string",)),
]


def make_plan(world: World) -> None:
    """The plan, as whoever acts makes it, and the source that follows it."""
    plan = create_plan(name="Online shop", description="What the shop sends, and what reports rely on.")
    rules = [
        Rule(kind, key, schema_of_rows(description, rows, kind.group), labels=labels)
        for kind, key, description, rows, labels in RULES
    ]
    replace_rules(plan_id=plan.id, rules=rules)
    source_id = world.source_ids[FOLLOWER]
    connect_source(plan_id=plan.id, source_id=source_id)
    change_schema_settings(source_id=source_id, settings={"track": {"allowUnplannedEvents": False}})


def make_app_plan(world: World) -> None:
    """What both apps send, which they follow."""
    plan = create_plan(name="Mobile apps", description="What both apps send, the same in each.")
    rules = [
        Rule(RuleType.TRACK, name, schema_of_rows(told, SCREEN, RuleType.TRACK.group), labels=("team:mobile",))
        for name, told in (("Screen Opened", ""), ("Push Opened", "By a tap on it"))
    ]
    replace_rules(plan_id=plan.id, rules=rules)
    for name in ("iOS app", "Android app"):
        connect_source(plan_id=plan.id, source_id=world.source_ids[name])


def make_loyalty_plan(world: World) -> None:
    """One that is being written: no source follows it yet."""
    plan = create_plan(name="Loyalty programme", description="Draft, until the pilot is over.")
    rules = [
        Rule(RuleType.TRACK, name, schema_of_rows("", POINTS, RuleType.TRACK.group))
        for name in ("Points Earned", "Points Spent")
    ]
    replace_rules(plan_id=plan.id, rules=rules)


def send_events(world: World) -> None:
    """Events of the shop, a few of which are not as the plan has them."""
    with in_workspace(world.workspace.id), acting(world.workspace.id, SYSTEM):
        source = Source.objects.filter(workspace_id=world.workspace.id, id=world.source_ids[FOLLOWER]).first()
        if source is not None:
            take_in(source, list(_events()))


def _events() -> Iterator[dict[str, Any]]:
    for number in range(EVENTS):
        at = clock.utc_text(clock.now() - timedelta(seconds=30 * number))
        name, properties = _event(number)
        yield {
            "type": "track",
            "event": name,
            "messageId": f"demo-{number}",
            "userId": f"customer-{number % 17}",
            "timestamp": at,
            "receivedAt": at,
            "context": {"library": {"name": "demo"}},
            "properties": properties,
        }


def _event(number: int) -> tuple[str, dict[str, Any]]:
    if number % 23 == 5:
        return "Wishlist Shared", {"sku": f"HO-{number}"}
    if number % 4 == 1:
        return "Cart Viewed", {"cart_id": f"cart-{number}"} if number % 29 != 1 else {}
    if number % 4 == 2:
        return "Product Viewed", {"sku": f"HO-{number}"}
    order = {"order_id": f"order-{number}", "total": 49.5 + number, "currency": "EUR", "products": [{"sku": "HO-7"}]}
    if number % 19 == 3:
        order["total"] = str(order["total"])
    if number % 31 == 7:
        order["currency"] = "euro"
    return "Order Completed", order
