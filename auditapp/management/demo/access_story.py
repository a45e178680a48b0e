"""What the demo's owners give and take: groups, roles of the workspace's own, invitations, and answers to requests for access."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from auditapp.access import access_requests, groups, inviting, members, own_roles, roles, workspaces
from auditapp.access.denials import record_denial
from auditapp.access.errors import Denied
from auditapp.access.models import Scope, Workspace
from auditapp.access.permissions import Permission
from auditapp.management.demo.days import Calendar
from auditapp.management.demo.doing import Step, context_of
from auditapp.management.demo.people import (
    AMARA,
    ELIF,
    GRACE,
    INGRID,
    JONAS,
    MAYA,
    MEMBER,
    OWNER,
    RELEASE_MANAGER,
    TOMAS,
    WAREHOUSE_OPERATOR,
    YUKI,
    Person,
)
from auditapp.management.demo.plans import make_app_plan, make_loyalty_plan
from auditapp.management.demo.scenes import World

PLATFORM, ANALYSTS = "Platform on-call", "Data analysts"
OLD_NAME, NAME = "Halden Outdoor AS", "Halden Outdoor"
INVITED, NEVER_CAME = "sofia.marchetti@example.com", "daniel.osei@agency.example"
RELEASES: Final = (Permission.AUDIT_READ, Permission.AUDIT_VERIFY, Permission.SOURCE_READ, Permission.SOURCE_WRITE)
LOADS: Final = (Permission.AUDIT_READ, Permission.AUDIT_VERIFY, Permission.WAREHOUSE_READ, Permission.WAREHOUSE_WRITE)
Act = Callable[[World], object]


def access_steps(days: Calendar) -> list[Step]:
    """In any order; whoever is named has joined by then in a history of forty days or more."""
    on, ago = days.on_day, days.ago
    release = _make_role(
        RELEASE_MANAGER,
        RELEASES,
        over="source",
        description="Switches the sources of a release on and off and rotates their keys.",
    )
    operate = _make_role(
        WAREHOUSE_OPERATOR,
        LOADS,
        over="warehouse",
        description="Keeps the loads of single warehouses running.",
    )
    return [
        Step(on(2, "08:41:17"), _rename_workspace, OWNER),
        Step(on(5, "09:14:23"), _make_group(PLATFORM), MAYA),
        Step(
            on(5, "09:16:48"),
            _give_group(PLATFORM, "source_admin", scope=Scope.LABELLED, labels=["environment:prod"]),
            MAYA,
        ),
        Step(on(5, "09:18:05"), _put_into(PLATFORM, TOMAS), MAYA),
        Step(on(5, "09:18:39"), _put_into(PLATFORM, YUKI), MAYA),
        Step(on(6, "08:52:10"), release, OWNER),
        Step(on(8, "10:27:34"), make_app_plan, MAYA),
        Step(on(9, "13:03:56"), operate, MAYA),
        Step(on(16, "09:35:21"), make_loyalty_plan, MAYA),
        Step(on(22, "08:47:02"), _make_group(ANALYSTS), ELIF),
        Step(on(22, "08:48:15"), _give_group(ANALYSTS, "warehouse_destination_read_only", scope=Scope.ALL), ELIF),
        Step(on(22, "08:49:27"), _give_group(ANALYSTS, "tracking_plan_read_only", scope=Scope.WORKSPACE), ELIF),
        Step(on(22, "08:51:40"), _put_into(ANALYSTS, GRACE), ELIF),
        Step(on(23, "12:20:33"), _give(GRACE, "pii_access"), OWNER, "Looks into reports of fraud, OPS-2198"),
        Step(on(32, "10:05:12"), _put_into(ANALYSTS, INGRID), ELIF),
        *_requests(days),
        Step(ago(17, "13:31:08"), _invite(NEVER_CAME, "tracking_plan_admin", Scope.WORKSPACE), MAYA),
        Step(ago(15, "09:44:51"), _widen_releases, OWNER, "Release notes are made of the trail"),
        Step(ago(13, "14:26:03"), _remove(JONAS), MAYA, "The contract has ended"),
        Step(ago(6, "11:12:19"), _denied(MEMBER, Permission.ACCESS_READ), MEMBER),
        Step(
            ago(2, "09:58:27"),
            _invite(INVITED, "source_read_only", Scope.LABELLED, labels=["team:marketing"]),
            OWNER,
        ),
    ]


def _requests(days: Calendar) -> list[Step]:
    """One that was approved, one that was declined, and two that wait."""
    load, web = days.ago(24, "09:11:44"), days.ago(9, "10:33:29")
    return [
        Step(load, _ask("load", Permission.WAREHOUSE_READ, "The nightly load fails and I cannot see why"), YUKI),
        Step(load + timedelta(hours=1, minutes=38, seconds=9), _approve("load"), ELIF),
        Step(web, _ask("web", Permission.AUDIT_READ_ALL, "I would like to follow what the web team changes"), MEMBER),
        Step(web + timedelta(hours=2, minutes=51, seconds=36), _decline("web"), OWNER),
        Step(
            days.ago(2, "12:40:05"),
            _ask("journey", Permission.AUDIT_READ_PERSONAL, "An unknown address changed our journey, OPS-2302"),
            AMARA,
        ),
        Step(
            days.ago(1, "13:47:52"),
            _ask("source", Permission.SOURCE_CREATE, "We split the iOS app into two sources next week"),
            MEMBER,
        ),
    ]


def _rename_workspace(world: World) -> None:
    fresh = Workspace.objects.get(id=world.workspace.id)
    world.workspace = workspaces.change_workspace_settings(name=NAME, slug=fresh.slug, time_zone=fresh.time_zone)


def _make_group(name: str) -> Act:
    def make(world: World) -> None:
        world.kept[name] = groups.create_group(name=name).id

    return make


def _give_group(name: str, role_key: str, *, scope: Scope, labels: list[str] | None = None) -> Act:
    return lambda world: roles.grant_role(
        role_key=role_key, scope=scope, group_id=world.kept[name], labels=labels or []
    )


def _put_into(name: str, person: Person) -> Act:
    return lambda world: groups.add_group_member(group_id=world.kept[name], user_id=world.users[person.email].id)


def _make_role(name: str, permissions: tuple[Permission, ...], *, over: str, description: str) -> Act:
    def make(world: World) -> None:
        role = own_roles.create_role(name=name, permissions=permissions, over=over, description=description)
        world.role_keys[name] = role.key

    return make


def _widen_releases(world: World) -> None:
    permissions = (*RELEASES, Permission.AUDIT_EXPORT)
    own_roles.change_role(role_key=world.role_keys[RELEASE_MANAGER], permissions=permissions)


def _give(person: Person, role_key: str) -> Act:
    return lambda world: roles.grant_role(
        role_key=role_key, scope=Scope.WORKSPACE, user_id=world.users[person.email].id
    )


def _remove(person: Person) -> Act:
    def remove(world: World) -> None:
        members.remove_member(user_id=world.users.pop(person.email).id)

    return remove


def _invite(email: str, role_key: str, scope: Scope, labels: list[str] | None = None) -> Act:
    return lambda world: inviting.invite_members(emails=[email], role_key=role_key, scope=scope, labels=labels or [])


def _ask(name: str, permission: Permission, message: str) -> Act:
    def ask(world: World) -> None:
        world.kept[name] = access_requests.request_access(permission=permission, message=message).id

    return ask


def _approve(name: str) -> Act:
    choice = f"warehouse_destination_read_only.{Scope.ALL}"
    return lambda world: access_requests.approve_request(request_id=world.kept[name], choice=choice)


def _decline(name: str) -> Act:
    return lambda world: access_requests.decline_request(request_id=world.kept[name])


def _denied(person: Person, permission: Permission) -> Act:
    """Somebody opens a page that their role does not have."""

    def deny(world: World) -> None:
        user = world.users[person.email]
        context = context_of(world, person) | {"session_id": world.sessions.get(person.email)}
        record_denial(Denied(permission=permission), world.workspace, user.audit_actor, context)

    return deny
