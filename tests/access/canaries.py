"""A workspace with everything in it, whose events hold a canary in every place that can hold one: told of each thing that has a history."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.test import Client

from auditapp.access.models import Role, User
from auditapp.alerts.models import AlertRule
from auditapp.alerts.reader import evaluate_batch
from auditapp.alerts.services import RuleInput, create_alert_rule
from auditapp.lib.ids import event_key
from auditapp.record.acting import acting
from auditapp.record.declarations import declare_type
from auditapp.record.drafts import Actor, Change, Target
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.running import run_due_task
from auditapp.trail.address import Address
from auditapp.trail.exports.models import Export
from auditapp.trail.exports.services import request_export
from auditapp.trail.filters import read_query
from auditapp.trail.moments import UTC_ZONE
from auditapp.trail.saved_views.services import create_saved_view
from tests.access.api_rows import EVERY_SCOPE, api_ids
from tests.access.test_matrix import world_of
from tests.factories import Cast, acting_as, as_operator, make_member, make_token, make_user
from tests.trail.history import seal_all

EMAIL, IP, IPV6 = "canary.person@hidden.example", "198.18.77.66", "2001:db8:ca:11::7e"
# What only its declaration makes sensitive, and what a context hides whatever it says.
WORD, AGENT, REASON = "kestrelsalary", "canaryagent", "canaryreason"
CANARIES = (EMAIL, IP, IPV6, WORD, AGENT, REASON)
# By these and their parts nobody may search who may not see the whole.
# Whatever has a history on a page of its own or in another's: the kind of a target by the name of its id.
HISTORIES = {
    "shop": "source",
    "destination": "destination",
    "function": "function",
    "warehouse": "warehouse",
    "plan": "tracking_plan",
    "space": "space",
    "role": "role",
    "mina": "user",
    "group": "group",
    "token": "token",
    "alert": "alert_rule",
}
SEARCHES = (*CANARIES, "canary.person", "canary", "hidden.example", "198.18", "198.18.77.0/24", "kestrel")


@dataclass(frozen=True)
class World:
    """`vera` may do everything but see personal data; each has a token of their own. `keys` are the events with canaries.

    `ids` is everything that can be in a path, as in the matrix; in place of one event and one rule of it stand those with canaries.
    """

    cast: Cast
    vera: User
    keys: Sequence[str]
    rule: AlertRule
    view_id: str
    tokens: Mapping[str, str]
    ids: Mapping[str, Any]


def make_role() -> None:
    """As the owner of the tables: whose role has everything but the right to see personal data."""
    owner = Role.objects.get(key="workspace_owner")
    Role.objects.create(
        key="without_personal",
        name="Without personal data",
        description="Everything else.",
        permissions=[one for one in owner.permissions if one != "audit.read_personal"],
        scopes=["workspace"],
        position=99,
    )


def make_world() -> World:
    cast, ids = world_of("demo")
    ids |= api_ids(cast, ids)
    vera = make_user(name="Vera of demo", email="vera@demo.example")
    make_member(workspace=cast.workspace, user=vera, role="without_personal")
    with acting_as(cast.olga, cast.workspace):
        rule, _ = create_alert_rule(
            RuleInput(name="Watch", query=f"ip:{IP}", told_ids=(cast.olga.id, vera.id), by_bell=True)
        )
        create_alert_rule(RuleInput(name="All failures", query="outcome:failure", told_ids=(vera.id,), by_bell=True))
        declare_type(
            key="raise.given",
            name="Raise Given",
            sentence="gave {resource} a raise[ to {meta.pay.amount}]",
            schema={"properties": {"pay": {"properties": {"amount": {"sensitive": True}}}}},
            sensitive_paths=["band"],
        )
        view = create_saved_view(name="Of one address", query=f"ip:{IP}", is_shared=True)
    tokens = {}
    for who in (cast.olga, vera):
        tokens[who.name.split()[0].lower()] = make_token(
            workspace=cast.workspace, name=f"Of {who.name}", scopes=EVERY_SCOPE, created_by=who.id
        )[1]
    ids |= {"alert": rule.id, "told": _sent(tokens["olga"], ids["type"])}
    _tell_of_each(cast, ids)
    keys = [event_key(one) for one in _tell(cast)]
    ids |= {"changed": keys[0]}
    seal_all()
    with as_operator():
        evaluate_batch(cast.workspace.id)
    return World(cast, vera, keys, rule, view.id, tokens, ids)


def written_exports(world: World) -> dict[str, str]:
    """The whole trail as a file that was written in the background, of olga's and of vera's: its id by whose it is."""
    made, everything = {}, read_query(Address("", (("reads", "1"),)), zone=UTC_ZONE)
    for who in (world.cast.olga, world.vera):
        with acting_as(who, world.cast.workspace):
            request_export(workspace=world.cast.workspace, query=everything, format_key="jsonl")
        with in_workspace(world.cast.workspace.id):
            made[who.name.split()[0].lower()] = Export.objects.filter(requested_by=who.id).latest("requested_at").id
    with as_operator():
        while run_due_task():
            pass
    return made


def _tell_of_each(cast: Cast, ids: Mapping[str, Any]) -> None:
    """An event of each thing's history."""
    with acting_as(cast.olga, cast.workspace):
        for name, kind in HISTORIES.items():
            told = {"meta": {"pay": {"amount": WORD}}, "changes": [Change("owner", EMAIL, IP)]}
            record("raise.given", target=Target(kind, str(ids[name]), "X"), scope_id=str(ids[name]), **told)


def _sent(token: str, kind: str) -> str:
    """The key of an event that came by the API, and is undone by who sent it."""
    event = {"type": kind, "target": {"type": "order", "id": "1"}, "changes": [{"path": "by", "old": EMAIL, "new": IP}]}
    answer = Client().post("/api/audit-events", event, "application/json", headers={"Authorization": f"Bearer {token}"})
    return str(answer.json()["data"]["id"])


def _tell(cast: Cast) -> Iterator[Any]:
    ghost = Actor("user", "usr_ghost", EMAIL, EMAIL, real=Actor("user", "usr_behind", "Ghost", EMAIL))
    outsider = Actor("user", EMAIL, "", EMAIL)
    context = {"user_agent": AGENT, "reason": REASON, "forwarded_for": IPV6}
    for actor, more in (
        (ghost, {"request_id": EMAIL}),
        (outsider, {"request_id": "req_1"}),
        (cast.olga.audit_actor, {"request_id": "req_1"}),
    ):
        with in_workspace(cast.workspace.id), acting(cast.workspace.id, actor, ip=IP, **context, **more):
            yield from _told_by(cast)


def _told_by(cast: Cast) -> Iterator[Any]:
    shop = cast.shop.audit_target
    told = [
        Change("owner", EMAIL, f"{EMAIL}, and more"),
        Change("allowed", ["203.0.113.0/24", IP], [{"at": IPV6}]),
        Change(f"members.{EMAIL}", "viewer", "admin"),
        Change("who", {EMAIL: 1}),
        Change("name", "Shop", "Web shop"),
    ]
    yield record("source.modified", target=cast.shop, changes=told, scope_id=cast.shop.id).id
    meta = {"email": EMAIL, "reason": "wrong password", "tried": [{"from": IP}], "by": {IPV6: 1}}
    yield record("user.sign_in_failed", target=Target("user", "usr_x", EMAIL), meta=meta, outcome="failure").id
    yield record(
        "source.disabled", target=[Target("source", EMAIL, EMAIL), shop, Target("host", "h", f"on {IP}")], scope_id=IP
    ).id
    with_error = {"task": f"mail {EMAIL}", "attempt": 1, "of": 1, "final": True, "error": f"550 no {EMAIL} from {IP}"}
    yield record("audit_trail.export_failed", target=cast.workspace, meta=with_error, outcome="failure").id
    yield record(
        "raise.given",
        target=Target("employee", "emp_1", "Bo"),
        meta={"pay": {"amount": f"{WORD} 9041"}},
        changes=[Change("band", WORD, f"{WORD} two"), Change("band.low", 1, WORD)],
    ).id
