"""Rows of the matrix about tracking plans and the sources that follow them: who gets what."""

from typing import Any

from auditapp.pipeline.plans.rule_store import rule_id
from tests.factories import Cast, make_tracking_plan

#                   olga milo rita mina zoe nobody
READERS_OF_SHOP = "  200  200  200  403 404 302"
READERS_OF_KIOSK = " 200  404  200  403 404 302"
WRITERS_OF_SHOP = "  302  302  403  403 404 302"
WRITERS_OF_KIOSK = " 302  404  403  403 404 302"
READERS_OF_PLANS = " 200  403  200  403 404 302"
WRITERS_OF_PLANS = " 302  403  403  403 404 302"
ADDS_TO_PLANS = "    200  403  403  403 404 302"
CONNECTS_KIOSK = "   302  404  403  403 404 302"
DISCONNECTS_SHOP = " 302  404  403  403 404 302"

RULE = {"type": "TRACK", "key": "New", "version": "1"}
SCHEMA_SETTINGS = {
    **{
        f"{call}_{what}": "allow"
        for call in ("track", "identify", "group")
        for what in ("unplanned", "violations", "common")
    },
    "track_unplanned_events": "allow",
}
ROWS: list[tuple[str, str, tuple[str, ...], dict[str, object] | None]] = [
    ("sources:source_plan", READERS_OF_SHOP, ("shop",), None),
    ("sources:source_plan", READERS_OF_KIOSK, ("kiosk",), None),
    ("sources:source_plan", WRITERS_OF_SHOP, ("shop",), SCHEMA_SETTINGS),
    ("sources:source_plan", WRITERS_OF_KIOSK, ("kiosk",), SCHEMA_SETTINGS),
    ("sources:source_plan_connect", CONNECTS_KIOSK, ("kiosk",), {"plan_id": "plan"}),
    ("sources:source_plan_disconnect", DISCONNECTS_SHOP, ("shop",), {}),
    ("plans:plan_list", READERS_OF_PLANS, (), None),
    ("plans:plan_create", ADDS_TO_PLANS, (), None),
    ("plans:plan_create", WRITERS_OF_PLANS, (), {"name": "New"}),
    ("plans:plan", READERS_OF_PLANS, ("plan",), None),
    ("plans:rule_create", ADDS_TO_PLANS, ("plan",), None),
    ("plans:rule_create", WRITERS_OF_PLANS, ("plan",), RULE),
    ("plans:rule_edit", READERS_OF_PLANS, ("plan", "rule"), None),
    ("plans:rule_edit", WRITERS_OF_PLANS, ("plan", "rule"), {"schema": '{"type": "object"}'}),
    ("plans:rule_remove", WRITERS_OF_PLANS, ("plan", "rule"), {}),
    ("plans:plan_import", READERS_OF_PLANS, ("plan",), None),
    ("plans:plan_import", "422 403 422 403 404 302", ("plan",), {"replaces": "1"}),
    ("plans:plan_csv", READERS_OF_PLANS, ("plan",), None),
    ("plans:plan_json", READERS_OF_PLANS, ("plan",), None),
    ("plans:plan_sources", READERS_OF_PLANS, ("plan",), None),
    ("plans:plan_source_connect", WRITERS_OF_PLANS, ("plan",), {"source_id": "kiosk"}),
    ("plans:plan_source_disconnect", WRITERS_OF_PLANS, ("plan",), {"source_id": "shop"}),
    ("plans:plan_violations", READERS_OF_PLANS, ("plan",), None),
    ("plans:plan_changelog", READERS_OF_PLANS, ("plan",), None),
    ("plans:plan_settings", READERS_OF_PLANS, ("plan",), None),
    ("plans:plan_settings", WRITERS_OF_PLANS, ("plan",), {"name": "New"}),
    ("plans:plan_delete", WRITERS_OF_PLANS, ("plan",), {}),
]


def plan_ids(cast: Cast) -> dict[str, Any]:
    """A plan that the shop follows, and its rule."""
    plan = make_tracking_plan(workspace=cast.workspace, followers=[cast.shop])
    return {"plan": plan.id, "rule": rule_id(plan.id, "TRACK", "Order Completed", 1)}
