"""Audit Forwarding of the demo: a source with a plan and a transformation, and destinations that need no network.

Mail goes into the outbox folder; the third destination is as people leave one that they have not tested yet: off.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Final

from django.db import transaction

from auditapp.catalogue import registry
from auditapp.forwarding.services import save_forwarding
from auditapp.lib import clock
from auditapp.management.demo.scenes import AUDIT_LABEL
from auditapp.pipeline.destination_filters.services import create_filter
from auditapp.pipeline.destinations.services import create_destination, enable_destination
from auditapp.pipeline.destinations.testing import send_test
from auditapp.pipeline.plans.connections import connect_source
from auditapp.pipeline.plans.rule_services import update_rules
from auditapp.pipeline.plans.rules import Rule, RuleType
from auditapp.pipeline.plans.services import create_plan
from auditapp.pipeline.transformations.services import create_transformation
from auditapp.sealing.services import seal_batch
from auditapp.sources.models import Source
from auditapp.sources.schema import observe
from auditapp.sources.services import create_source

Request = Callable[[int], AbstractContextManager[None]]
# What was forwarded by the time that somebody looks for the first time.
BACKFILL: Final = timedelta(days=1)
ACTOR: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "actor": {"type": "object", "required": ["id", "kind"]},
        "outcome": {"enum": ["success", "failure"]},
    },
    "required": ["actor", "outcome"],
}
# Sign-ins are to come with a second factor, which the demo's people have not: the plan tells, and lets them through.
SIGN_IN: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"meta": {"type": "object", "required": ["method", "second_factor"]}},
}
PLANNED: Final = {
    "User Signed In": SIGN_IN,
    "Source Modified": ACTOR,
    "Source Disabled": ACTOR,
    "Warehouse Modified": ACTOR,
    "Workspace Settings Modified": ACTOR,
}


def seal_history() -> None:
    """Seal what there is, so that forwarding can begin at a moment of the past; the worker's role is needed."""
    while seal_batch(limit=1_000):
        pass


def set_up_forwarding(request: Request) -> None:
    """As the owner would, in eight steps with the time that they take; the last one turns it on.

    Takes:   request, opens one of hers, so many seconds after the one before
    Writes:  what the services write
    """
    with request(0):
        source_id = create_source(name="Audit events", labels=[AUDIT_LABEL]).id
        _know_events(source_id)
    with request(171):
        plan = create_plan(name="Audit log", description="What the security team reads in a digest.")
    with request(248):
        rules = [Rule(RuleType.TRACK, name, {"properties": {"properties": schema}}) for name, schema in PLANNED.items()]
        update_rules(plan_id=plan.id, rules=rules)
    with request(34):
        connect_source(plan_id=plan.id, source_id=source_id)
    with request(143):
        hashing = {"algorithm": "SHA256", "paths": ["actor.email"]}
        create_transformation(
            source_id=source_id,
            name="Hash actors' e-mail",
            definition={"if": 'type = "track"', "hashPropertiesConfiguration": hashing},
        )
    team = _mail(request, source_id, "Security team", "security@example.com", minutes=1)
    _mail(request, source_id, "Audit mailbox", "audit@example.com", minutes=5)
    with request(97):
        create_filter(
            destination_id=team,
            title="Notable and risky only",
            condition='properties.risk = "routine"',
            actions=[{"type": "DROP"}],
        )
    with request(155):
        webhook = {"url": "https://siem.example.com/audit", "sends": "batch"}
        create_destination(source_id=source_id, kind="webhook", name="SIEM", settings=webhook)
    with request(61):
        save_forwarding(source_id=source_id, is_on=True, start=clock.now() - BACKFILL)


def _know_events(source_id: str) -> None:
    """Let the source know what audit events are called, so that the trail of a demo is not of events that it meets for the first time."""
    with transaction.atomic():
        names = sorted({one.name for one in registry.EVENT_TYPES.values()})
        observe(Source.objects.get(id=source_id), [{"type": "track", "event": name} for name in names])


def _mail(request: Request, source_id: str, name: str, address: str, *, minutes: int) -> str:
    settings = {"recipients": address, "linger_minutes": minutes}
    with request(82):
        destination, _ = create_destination(source_id=source_id, kind="email", name=name, settings=settings)
    with request(9):
        send_test(destination_id=destination.id)
    with request(26):
        return enable_destination(destination_id=destination.id).id
