"""Every event type that is said to have a way back and that this product records has one, or it is said here why not."""

import ast
from functools import lru_cache
from pathlib import Path

from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.lib import clock
from auditapp.lib.ids import new_event_id
from auditapp.record.drafts import MISSING, Actor, Change, EventDraft, Target
from auditapp.revert.kind import revert_kind

ROOT = Path(__file__).resolve().parents[2]
MINE = {
    *("workspace", "member", "user_group", "alert_rule", "audit_forwarding"),
    *("tracking_plan", "source", "saved_view", "event_type", "space", "support_access"),
}
# What their rules were is kept beside the event, which a sample is not: tests/revert/test_tracking_plan.py undoes real ones.
KEPT_BESIDE = {f"tracking_plan.{one}" for one in ("event_added", "event_modified", "event_removed", "rules_changed")}
ONLY_OTHERS = {
    "retention.period_modified": "a period of the workspace that is not set here",
    "consent_enforcement.enabled": "there is no consent management",
    "consent_enforcement.disabled": "there is no consent management",
    "space.identity_rules_modified": "identity rules are those of another system",
    "space.source_connected": "what feeds a space is another system's",
    "space.source_disconnected": "what feeds a space is another system's",
    "user.policy_updated": "a role is taken and another one given",
    "user_group.policy_updated": "a role is taken and another one given",
    "tracking_plan.operations_updated": "there are no operations",
    "tracking_plan.property_added": "told as event_modified",
    "tracking_plan.property_removed": "told as event_modified",
    **dict.fromkeys(
        (
            *(f"source_schema.event_property_{one}_set" for one in ("required", "optional", "forbidden")),
            "source_schema.event_property_conditions_edited",
            *(f"source_schema.identify_trait_{one}" for one in ("allowed", "blocked", "archived")),
            *(f"source_schema.group_property_{one}" for one in ("allowed", "blocked")),
        ),
        "a source's schema blocks whole events; of single fields a tracking plan decides",
    ),
}


@lru_cache
def recorded_by_name():
    """The types that the code records by their whole key."""
    found = set()
    for path in (ROOT / "auditapp").glob("**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "record" and node.args:
                found |= {one.value for one in [node.args[0]] if isinstance(one, ast.Constant)}
    return found


def sample(declared):
    told = declared.sample
    return EventDraft(
        workspace_id=1,
        id=new_event_id(),
        type=declared.key,
        area=declared.area,
        actor=Actor("user", "usr_1", "Olga"),
        targets=[Target(**one) for one in told["targets"]],
        occurred_at=clock.now(),
        received_at=clock.now(),
        meta=told["meta"],
        changes=[
            Change(one["path"], *(MISSING if side is None else side for side in (one["old"], one["new"])))
            for one in told["changes"]
        ],
    )


def way_back_of(key):
    """The fields of a type's sample that its kind can set."""
    kind = revert_kind(EVENT_TYPES[key].resource_type)
    changes = kind.changes(sample(EVENT_TYPES[key])) if kind else ()
    return [one.path for one in changes if one.path == "" or kind.is_settable(one.path)]


def test_what_has_a_way_back_is_told_in_fields_that_a_kind_sets(db):
    said = {one.key for one in EVENT_TYPES.values() if one.revertible and one.resource_type in MINE}
    assert said.isdisjoint(ONLY_OTHERS.keys() & recorded_by_name())
    assert [key for key in sorted(said - ONLY_OTHERS.keys() - KEPT_BESIDE) if not way_back_of(key)] == []


def test_what_has_no_way_back_says_so_by_giving_no_field_that_could_be_set(db):
    final = (
        *("workspace.created", "workspace.access_token_created", "workspace.access_token_revoked"),
        *("alert_rule.secret_rotated", "audit_forwarding.test_sent", "audit_forwarding.backfill_started"),
        *("saved_view.default_set", "source.write_key_revoked", "source.new_event_blocked", "user.invited"),
        *("tracking_plan.csv_uploaded", "tracking_plan.violations_detected"),
    )
    assert [key for key in final if EVENT_TYPES[key].revertible or way_back_of(key)] == []
