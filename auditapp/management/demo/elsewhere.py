"""Events of the areas that other systems own, as those systems would post them to the API.

Each comes from the sample of its type in the catalogue, with resources of the demo's own, so that a resource has a history. What
happens in a space belongs to it.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from random import Random
from typing import Any, Final

from auditapp.catalogue import registry
from auditapp.catalogue.types import EventType, Verb
from auditapp.lib.clock import utc_text
from auditapp.management.demo.people import AGENTS, MACHINES, SPACES

NAMES: Final = {
    "destination": ("Braze", "Google Ads Conversions", "Mixpanel", "Slack alerts", "Amplitude", "Customer.io"),
    "tracking_plan": ("Mobile commerce", "Web shop", "Order lifecycle", "Loyalty"),
    "function": ("Order enrichment", "Returns webhook", "Currency conversion", "Consent gate"),
    "audience": (
        "Lapsed hikers",
        "Returning 2026",
        "High value",
        "Cart abandoners",
        "Newsletter only",
        "Winter buyers",
    ),
    "computed_trait": ("Lifetime value", "Days since last order", "Favourite category"),
    "journey": ("Welcome 👋", "Spring trail winback", "Gift card reminder"),
    "broadcast": ("Autumn sale", "Boot recall notice", "Store opening Bergen"),
    "space": tuple(SPACES),
    "storage_bucket": ("audit-archive", "raw-events"),
    "consent_category": ("Advertising", "Analytics", "Functional"),
    "destination_filter": ("Drop internal traffic", "Only paid orders", "No test users"),
    "transformation": ("Rename Order Placed", "Hash e-mail", "Trim search terms"),
    "profiles_sync_warehouse": ("Snowflake profiles",),
    "engage_warehouse_source": ("Loyalty points table",),
    "reverse_etl_model": ("Open invoices", "Churn scores"),
}
# These are done by the demo's people through the real services (scenes.py, access.py, support.py, machines.py).
BY_SERVICES: Final = {
    *("source", "warehouse", "label", "workspace"),
    *("user", "member", "invitation", "user_group", "access_token", "role", "access_request", "support_access"),
}
NOT_HERE: Final = {
    "audit_trail",
    "event_type",
    "saved_view",
    "alert_rule",
    "audit_forwarding",
    "personal_data",
    "change",
    "audit_event",
}
# A space is there from the start to the end: roles are given over it.
NOT_OF_SPACES: Final = {"space.created", "space.deleted", "space.restored"}
# What lives in a space, and what of it in another one than production.
IN_SPACES: Final = {
    *("audience", "computed_trait", "journey", "broadcast"),
    *("profiles_sync_warehouse", "engage_warehouse_source"),
}
PRODUCTION: Final = "Production"
ELSEWHERE: Final = {
    "Newsletter only": "Staging",
    "Favourite category": "Staging",
    "Welcome 👋": "Staging",
    "Gift card reminder": "Loyalty pilot",
    "Loyalty points table": "Loyalty pilot",
}
# How types end of what nobody does by hand.
OF_MACHINES: Final = (
    *("_failed", "_recovered", "_completed", "_partially_succeeded", "_dead_lettered", "_expired", "_detected"),
    *("_event_allowed", "_event_blocked", "_trait_omitted", "_property_omitted"),
)
WEIGHT: Final = {Verb.CREATE: 4, Verb.UPDATE: 8, Verb.DELETE: 1, Verb.READ: 1}


def _weight(kind: EventType) -> float:
    if kind.resource_type in BY_SERVICES | NOT_HERE or kind.key.split(".")[0] in NOT_HERE or kind.key in NOT_OF_SPACES:
        return 0
    if kind.sample.get("outcome") == "failure":
        return 0.3  # a workspace that works: a failure every few days
    return WEIGHT[kind.verb] + (4 if kind.resource_type in NAMES else 0)


_TYPES: Final = [kind for kind in registry.EVENT_TYPES.values() if _weight(kind)]
_WEIGHTS: Final = [_weight(kind) for kind in _TYPES]


def posted_event(random: Random, at: datetime, people: Sequence[dict[str, str]]) -> dict[str, Any]:
    """One event as the API takes it.

    Takes:   people, {"id", "name", "email", "ip"} of those who may have done it
    """
    kind = random.choices(_TYPES, _WEIGHTS)[0]
    sample = kind.sample
    by_machine = sample.get("outcome") == "failure" or kind.key.endswith(OF_MACHINES) or random.random() < 0.05
    event: dict[str, Any] = {
        "type": kind.key,
        "occurredAt": utc_text(at),
        "outcome": sample.get("outcome", "success"),
        **_about(random, sample["targets"]),
        "meta": dict(sample.get("meta") or {}),
        "changes": list(sample.get("changes") or []),
        "context": {"requestId": f"req_{random.getrandbits(64):016x}"},
    }
    if by_machine:
        machine_id, name, machine_kind = random.choice(MACHINES)
        event["actor"] = {"id": machine_id, "name": name, "kind": machine_kind}
    else:
        person = random.choice(people)
        event["actor"] = {key: person[key] for key in ("id", "name", "email")}
        event["context"] |= {"ip": person["ip"], "userAgent": random.choice(AGENTS)}
    return event


def _about(random: Random, targets: Sequence[dict[str, str]]) -> dict[str, Any]:
    """The targets of an event, and the space that it belongs to where its resource lives in one."""
    first, *others = (_own(random, target) for target in targets)
    if first["type"] not in IN_SPACES:
        return {"targets": [first, *others]}
    space = own_target("space", "spa", ELSEWHERE.get(first["name"], PRODUCTION))
    return {"targets": [first, *(space if one["type"] == "space" else one for one in others)], "scope": space["id"]}


def _own(random: Random, target: dict[str, str]) -> dict[str, str]:
    """The sample's target, as one of the demo's own resources of its type."""
    names = NAMES.get(target["type"])
    if names is None:
        return dict(target)
    return own_target(target["type"], target["id"].split("_")[0], random.choice(names))


def own_target(kind: str, prefix: str, name: str) -> dict[str, str]:
    """A resource of the demo that another system owns, whose id is the same each time."""
    digest = sha256(f"{kind}:{name}".encode()).hexdigest()
    return {"type": kind, "id": f"{prefix}_{digest[:22]}", "name": name}
