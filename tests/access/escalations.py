"""Sixty ways to try for more than one was given; each must come to nothing. A new one is a function with its name.

An attempt gives the answers that it got, or raises what a service raised.
"""

from collections.abc import Callable
from typing import Any

from auditapp.access.access_requests import approve_request, request_access
from auditapp.access.groups import add_group_member, delete_group, remove_group_member
from auditapp.access.members import accept_invitation, invite_member, remove_member
from auditapp.access.models import Grant, Invitation
from auditapp.access.restoring import RoleOver, restore_group, restore_member
from auditapp.access.roles import grant_role, revoke_role
from auditapp.access.tokens import create_token
from auditapp.lib import clock
from auditapp.lib.tokens import token_digest
from auditapp.record.workspace_scope import in_workspace
from tests.access.escalation_world import World
from tests.factories import acting_as

Attempt = Callable[[World], Any]
ATTEMPTS: dict[str, Attempt] = {}
SECRET = "s" * 43
OWNERS = RoleOver("Workspace Owner", "workspace")


def attempt(name: str) -> Callable[[Attempt], Attempt]:
    def note(try_it: Attempt) -> Attempt:
        assert name not in ATTEMPTS
        ATTEMPTS[name] = try_it
        return try_it

    return note


def _posts(name: str, who: str, path: str, /, **data: Any) -> None:
    """Somebody posts a form; {…} in path and data are of the world."""

    @attempt(name)
    def post(world: World) -> Any:
        person = getattr(world, who, None) or getattr(world.cast, who)
        return world.post(person, _of(world, path), **{key: _of(world, value) for key, value in data.items()})


def _asks(name: str, method: str, path: str, body: Any = None, /, *, secret: str = "secret", **headers: str) -> None:
    """Somebody calls the API."""

    @attempt(name)
    def ask(world: World) -> Any:
        return world.api(getattr(world, secret), method, _of(world, path), body, **headers)


def _of(world: World, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    cast, other = world.cast, world.other
    ids = {name: getattr(cast, name).id for name in ("olga", "milo", "rita", "mina", "zoe", "shop", "kiosk")}
    ids |= {"hank": world.hank.id, "ivan": world.ivan.id, "managers": world.managers.id, "owners": world.owners.id}
    ids |= {"olgas_grant": world.olgas_grant, "minas_grant": world.minas_grant, "token": world.token.id}
    ids |= {"invited": world.invited, "request": world.request, "fay": world.removed_owner.id}
    ids |= {"other_olga": other.olga.id, "other_shop": other.shop.id}
    return value.format_map(ids) if "{" in value else value


GRANTS = "settings/access/members/{%s}/roles/"
OWNER = {"role": "workspace_owner"}  # its only reach is found by the form
ADMIN = {"role": "source_admin", "scope": "all"}

# Those without any right over access.
for person in ("milo", "rita", "mina"):
    _posts(f"{person} makes themselves an owner", person, GRANTS % person, **OWNER)
    _posts(
        f"{person} makes a token that reads all", person, "settings/access/tokens/new/", name="x", scopes=["audit:read"]
    )
_posts("milo widens his own role to all sources", "milo", GRANTS % "milo", **ADMIN)
_posts("milo invites an owner", "milo", "settings/access/invite/", email="x@example.com", **OWNER)
_posts("milo joins the managers", "milo", "settings/access/groups/{managers}/members/", user_id="{milo}")
_posts("rita takes the owner's role away", "rita", "settings/access/grants/{olgas_grant}/revoke/")
_posts("mina removes the owner", "mina", "settings/access/members/{olga}/remove/")
_posts(
    "mina approves what she asked for", "mina", "settings/access/requests/{request}/approve/", choice="source_admin.all"
)
_posts(
    "milo gives a source that he does not reach a new name",
    "milo",
    "connections/sources/{kiosk}/settings/",
    name="Mine",
)
_posts("a stranger makes herself an owner", "zoe", GRANTS % "zoe", **OWNER)

# The manager, who may give roles and has hardly any himself.
_posts("hank makes himself an owner", "hank", GRANTS % "hank", **OWNER)
_posts("hank makes somebody else an owner", "hank", GRANTS % "mina", **OWNER)
_posts("hank gives a role over sources that he lacks", "hank", GRANTS % "mina", **ADMIN)
_posts(
    "hank gives a role over one source",
    "hank",
    GRANTS % "mina",
    role="source_read_only",
    scope="listed",
    resource_ids=["{shop}"],
)
_posts("hank invites an owner", "hank", "settings/access/invite/", email="x@example.com", **OWNER)
_posts("hank invites an auditor", "hank", "settings/access/invite/", email="x@example.com", role="auditor")
_posts("hank joins the owners", "hank", "settings/access/groups/{owners}/members/", user_id="{hank}")
_posts("hank puts a friend into the owners", "hank", "settings/access/groups/{owners}/members/", user_id="{mina}")
_posts("ivan gives his own group a role", "ivan", "settings/access/groups/{managers}/roles/", **OWNER)
_posts("hank gives ivan's group the owner's role", "hank", "settings/access/groups/{managers}/roles/", **OWNER)
_posts("hank makes a token that reads all", "hank", "settings/access/tokens/new/", name="x", scopes=["audit:read"])
_posts(
    "hank makes a token that writes sources", "hank", "settings/access/tokens/new/", name="x", scopes=["source:write"]
)
_posts(
    "hank approves what mina asked for",
    "hank",
    "settings/access/requests/{request}/approve/",
    choice="source_admin.all",
)
_posts("hank removes an owner", "hank", "settings/access/members/{olga}/remove/")
_posts("hank takes an owner's role", "hank", "settings/access/grants/{olgas_grant}/revoke/")
_posts("olga takes her own role", "olga", "settings/access/grants/{olgas_grant}/revoke/")


@attempt("the only owner removes herself")
def _(world: World) -> Any:
    with acting_as(world.cast.olga, world.cast.workspace):
        remove_member(user_id=world.otto.id)
        remove_member(user_id=world.bea.id)
    return world.post(world.cast.olga, f"settings/access/members/{world.cast.olga.id}/remove/")


# Forms that say more, or something else, than the page offers.
_posts("a role that there is not", "olga", GRANTS % "mina", role="superuser", scope="workspace")
_posts("a role further than it goes", "olga", GRANTS % "mina", role="source_admin", scope="workspace-wide")
_posts(
    "a role over a source of another workspace",
    "olga",
    GRANTS % "mina",
    role="source_admin",
    scope="listed",
    resource_ids=["{other_shop}"],
)
_posts("a role for somebody of another workspace", "olga", GRANTS % "other_olga", **OWNER)
_posts("a role for whoever is no member", "olga", GRANTS % "zoe", **OWNER)
_posts(
    "two roles in one field, the harmless one first",
    "hank",
    GRANTS % "mina",
    role=["minimal_workspace_access", "workspace_owner"],
    scope=[""],
)
_posts("a scope of tokens that there is not", "olga", "settings/access/tokens/new/", name="x", scopes=["*"])
_posts("a network that is none", "olga", "settings/access/tokens/{token}/networks/", networks="0.0.0.0/99")


@attempt("an owner of another workspace gives herself a role here")
def _(world: World) -> Any:
    return world.post(world.other.olga, _of(world, GRANTS % "other_olga"), **OWNER)


@attempt("the grant of one workspace is taken in another")
def _(world: World) -> Any:
    return world.client(world.other.olga).post(f"/other/settings/access/grants/{world.olgas_grant}/revoke/")


@attempt("a form from another site, without its token")
def _(world: World) -> Any:
    client = world.client(world.cast.olga, enforce_csrf_checks=True)
    return client.post(f"/demo/settings/access/members/{world.cast.mina.id}/roles/", OWNER)


@attempt("a link, where a form is needed")
def _(world: World) -> Any:
    path = f"/demo/settings/access/members/{world.cast.mina.id}/roles/?role=workspace_owner&scope=workspace"
    return world.client(world.cast.olga).get(path)


@attempt("the header of a fragment")
def _(world: World) -> Any:
    client = world.client(world.cast.mina)
    return client.get("/demo/settings/access/", headers={"HX-Request": "true", "HX-Target": "members"})


@attempt("a method that is said by a header")
def _(world: World) -> Any:
    client = world.client(world.cast.milo)
    path = f"/demo/settings/access/members/{world.cast.olga.id}/"
    return client.post(path, headers={"X-HTTP-Method-Override": "DELETE"})


# Invitations.
def _accept(world: World, who: Any, **sent: Any) -> Any:
    return world.client(who).post(f"/accounts/invitation/{SECRET}/", sent)


def _with_secret(world: World, **values: Any) -> None:
    with in_workspace(world.workspace_id):
        Invitation.objects.filter(id=world.invited).update(digest=token_digest(SECRET), **values)


@attempt("an invitation for somebody else")
def _(world: World) -> Any:
    _with_secret(world)
    return _accept(world, world.cast.zoe)


@attempt("an invitation that is too old")
def _(world: World) -> Any:
    _with_secret(world, expires_at=clock.now(), email=world.cast.zoe.email)
    return _accept(world, world.cast.zoe)


@attempt("an invitation that was taken back")
def _(world: World) -> Any:
    _with_secret(world, revoked_at=clock.now(), email=world.cast.zoe.email)
    return _accept(world, world.cast.zoe)


@attempt("an invitation that was accepted")
def _(world: World) -> Any:
    _with_secret(world, accepted_at=clock.now(), email=world.cast.zoe.email)
    return _accept(world, world.cast.zoe)


@attempt("an invitation of somebody who could not send it any more")
def _(world: World) -> Any:
    _with_secret(world, email=world.cast.zoe.email, invited_by=world.hank.id)
    accept_invitation(secret=SECRET, user=world.cast.zoe, context={})


@attempt("an invitation that a former member sent")
def _(world: World) -> Any:
    _with_secret(world, email=world.cast.zoe.email, invited_by=world.removed_owner.id)
    accept_invitation(secret=SECRET, user=world.cast.zoe, context={})


@attempt("an invitation whose secret is guessed")
def _(world: World) -> Any:
    return _accept(world, world.cast.zoe)


# The way back.
def _undoes(name: str, event_type: str, what: str = "change") -> None:
    @attempt(name)
    def undo(world: World) -> Any:
        client, path = world.client(world.hank), f"/demo/settings/admin/audit-trail/{world.key_of(event_type)}/undo/"
        return client.post(path, {"what": what, "stamp": "x"})


_undoes("hank brings a former owner back from the trail", "user.removed")
_undoes("hank undoes that a role was taken", "user.role_revoked")


@attempt("hank restores a member with the owner's role")
def _(world: World) -> Any:
    with acting_as(world.hank, world.cast.workspace):
        restore_member(user_id=world.removed_owner.id, roles=[OWNERS])


@attempt("hank restores a member into the owners")
def _(world: World) -> Any:
    with acting_as(world.hank, world.cast.workspace):
        restore_member(user_id=world.removed_owner.id, group_ids=[world.owners.id])


@attempt("hank restores a group with himself in it")
def _(world: World) -> Any:
    with acting_as(world.hank, world.cast.workspace):
        restore_group(
            group_id="grp_gone",
            name="Mine",
            member_ids=[world.hank.id],
            roles=[OWNERS],
        )


@attempt("hank restores a group for a friend")
def _(world: World) -> Any:
    with acting_as(world.hank, world.cast.workspace):
        restore_group(
            group_id="grp_gone",
            name="Mine",
            member_ids=[world.cast.mina.id],
            roles=[OWNERS],
        )


# Services under a page, as whoever finds a hole in the page would reach them.
@attempt("mina gives herself a role by the service")
def _(world: World) -> Any:
    with acting_as(world.cast.mina, world.cast.workspace):
        grant_role(role_key="workspace_owner", scope="workspace", user_id=world.cast.mina.id)


@attempt("ivan leaves his group and takes it along")
def _(world: World) -> Any:
    with acting_as(world.ivan, world.cast.workspace):
        delete_group(group_id=world.managers.id)


@attempt("ivan takes himself out of his group")
def _(world: World) -> Any:
    with acting_as(world.ivan, world.cast.workspace):
        remove_group_member(group_id=world.managers.id, user_id=world.ivan.id)


@attempt("hank approves his own request")
def _(world: World) -> Any:
    with acting_as(world.hank, world.cast.workspace):
        asked = request_access(permission="source.write")
        approve_request(request_id=asked.id, choice="source_admin.all")


@attempt("a token makes a token")
def _(world: World) -> Any:
    with acting_as(world.token, world.cast.workspace):
        create_token(name="Child", scopes=["audit:read"])


@attempt("a token gives a role")
def _(world: World) -> Any:
    with acting_as(world.token, world.cast.workspace):
        grant_role(role_key="workspace_owner", scope="workspace", user_id=world.cast.mina.id)


@attempt("somebody of no workspace acts in this one")
def _(world: World) -> Any:
    with acting_as(world.cast.zoe, world.cast.workspace):
        invite_member(email="x@example.com", role_key="auditor", scope="workspace")


@attempt("who was an owner until a moment ago goes on")
def _(world: World) -> Any:
    with acting_as(world.removed_owner, world.cast.workspace):
        add_group_member(group_id=world.owners.id, user_id=world.cast.mina.id)


@attempt("two owners: one takes the other's role and is then removed by them")
def _(world: World) -> Any:
    with acting_as(world.cast.olga, world.cast.workspace):
        grant = grant_role(role_key="workspace_owner", scope="workspace", user_id=world.cast.rita.id)
        revoke_role(grant_id=grant.id)
    with acting_as(world.cast.rita, world.cast.workspace):
        remove_member(user_id=world.cast.olga.id)


# Tokens.
_asks("a token of another workspace writes here", "patch", "sources/{shop}", {"name": "Mine"}, secret="foreign_secret")
_asks("a token changes what its scopes do not name", "delete", "sources/{shop}")
_asks("a token without the scope makes a source", "post", "sources", {"name": "Mine"})
_asks("a token from another network", "get", "audit-events", secret="bound_secret")
_asks(
    "a token from another network that says to be from the right one",
    "get",
    "audit-events",
    secret="bound_secret",
    **{"X-Forwarded-For": "192.0.2.7"},
)
_asks("a token in the address", "get", "audit-events?token={token}", secret="invited")
_asks("a cookie where a token is needed", "get", "audit-events", secret="request")


@attempt("a token whose maker lost the role")
def _(world: World) -> Any:
    with in_workspace(world.workspace_id):
        type(world.token).objects.filter(id=world.token.id).update(created_by=world.removed_owner.id)
        Grant.objects.filter(subject_id=world.removed_owner.id).delete()
    return world.api(world.secret, "get", "audit-events")


@attempt("a session of who was removed")
def _(world: World) -> Any:
    client = world.client(world.hank)
    with acting_as(world.cast.olga, world.cast.workspace):
        remove_member(user_id=world.hank.id)
    return client.post(f"/demo/settings/access/groups/{world.owners.id}/members/", {"user_id": world.cast.mina.id})


@attempt("a session of who was deactivated")
def _(world: World) -> Any:
    client = world.client(world.hank)
    type(world.hank).objects.filter(id=world.hank.id).update(is_active=False)
    answer = client.post(f"/demo/settings/access/members/{world.cast.mina.id}/remove/")
    assert answer.url.startswith("/accounts/login/")
    answer.status_code = 401
    return answer
