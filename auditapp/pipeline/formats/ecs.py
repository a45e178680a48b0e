"""Elastic Common Schema 8.17. What it has no field for is under `audit_trail`, a field set of our own."""

from ipaddress import ip_address
from typing import Any, Final

from auditapp.catalogue.types import Risk, Verb
from auditapp.lib.clock import utc_text
from auditapp.pipeline.formats.reading import PRODUCT, Facts, Thing

VERSION: Final = "8.17.0"
DATASET: Final = "audit_trail.audit"
_TYPES: Final = {Verb.CREATE: "creation", Verb.READ: "access", Verb.UPDATE: "change", Verb.DELETE: "deletion"}
_SIGN_IN: Final = {
    **dict.fromkeys(
        (
            "user.signed_in",
            "user.sign_in_failed",
            "user.two_step_failed",
            "user.sign_in_throttled",
            "support_access.used",
        ),
        "start",
    ),
    **dict.fromkeys(("user.signed_out", "user.sessions_revoked"), "end"),
}
# event.severity is the sender's own scale; ours goes as far as OCSF's.
_SEVERITIES: Final = {Risk.ROUTINE: 1, Risk.NOTABLE: 2, Risk.RISKY: 3}
_OUTCOMES: Final = {True: "success", False: "failure", None: "unknown"}


def as_ecs(facts: Facts) -> dict[str, Any]:
    """The document that says this.

    Source:  elastic.co, ECS field reference; categories and types are of its allowed pairs
    """
    people = [text for one in (facts.actor, facts.real) for text in (one.id, one.name, one.email)]
    address = _ip(facts.ip)
    document: dict[str, Any] = {
        "@timestamp": utc_text(facts.at),
        "ecs": {"version": VERSION},
        "event": _event(facts),
        "message": facts.sentence,
        "user": _user(facts),
        "source": _said(address=facts.ip, ip=address),
        "user_agent": _said(original=facts.user_agent),
        "http": {"request": {"id": facts.request_id}} if facts.request_id else {},
        "organization": _said(id=facts.workspace.id, name=facts.workspace.name),
        "related": _said(ip=[address] if address else [], user=[*dict.fromkeys(filter(None, people))]),
        "observer": {"vendor": PRODUCT, "product": PRODUCT, "type": "audit"},
        "audit_trail": {
            **_said(area=facts.area, resource=_thing(facts.resource), actor_kind=facts.actor.kind),
            **facts.rest,
        },
    }
    return {name: value for name, value in document.items() if value}


def _event(facts: Facts) -> dict[str, Any]:
    category, kind = "configuration", _TYPES[facts.verb]
    if sign_in := _SIGN_IN.get(facts.key):
        category, kind = "authentication", sign_in
    elif facts.area == "users":
        category, kind = "iam", "info" if facts.verb is Verb.READ else kind
    return {
        "kind": "event",
        "category": [category],
        "type": [kind],
        "action": facts.key,
        "outcome": _OUTCOMES[facts.is_success],
        "severity": _SEVERITIES[facts.risk],
        "dataset": DATASET,
        "module": "audit_trail",
        **_said(id=facts.message_id, created=utc_text(facts.received_at) if facts.received_at else ""),
        **_said(reason=facts.reason),
    }


def _user(facts: Facts) -> dict[str, Any]:
    actor, resource = facts.actor, facts.resource
    target = _said(id=resource.id, name=resource.name) if resource.kind == "user" else {}
    return _said(id=actor.id, name=actor.name, email=actor.email, target=target)


def _thing(thing: Thing) -> dict[str, Any]:
    return _said(id=thing.id, name=thing.name, type=thing.kind)


def _said(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _ip(text: str) -> str:
    """An address that a field of type ip takes; Elasticsearch refuses the whole document over any other text."""
    try:
        return str(ip_address(text))
    except ValueError:
        return ""
