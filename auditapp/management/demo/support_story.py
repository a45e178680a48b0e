"""Support in the demo: twice the owner let somebody of another company act in her name, once to change things and now to read."""

from datetime import timedelta
from typing import Final

from django.core import mail

from auditapp.access import support
from auditapp.access.models import User
from auditapp.access.support_models import SupportAccess
from auditapp.lib import clock
from auditapp.management.demo.days import Calendar
from auditapp.management.demo.doing import Step, context_of, support_acting
from auditapp.management.demo.mails import secret_in
from auditapp.management.demo.people import OWNER, SAM
from auditapp.management.demo.scenes import World
from auditapp.pipeline.warehouses import services as warehouses
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.queries import connection_of
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.exports.services import note_visit

LOADED: Final = "Warehouse EU"
LOADS, REPORTS = "loads", "reports"


def support_steps(days: Calendar, password: str) -> list[Step]:
    """In any order.

    Takes:   password, of the account that the first link makes
    """
    loads, reports = days.ago(20, "09:02:16"), days.ago(2, "10:05:38")
    return [
        Step(
            loads,
            lambda world: _grant(world, LOADS, 2, "Loads of Warehouse EU stop at midnight, ticket 4417", False),
            OWNER,
        ),
        Step(loads + timedelta(minutes=19, seconds=44), lambda world: _take(world, LOADS, password)),
        Step(loads + timedelta(minutes=21, seconds=2), lambda world: _enter(world, LOADS)),
        Step(loads + timedelta(minutes=38, seconds=27), lambda world: _change_loads(world, "postgres")),
        Step(loads + timedelta(minutes=44, seconds=51), lambda world: _switch_loads(world, is_on=False)),
        Step(loads + timedelta(hours=1, minutes=7, seconds=13), lambda world: _change_loads(world, "analytics_eu")),
        Step(loads + timedelta(hours=1, minutes=9, seconds=40), lambda world: _switch_loads(world, is_on=True)),
        Step(loads + timedelta(hours=5, minutes=12, seconds=8), _take_back, OWNER, "Solved, ticket 4417"),
        Step(
            reports,
            lambda world: _grant(world, REPORTS, 7, "Reports lack orders of last week, ticket 4502", True),
            OWNER,
        ),
        Step(reports + timedelta(minutes=31, seconds=5), lambda world: _take(world, REPORTS, password)),
        Step(reports + timedelta(minutes=33, seconds=46), lambda world: _enter(world, REPORTS)),
        Step(reports + timedelta(minutes=34, seconds=30), lambda world: _look(world, "area=warehouses")),
        Step(reports + timedelta(hours=3, minutes=2, seconds=19), lambda world: _enter(world, REPORTS)),
        Step(reports + timedelta(hours=3, minutes=3, seconds=55), lambda world: _look(world, "outcome=failure")),
    ]


def _grant(world: World, name: str, lasting_days: int, purpose: str, is_read_only: bool) -> None:
    given = support.grant_support(email=SAM.email, hours=24 * lasting_days, purpose=purpose, is_read_only=is_read_only)
    world.kept[name] = given.id


def _take(world: World, name: str, password: str) -> None:
    """The link of the mail is opened, the first time by who has no account yet."""
    user = User.objects.filter(email=SAM.email).first()
    told = {} if user else {"name": SAM.name, "password": password}
    support.take_support(secret=secret_in(mail.outbox.pop()), user=user, **told)


def _enter(world: World, name: str) -> None:
    user = User.objects.get(email=SAM.email)
    User.objects.filter(id=user.id).update(last_login=clock.now())
    support.use_support(user=user, support_id=world.kept[name], context=context_of(world, SAM))


def _change_loads(world: World, database: str) -> None:
    with support_acting(world, _given(world, LOADS), SAM):
        warehouse = _loaded(world)
        connection = connection_of(warehouse)._replace(database=database)
        warehouses.change_warehouse(warehouse_id=warehouse.id, name=warehouse.name, connection=connection)


def _switch_loads(world: World, *, is_on: bool) -> None:
    with support_acting(world, _given(world, LOADS), SAM):
        warehouse = _loaded(world)
        if warehouse.is_enabled is not is_on:
            switch = warehouses.enable_warehouse if is_on else warehouses.disable_warehouse
            switch(warehouse_id=warehouse.id)


def _look(world: World, filters: str) -> None:
    given = _given(world, REPORTS)
    with support_acting(world, given, SAM):
        note_visit(workspace=world.workspace, user_id=given.user_id or "", filters=filters)


def _take_back(world: World) -> None:
    support.revoke_support(support_id=world.kept[LOADS])


def _given(world: World, name: str) -> SupportAccess:
    with in_workspace(world.workspace.id):
        found = SupportAccess.objects.filter(workspace_id=world.workspace.id, id=world.kept[name])
        return found.select_related("granted_by", "user").get()


def _loaded(world: World) -> Warehouse:
    return Warehouse.objects.get(workspace_id=world.workspace.id, id=world.warehouse_ids[LOADED])
