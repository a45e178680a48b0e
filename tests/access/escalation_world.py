"""A workspace in which people try to gain what they were not given, and what each of them may do at a moment.

Beside the cast: hank manages access and may do little else, ivan does the same through a group, an owner's group has nobody in it. Otto
owns the workspace beside olga, bea does through a group; dele has an own role that lets her manage access, and is none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client

from auditapp.access.access_requests import request_access
from auditapp.access.members import invite_member, remove_member
from auditapp.access.models import ApiToken, Grant, Group, Invitation, Member, User
from auditapp.access.own_roles import create_role
from auditapp.access.permissions import Access, Permission, access_given_to, permissions_for
from auditapp.access.roles import grant_role, revoke_role
from auditapp.access.support import grant_support, revoke_support
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from tests.factories import (
    Cast,
    acting_as,
    make_cast,
    make_grant,
    make_group,
    make_member,
    make_token,
    make_user,
    prove,
)

DELEGATE = ["audit.read", "audit.verify", "source.read", "access.read", "access.manage", "token.manage"]
MANAGER = ["audit.read", "access.read", "access.manage", "token.manage"]
Power = dict[str, frozenset[tuple[str, str]]]


@dataclass(slots=True)
class World:
    """Who and what there is."""

    cast: Cast
    other: Cast
    hank: User
    ivan: User
    managers: Group
    owners: Group
    olgas_grant: str
    minas_grant: str
    token: ApiToken
    secret: str
    bound_secret: str
    foreign_secret: str
    invited: str
    request: str
    removed_owner: User
    otto: User
    bea: User
    dele: User
    board: Group
    ottos_grant: str
    boards_grant: str
    support: str
    owners_invitation: str

    @property
    def workspace_id(self) -> int:
        return self.cast.workspace.id

    def client(self, who: User, *, is_proved: bool = True, **options: Any) -> Client:
        """A session, in which they would be asked nothing: what is refused is refused for what they lack."""
        client = Client(raise_request_exception=False, **options)
        client.force_login(who)
        if is_proved:
            prove(client)
        return client

    def post(self, who: User, path: str, **data: Any) -> Any:
        return self.client(who).post(f"/demo/{path}", data)

    def api(self, secret: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
        call = getattr(Client(raise_request_exception=False), method)
        values = {} if body is None else {"data": body, "content_type": "application/json"}
        return call(f"/api/{path}", headers={"Authorization": f"Bearer {secret}", **headers}, **values)

    def key_of(self, event_type: str) -> str:
        """The newest event of a type."""
        with in_workspace(self.workspace_id):
            viewer = Viewer(self.workspace_id, sees_all=True, sees_personal=True)
            return visible_events(viewer).page(EventFilter(types=Choice((event_type,))), size=1).rows[0].key


def make_world(as_superuser: Callable[[str], None]) -> World:
    """All of them. `as_superuser` runs a statement that the web may not."""
    cast, other = make_cast(), make_cast(slug="other")
    listed = ", ".join(f"'{one}'" for one in MANAGER)
    columns = "key, name, description, permissions, scopes, resource_type, position"
    as_superuser(
        f"INSERT INTO role ({columns}) VALUES ('manager', 'Manager', '', ARRAY[{listed}], '{{workspace}}', '', 90)"
    )
    here = cast.workspace
    hank, ivan, former = (make_user(name=name) for name in ("Hank", "Ivan", "Fay"))
    make_member(workspace=here, user=hank, role="manager")
    make_member(workspace=here, user=ivan)
    managers = make_group(workspace=here, name="Managers", members=[ivan])
    make_grant(workspace=here, group=managers, role="manager")
    owners = make_group(workspace=here, name="Owners")
    make_grant(workspace=here, group=owners, role="workspace_owner")
    make_member(workspace=here, user=former, role="workspace_owner")
    with acting_as(cast.olga, here):
        remove_member(user_id=former.id)
        extra = grant_role(role_key="source_admin", scope="all", user_id=cast.mina.id)
        revoke_role(grant_id=extra.id)
        invitation = invite_member(email="grace@example.com", role_key="auditor", scope="workspace")
    with acting_as(cast.mina, here):
        request = request_access(permission="source.write")
    token, secret = make_token(workspace=here, created_by=cast.olga.id)
    bound, bound_secret = make_token(workspace=here, name="Bound", created_by=cast.olga.id)
    _, foreign_secret = make_token(workspace=other.workspace, created_by=other.olga.id)
    with in_workspace(here.id):
        ApiToken.objects.filter(id=bound.id).update(networks=["192.0.2.0/24"])
        grants = {who: Grant.objects.get(subject_id=who.id).id for who in (cast.olga, cast.mina)}
    otto, bea, dele = (make_user(name=name) for name in ("Otto", "Bea", "Dele"))
    for person in (otto, bea, dele):
        make_member(workspace=here, user=person)
    board = make_group(workspace=here, name="Board", members=[bea])
    boards_grant = make_grant(workspace=here, group=board, role="workspace_owner")
    with acting_as(cast.olga, here):
        ottos_grant = grant_role(role_key="workspace_owner", scope="workspace", user_id=otto.id)
        delegate = create_role(name="Delegate", permissions=DELEGATE)
        grant_role(role_key=delegate.key, scope="workspace", user_id=dele.id)
        owners_invitation = invite_member(email="ida@example.com", role_key="workspace_owner", scope="workspace")
    with acting_as(otto, here):
        support = grant_support(email="vendor@example.org", hours=1, purpose="Ticket 1")
        revoke_support(support_id=support.id)
    return World(
        cast,
        other,
        hank,
        ivan,
        managers,
        owners,
        grants[cast.olga],
        grants[cast.mina],
        token,
        secret,
        bound_secret,
        foreign_secret,
        invitation.id,
        request.id,
        former,
        otto,
        bea,
        dele,
        board,
        ottos_grant.id,
        boards_grant.id,
        support.id,
        owners_invitation.id,
    )


def power(workspace_id: int) -> Power:
    """What every member, living token and open invitation of a workspace may do: (permission, "" or an id) each."""
    with in_workspace(workspace_id):
        found = {
            one: _reached(permissions_for(workspace_id, one))
            for one in Member.objects.values_list("user_id", flat=True)
        }
        for token in ApiToken.objects.filter(revoked_at=None):
            found[token.id] = _reached(access_given_to(token))
        for invitation in Invitation.objects.filter(accepted_at=None, revoked_at=None).select_related("role"):
            found[invitation.id] = frozenset((one, "") for one in invitation.role.permissions)
        return found


def _reached(access: Access) -> frozenset[tuple[str, str]]:
    reached: set[tuple[str, str]] = set()
    for permission in Permission:
        reach = access.reach(permission)
        reached |= {(permission.value, "")} if reach.everywhere else {(permission.value, one) for one in reach.ids}
    return frozenset(reached)


def gains(before: Power, after: Power) -> dict[str, set[tuple[str, str]]]:
    """Who may do something now that they could not: also whoever and whatever is new."""
    found = {}
    for subject, reached in after.items():
        held = before.get(subject, frozenset())
        if new := {(what, where) for what, where in reached - held if (what, "") not in held}:
            found[subject] = new
        elif subject not in before:
            found[subject] = {("is new", "")}
    return found


def owners_of(workspace_id: int) -> set[str]:
    """Members who may do everything."""
    with in_workspace(workspace_id):
        whole = {one.value for one in Permission}
        people = Member.objects.values_list("user_id", flat=True)
        return {
            one
            for one in people
            if whole <= {what for what, where in _reached(permissions_for(workspace_id, one)) if not where}
        }
