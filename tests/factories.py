"""Small keyword-only factories. They write rows and record nothing: what services do is for tests of services.

The cast: olga owns, milo administers two of three sources, rita reads only, mina may enter and no more, zoe is a stranger.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.db import connection, transaction
from django.test import Client

from auditapp.access.known_labels import make_first_labels
from auditapp.access.label_models import Label
from auditapp.access.models import ApiToken, Grant, Group, GroupMember, Member, User, Workspace
from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.lib.secret_box import seal
from auditapp.lib.tokens import new_api_token, token_digest
from auditapp.lib.webhook_signature import new_secret
from auditapp.pipeline.delivery.positions import open_delivery
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.setup import Secrets, SigningSecret
from auditapp.pipeline.functions.models import Function, FunctionVersion
from auditapp.pipeline.plans.models import PlanRule, SourcePlan, TrackingPlan
from auditapp.pipeline.transformations.kinds import event_of, kinds_of
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import Source, SourceHead
from auditapp.sources.write_keys import live_keys, make_write_key
from auditapp.spaces.models import Space

PASSWORD = "correct horse battery"


@contextmanager
def as_operator() -> Iterator[None]:
    """Work as audit_worker for a while: the web may not make workspaces."""
    with transaction.atomic(), connection.cursor() as cursor:
        before = cursor.execute("SELECT current_user").fetchone()[0]
        cursor.execute("SET LOCAL ROLE audit_worker")
        yield
        cursor.execute(f"SET LOCAL ROLE {before}")


def make_workspace(*, slug: str = "demo", name: str = "Halden Outdoor", time_zone: str = "UTC") -> Workspace:
    with as_operator():
        workspace = Workspace.objects.create(slug=slug, name=name, time_zone=time_zone)
    with in_workspace(workspace.id):
        make_first_labels(workspace.id)
    return workspace


def make_labels(*labels: str, workspace: Workspace) -> None:
    """Make labels known, so that services take them."""
    with in_workspace(workspace.id):
        for key, value in (label.split(":") for label in labels):
            Label.objects.create(workspace_id=workspace.id, key=key, value=value)


def make_user(*, name: str = "Olga Ivanova", email: str | None = None, password: str = PASSWORD) -> User:
    return User.objects.create_user(email or f"{name.split()[0].lower()}@example.com", password, name=name)


def make_member(*, workspace: Workspace, user: User, role: str | None = None, **reach: Any) -> Member:
    with in_workspace(workspace.id):
        member = Member.objects.create(workspace=workspace, user=user)
        if role:
            make_grant(workspace=workspace, user=user, role=role, **reach)
        return member


def make_grant(
    *,
    workspace: Workspace,
    role: str,
    user: User | None = None,
    group: Group | None = None,
    scope: str = "workspace",
    resource_ids: Sequence[str] = (),
    labels: Sequence[str] = (),
) -> Grant:
    with in_workspace(workspace.id):
        return Grant.objects.create(
            workspace_id=workspace.id,
            id=new_id("grt"),
            subject_kind="member" if user else "group",
            subject_id=(user or group).id,
            role_id=role,
            scope=scope,
            resource_ids=list(resource_ids),
            labels=list(labels),
        )


def make_group(*, workspace: Workspace, name: str = "Mobile team", members: Sequence[User] = ()) -> Group:
    with in_workspace(workspace.id):
        group = Group.objects.create(workspace_id=workspace.id, id=new_id("grp"), name=name)
        for user in members:
            GroupMember.objects.create(workspace_id=workspace.id, group_id=group.id, user=user)
        return group


def make_token(
    *,
    workspace: Workspace,
    name: str = "CI deploy",
    scopes: Sequence[str] = ("audit:read", "audit:write"),
    created_by: str = "system",
    expires_at: datetime | None = None,
    revoked_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """The token and its secret."""
    secret = new_api_token()
    with in_workspace(workspace.id):
        token = ApiToken.objects.create(
            workspace_id=workspace.id,
            id=new_id("tok"),
            name=name,
            digest=token_digest(secret),
            last_characters=secret[-4:],
            scopes=list(scopes),
            created_by=created_by,
            expires_at=expires_at,
            revoked_at=revoked_at,
        )
    return token, secret


def make_source(*, workspace: Workspace, name: str = "Web shop", labels: Sequence[str] = (), **values: Any) -> Source:
    with in_workspace(workspace.id):
        source = Source.objects.create(
            workspace_id=workspace.id,
            id=new_id("src"),
            slug=name.lower().replace(" ", "-"),
            name=name,
            labels=list(labels),
            **values,
        )
        SourceHead.objects.create(workspace_id=workspace.id, source_id=source.id)
        make_write_key(source)
    return source


def write_keys(source: Source) -> list[str]:
    """The keys that a source takes now, the newest first."""
    with in_workspace(source.workspace_id):
        return list(live_keys(source).values_list("key", flat=True))


def make_warehouse(*, workspace: Workspace, name: str = "Reporting", **values: Any) -> Warehouse:
    settings = {"host": "db.example.com", "port": 5432, "database": "analytics", "username": "loader"}
    with in_workspace(workspace.id):
        return Warehouse.objects.create(
            workspace_id=workspace.id, id=new_id("whs"), name=name, settings=settings, secret=seal("s3cret"), **values
        )


def make_space(*, workspace: Workspace, id: str, name: str = "Production", labels: Sequence[str] = ()) -> Space:
    now = clock.now()
    values = {"name": name, "labels": list(labels), "named_at": now, "state_at": now}
    with in_workspace(workspace.id):
        return Space.objects.create(workspace_id=workspace.id, id=id, **values)


def make_tracking_plan(*, workspace: Workspace, name: str = "Shop", followers: Sequence[Source] = ()) -> TrackingPlan:
    """A plan with one event, Order Completed, that these sources follow."""
    with in_workspace(workspace.id):
        plan = TrackingPlan.objects.create(
            workspace_id=workspace.id, id=new_id("tp"), slug=name.lower(), name=name, revision=new_id("rev")
        )
        PlanRule.objects.create(
            workspace_id=workspace.id, plan_id=plan.id, type="TRACK", key="Order Completed", version=1, schema="{}"
        )
        for source in followers:
            SourcePlan.objects.create(
                workspace_id=workspace.id, source_id=source.id, plan_id=plan.id, connected_at=clock.now()
            )
    return plan


def make_transformation(
    *, source: Source, name: str = "Rename", definition: dict[str, Any] | None = None, hash_key: str = "", **values: Any
) -> SavedTransformation:
    definition = {"if": "all", **(definition or {"newEventName": "Renamed"})}
    with in_workspace(source.workspace_id):
        return SavedTransformation.objects.create(
            workspace_id=source.workspace_id,
            id=new_id("trf"),
            name=name,
            source_id=source.id,
            definition=definition,
            kinds=kinds_of(definition),
            event=event_of(definition["if"]),
            hash_key=seal(hash_key) if hash_key else None,
            revision=new_id("rev"),
            **values,
        )


def make_destination(*, source: Source, name: str = "SIEM", is_enabled: bool = True, **values: Any) -> Destination:
    """A webhook that was tested; its address lies inside, so that nothing is ever called."""
    with in_workspace(source.workspace_id):
        destination = Destination.objects.create(
            workspace_id=source.workspace_id,
            id=new_id("dst"),
            source_id=source.id,
            name=name,
            is_enabled=is_enabled,
            tested_at=clock.now(),
            **{
                "kind": "webhook",
                "settings": {"url": "https://127.0.0.1:9/", "sends": "batch"},
                "secrets": Secrets(signing=(SigningSecret(new_secret()),)).sealed(),
            }
            | values,
        )
        open_delivery(destination)
        return destination


def make_function(
    *,
    workspace: Workspace,
    name: str = "Hash e-mail",
    code: str = "function onTrack(event, settings) { return event; }",
    latest: int = 1,
    deployed: int | None = None,
    resource_type: str = "INSERT_SOURCE",
    settings: Sequence[dict[str, Any]] = (),
) -> Function:
    with in_workspace(workspace.id):
        function = Function.objects.create(
            workspace_id=workspace.id,
            id=new_id("fun"),
            name=name,
            resource_type=resource_type,
            settings=list(settings),
            latest_version=latest,
            deployed_version=deployed,
        )
        for number in range(1, latest + 1):
            FunctionVersion.objects.create(
                workspace_id=workspace.id,
                function_id=function.id,
                number=number,
                code=code if number == 1 else f"{code} // {number}",
                created_by="system",
            )
        return function


@dataclass(frozen=True, slots=True)
class Cast:
    """One workspace with everybody in it, and what they reach."""

    workspace: Workspace
    olga: User
    milo: User
    rita: User
    mina: User
    zoe: User
    shop: Source
    app: Source
    kiosk: Source  # milo does not reach it
    warehouse: Warehouse


def make_cast(*, slug: str = "demo") -> Cast:
    workspace = make_workspace(slug=slug)
    shop, app, kiosk = (make_source(workspace=workspace, name=name) for name in ("Web shop", "iOS app", "Kiosk"))
    people = {
        name: make_user(name=f"{name.title()} of {slug}", email=f"{name}@{slug}.example")
        for name in ("olga", "milo", "rita", "mina", "zoe")
    }
    reached = [shop.id, app.id]
    make_member(workspace=workspace, user=people["olga"], role="workspace_owner")
    make_member(workspace=workspace, user=people["milo"], role="source_admin", scope="listed", resource_ids=reached)
    make_member(workspace=workspace, user=people["rita"], role="auditor")
    make_member(workspace=workspace, user=people["mina"], role="minimal_workspace_access")
    warehouse = make_warehouse(workspace=workspace, source_ids=reached)
    return Cast(workspace=workspace, shop=shop, app=app, kiosk=kiosk, warehouse=warehouse, **people)


def prove(client: Client) -> None:
    """As if whoever is signed in had entered the password again a moment ago."""
    session = client.session
    record = {"method": "password", "at": clock.now().timestamp(), "reauthenticated": True}
    session["account_authentication_methods"] = [record]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()


def age_sign_in(session: SessionBase, *, seconds: float) -> None:
    """As if whoever is signed in had proved who they are so much earlier."""
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**one, "at": one["at"] - seconds} for one in records]
    session.save()


@contextmanager
def acting_as(who: User | ApiToken | Actor, workspace: Workspace) -> Iterator[None]:
    """Inside the workspace, as this user, token or actor."""
    actor = who if isinstance(who, Actor) else who.audit_actor
    with in_workspace(workspace.id), acting(workspace.id, actor, ip="203.0.113.9", request_id="req_test"):
        yield


def events_of(workspace: Workspace) -> list[EventRow]:
    """Every event of the workspace with all its values, newest first."""
    with in_workspace(workspace.id):
        viewer = Viewer(workspace.id, sees_all=True, sees_personal=True)
        return list(visible_events(viewer).exported(EventFilter(with_reads=True)))


def last_event(workspace: Workspace) -> EventRow:
    return events_of(workspace)[0]
