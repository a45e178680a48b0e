"""More of the ways in escalations.py: of dele, who manages access and is no owner, against those who can do more than she can."""

from typing import Any

from auditapp.access.groups import delete_group, remove_group_member
from auditapp.access.members import remove_member, revoke_invitation
from auditapp.access.own_roles import change_role, create_role
from auditapp.access.ownership import transfer_ownership
from auditapp.access.permissions import Permission
from auditapp.access.roles import grant_role, revoke_role
from auditapp.access.support import grant_support, restore_support
from auditapp.record.workspace_scope import in_workspace
from tests.access.escalation_world import World
from tests.access.escalations import attempt
from tests.factories import acting_as, make_token

ACCESS = "settings/access/"


@attempt("dele removes an owner")
def _(world: World) -> Any:
    return world.post(world.dele, f"{ACCESS}members/{world.otto.id}/remove/")


@attempt("dele removes an owner by the service")
def _(world: World) -> Any:
    with acting_as(world.dele, world.cast.workspace):
        remove_member(user_id=world.otto.id)


@attempt("dele removes an owner by a group")
def _(world: World) -> Any:
    return world.post(world.dele, f"{ACCESS}members/{world.bea.id}/remove/")


@attempt("dele takes an owner's role")
def _(world: World) -> Any:
    return world.post(world.dele, f"{ACCESS}grants/{world.ottos_grant}/revoke/")


@attempt("dele takes an owner's role by the service")
def _(world: World) -> Any:
    with acting_as(world.dele, world.cast.workspace):
        revoke_role(grant_id=world.ottos_grant)


@attempt("dele takes an owner out of the group that makes them one")
def _(world: World) -> Any:
    return world.post(world.dele, f"{ACCESS}groups/{world.board.id}/members/{world.bea.id}/remove/")


@attempt("dele takes an owner out of it by the service")
def _(world: World) -> Any:
    with acting_as(world.dele, world.cast.workspace):
        remove_group_member(group_id=world.board.id, user_id=world.bea.id)


@attempt("dele takes the role of a group that makes owners")
def _(world: World) -> Any:
    return world.post(world.dele, f"{ACCESS}grants/{world.boards_grant}/revoke/")


@attempt("dele deletes a group that makes owners")
def _(world: World) -> Any:
    with acting_as(world.dele, world.cast.workspace):
        delete_group(group_id=world.board.id)


@attempt("dele cuts a role of the workspace's own that makes an owner")
def _(world: World) -> Any:
    with acting_as(world.cast.olga, world.cast.workspace):
        whole = create_role(name="Whole", permissions=[str(one) for one in Permission])
        grant_role(role_key=whole.key, scope="workspace", user_id=world.otto.id)
        revoke_role(grant_id=world.ottos_grant)
    with acting_as(world.dele, world.cast.workspace):
        change_role(role_key=whole.key, permissions=["access.read"])


@attempt("a token that dele made removes an owner")
def _(world: World) -> Any:
    scopes = ["access:read", "access:write"]
    _, secret = make_token(workspace=world.cast.workspace, created_by=world.dele.id, scopes=scopes)
    answer = world.api(secret, "delete", f"users?userIds={world.otto.id}")
    assert "Ask an owner of the workspace: " in answer.content.decode()
    _ended(world)
    return answer


@attempt("a token that dele made replaces an owner's roles")
def _(world: World) -> Any:
    scopes = ["access:read", "access:write"]
    _, secret = make_token(workspace=world.cast.workspace, created_by=world.dele.id, scopes=scopes)
    answer = world.api(secret, "put", f"users/{world.otto.id}/permissions", {"permissions": []})
    _ended(world)
    return answer


@attempt("dele undoes that somebody was made an owner")
def _(world: World) -> Any:
    with acting_as(world.cast.olga, world.cast.workspace):
        revoke_role(grant_id=world.ottos_grant)
        grant_role(role_key="workspace_owner", scope="workspace", user_id=world.otto.id)
    path = f"/demo/settings/admin/audit-trail/{world.key_of('user.role_granted')}/undo/"
    return world.client(world.dele).post(path, {"what": "change", "stamp": "x"})


@attempt("dele takes back an owner's invitation")
def _(world: World) -> Any:
    with acting_as(world.dele, world.cast.workspace):
        revoke_invitation(invitation_id=world.owners_invitation)


@attempt("dele gives support access as far as it goes")
def _(world: World) -> Any:
    sent = {"email": "x@example.org", "hours": "24", "purpose": "Ticket", "level": "full"}
    answer = world.post(world.dele, f"{ACCESS}support/new/", **sent)
    assert answer.status_code == 403
    return answer


@attempt("dele gives support access by the service")
def _(world: World) -> Any:
    with acting_as(world.dele, world.cast.workspace):
        grant_support(email="x@example.org", hours=24, purpose="Ticket", is_read_only=True)


@attempt("dele gives support access back that an owner gave")
def _(world: World) -> Any:
    with acting_as(world.dele, world.cast.workspace):
        restore_support(support_id=world.support)


@attempt("dele hands the workspace over")
def _(world: World) -> Any:
    with acting_as(world.dele, world.cast.workspace):
        transfer_ownership(user_id=world.cast.mina.id)


def _ended(world: World) -> None:
    """What was made to try it is no gain."""
    with in_workspace(world.workspace_id):
        type(world.token).objects.filter(created_by=world.dele.id).delete()
