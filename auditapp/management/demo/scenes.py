"""What people do in the demo, each a call of the real service, so that diffs and histories are true.

A scene that does not fit the state of things, or that its actor may not do, is left out as in life.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Final, TypeVar

from auditapp.access import workspaces
from auditapp.access.models import ApiToken, ReasonRule, User, Workspace
from auditapp.catalogue.declaring import WITHHELD
from auditapp.lib import clock
from auditapp.lib.errors import AppError
from auditapp.management.demo.people import Person
from auditapp.pipeline.warehouses import services as warehouses
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.queries import connection_of
from auditapp.record.drafts import Change
from auditapp.record.services import record
from auditapp.sources import services as sources
from auditapp.sources import write_keys
from auditapp.sources.models import Source

Row = TypeVar("Row")
REASONS: Final = (
    "Cost spike, see OPS-2214",
    "",
    "Maintenance until Friday, OPS-2231",
    "Asked for by the data team",
    "",
)
SESSION: Final = timedelta(days=3)
AUDIT_LABEL: Final = "purpose:audit"
OTHER_NAMES: Final = {
    "Email events": "Marketing mail",
    "Marketing mail": "Email events",
    "Loyalty service": "Loyalty API",
    "Loyalty API": "Loyalty service",
}
TIERS: Final = ("", "tier:gold", "tier:silver")


@dataclass
class World:
    """The workspace as the scenes find it."""

    random: Random
    workspace: Workspace
    users: dict[str, User] = field(default_factory=dict)
    # By the names they were made with; a scene may rename one.
    source_ids: dict[str, str] = field(default_factory=dict)
    warehouse_ids: dict[str, str] = field(default_factory=dict)
    space_ids: dict[str, str] = field(default_factory=dict)
    # Of the workspace's own, by name; and what else the story of its access comes back to.
    role_keys: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)

    # Who is in which session, since which day.
    sessions: dict[str, str] = field(default_factory=dict)
    session_days: dict[str, date] = field(default_factory=dict)

    def begin_session(self, person: Person, at: datetime) -> None:
        self.sessions[person.email] = f"ses_{self.random.getrandbits(128):032x}"
        self.session_days[person.email] = at.date()

    def is_signed_in(self, person: Person, at: datetime) -> bool:
        """Whether the person is in a session that lasts at this moment."""
        since = self.session_days.get(person.email)
        return since is not None and since <= at.date() < since + SESSION

    def pick(self, rows: Sequence[Row]) -> Row:
        """One of these; a scene without any is left out."""
        if not rows:
            raise NothingThere
        return self.random.choice(rows)

    def source(self) -> Source:
        """One of the sources that people work with; that of audit events is left alone, so that they keep flowing."""
        sources = Source.objects.filter(workspace_id=self.workspace.id).exclude(labels__contains=[AUDIT_LABEL])
        return self.pick(list(sources.order_by("name")))

    def ids_of(self, names: Sequence[str]) -> list[str]:
        """The ids of what a role is given over, of whichever kind."""
        known = self.source_ids | self.warehouse_ids | self.space_ids
        return [known[name] for name in names]

    def reporting_token(self) -> ApiToken:
        """The token by which other systems report."""
        return ApiToken.objects.get(workspace_id=self.workspace.id, name="Product systems")

    def warehouse(self) -> Warehouse:
        return self.pick(list(Warehouse.objects.filter(workspace_id=self.workspace.id).order_by("name")))


class NothingThere(AppError):
    """There is nothing yet that this scene could change."""


Scene = Callable[[World, Person], object]


def sign_in(world: World, person: Person) -> None:
    User.objects.filter(id=world.users[person.email].id).update(last_login=clock.now())
    record("user.signed_in", target=world.users[person.email], meta={"method": "password"})


def sign_in_with_a_wrong_password(world: World, person: Person) -> None:
    meta = {"email": person.email, "reason": "wrong password", "attempt": world.random.randint(1, 3)}
    record("user.sign_in_failed", target=world.users[person.email], meta=meta, outcome="failure")


def sign_out(world: World, person: Person) -> None:
    record("user.signed_out", target=world.users[person.email])


def change_password(world: World, person: Person) -> None:
    secret = [Change("password", WITHHELD, WITHHELD)]
    record("user.password_changed", target=world.users[person.email], changes=secret)


def relabel_source(world: World, person: Person) -> None:
    """A tier put on, changed or taken off; what says environment and team stays."""
    source = world.source()
    kept = [label for label in source.labels if not label.startswith("tier:")]
    tier = world.random.choice([label for label in TIERS if label not in source.labels])
    sources.change_source(source_id=source.id, name=source.name, labels=[*kept, tier] if tier else kept)


def rename_source(world: World, person: Person) -> None:
    """One of those that no role is told by here; what it was called before it is called again."""
    source = world.pick(
        list(Source.objects.filter(workspace_id=world.workspace.id, name__in=OTHER_NAMES).order_by("name"))
    )
    sources.change_source(source_id=source.id, name=OTHER_NAMES[source.name], labels=source.labels)


def switch_source(world: World, person: Person) -> None:
    """What was switched off is switched on again before something else goes off."""
    off = Source.objects.filter(workspace_id=world.workspace.id, is_enabled=False).first()
    if off:
        sources.enable_source(source_id=off.id)
    else:
        sources.disable_source(source_id=world.source().id)


def rotate_key(world: World, person: Person) -> None:
    write_keys.rotate_write_key(source_id=world.source().id)


def try_a_source(world: World, person: Person) -> None:
    """One experiment at a time: the next one begins when the last one is gone."""
    tried = Source.objects.filter(workspace_id=world.workspace.id, name__startswith="Experiment").first()
    if tried:
        sources.delete_source(source_id=tried.id)
    else:
        sources.create_source(name=f"Experiment {world.random.randint(100, 999)}", labels=["environment:dev"])


def change_warehouse(world: World, person: Person) -> None:
    warehouse = world.warehouse()
    database = world.random.choice(("analytics", "analytics_eu", "events"))
    connection = connection_of(warehouse)._replace(database=database)
    password = f"demo-{world.random.getrandbits(40)}" if world.random.random() < 0.3 else ""
    warehouses.change_warehouse(
        warehouse_id=warehouse.id, name=warehouse.name, connection=connection, password=password
    )


def switch_warehouse(world: World, person: Person) -> None:
    off = Warehouse.objects.filter(workspace_id=world.workspace.id, is_enabled=False).first()
    if off:
        warehouses.enable_warehouse(warehouse_id=off.id)
    else:
        warehouses.disable_warehouse(warehouse_id=world.warehouse().id)


def offer_reasons(world: World) -> None:
    fresh = Workspace.objects.get(id=world.workspace.id)
    workspaces.change_workspace_settings(
        name=fresh.name, slug=fresh.slug, time_zone=fresh.time_zone, reason_rule=ReasonRule.OFFERED
    )


def reason_for(scene: Scene, at: datetime) -> str:
    """What somebody says to it, some of the time; without a draw, so that the rest of the history stays as it is."""
    return REASONS[at.minute % len(REASONS)] if scene in (switch_source, switch_warehouse) else ""


# How often each happens. Those that ask for more than the actor's role are left out when they come up.
SCENES: Final[dict[Scene, int]] = {
    sign_in: 1,
    sign_out: 5,
    sign_in_with_a_wrong_password: 1,
    change_password: 1,
    relabel_source: 22,
    rename_source: 2,
    switch_source: 10,
    rotate_key: 4,
    try_a_source: 4,
    change_warehouse: 9,
    switch_warehouse: 3,
}
