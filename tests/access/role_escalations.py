"""More of the ways in escalations.py: through roles that a workspace defines. Olga makes one that nobody has; it gives nobody anything."""

from typing import Any

from auditapp.access.own_roles import change_role, create_role, delete_role, restore_role
from auditapp.access.permissions import Permission
from auditapp.access.roles import grant_role
from tests.access.escalation_world import World
from tests.access.escalations import attempt
from tests.factories import acting_as, prove

ROLES = "/demo/settings/access/roles/"
EVERYTHING = [str(one) for one in Permission]


def _role(world: World, **values: Any) -> Any:
    with acting_as(world.cast.olga, world.cast.workspace):
        return create_role(**{"name": "Reader", "over": "source", "permissions": ["source.read"], **values})


@attempt("hank makes a role with all there is")
def _(world: World) -> Any:
    with acting_as(world.hank, world.cast.workspace):
        create_role(name="All", permissions=EVERYTHING)


@attempt("hank makes a role that is called as the owner's")
def _(world: World) -> Any:
    with acting_as(world.hank, world.cast.workspace):
        create_role(name=" workspace  OWNER", permissions=["access.read"])


@attempt("hank widens a role that he could give then")
def _(world: World) -> Any:
    role = _role(world, over="", permissions=["access.read"])
    with acting_as(world.hank, world.cast.workspace):
        change_role(role_key=role.key, permissions=["access.read", "workspace.manage"])


@attempt("ivan widens the built-in role that he has through a group")
def _(world: World) -> Any:
    with acting_as(world.ivan, world.cast.workspace):
        change_role(role_key="manager", permissions=EVERYTHING)


@attempt("hank brings a role back with more than it had")
def _(world: World) -> Any:
    role = _role(world)
    with acting_as(world.cast.olga, world.cast.workspace):
        delete_role(role_key=role.key)
    with acting_as(world.hank, world.cast.workspace):
        restore_role(role_id=role.key, name="Reader", permissions=EVERYTHING)


@attempt("hank brings a role back over a built-in one")
def _(world: World) -> Any:
    with acting_as(world.hank, world.cast.workspace):
        restore_role(role_id="minimal_workspace_access", name="Mine", permissions=["access.manage"])


@attempt("hank gives a role of another workspace")
def _(world: World) -> Any:
    with acting_as(world.other.olga, world.other.workspace):
        foreign = create_role(name="Foreign", permissions=["access.read"])
    with acting_as(world.hank, world.cast.workspace):
        grant_role(role_key=foreign.key, scope="workspace", user_id=world.cast.mina.id)


@attempt("a role over some sources that manages access")
def _(world: World) -> Any:
    return _role(world, permissions=["source.read", "access.manage"])


@attempt("a role over some sources that sees the whole trail")
def _(world: World) -> Any:
    return _role(world, permissions=["audit.read", "audit.read_all"])


@attempt("hank posts what the form does not let him tick")
def _(world: World) -> Any:
    client = world.client(world.hank)
    prove(client)
    return client.post(f"{ROLES}new/", {"name": "Mine", "permissions": ["access.read", "source.write"]})


@attempt("hank posts a role without proving that it is him")
def _(world: World) -> Any:
    client = world.client(world.hank, is_proved=False)
    return client.post(f"{ROLES}new/", {"name": "Mine", "permissions": ["access.read"]})


@attempt("hank gives mina his own role without proving that it is him")
def _(world: World) -> Any:
    client = world.client(world.hank, is_proved=False)
    return client.post(f"/demo/settings/access/members/{world.cast.mina.id}/roles/", {"role": "manager"})


@attempt("rita posts a role, who may look at access and not manage it")
def _(world: World) -> Any:
    client = world.client(world.cast.rita)
    prove(client)
    return client.post(f"{ROLES}new/", {"name": "Mine", "permissions": ["access.read"]})
