"""Roles, members and groups as the API has them, which is as Segment's Public API has its users, user groups and permissions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.http import HttpRequest
from ninja import Schema

from auditapp.access.member_list import FACTOR_WORDS, member_rows
from auditapp.access.models import Grant, Group, GroupMember, Invitation, Member, Role, Scope
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.web.api_resources import PaginationShape

WORKSPACE: Final = "WORKSPACE"
FACTORS: Final = {"totp": "AUTHENTICATOR_APP", "webauthn": "PASSKEY"}
MOST: Final = 200
# What services call the parts of a permission, and what it calls them.
PARTS: Final = {"role": "roleId", "scope": "resources", "resource_ids": "resources", "labels": "resources"}
PERMISSIONS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "roleId": {"type": "string"},
            "resources": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "type": {"type": "string"},
                        "labels": {"type": "array", "items": {"type": "object"}},
                    },
                },
            },
        },
        "required": ["roleId"],
    },
}


class ResourceShape(Schema):
    id: str
    type: str
    labels: list[dict[str, str]]


class PermissionShape(Schema):
    roleId: str
    roleName: str
    resources: list[ResourceShape]


class GroupRefShape(Schema):
    id: str
    name: str


class UserShape(Schema):
    id: str
    name: str
    email: str
    permissions: list[PermissionShape]
    userGroups: list[GroupRefShape]
    secondFactors: list[str] | None
    joinedAt: str
    lastSeenAt: str | None


class UserGroupShape(Schema):
    id: str
    name: str
    memberCount: int
    permissions: list[PermissionShape]


class UserData(Schema):
    user: UserShape


class UserAnswer(Schema):
    data: UserData


class UsersData(Schema):
    users: list[UserShape]
    pagination: PaginationShape


class UsersAnswer(Schema):
    data: UsersData


class PermissionsData(Schema):
    permissions: list[PermissionShape]


class PermissionsAnswer(Schema):
    data: PermissionsData


class UserGroupData(Schema):
    userGroup: UserGroupShape


class UserGroupAnswer(Schema):
    data: UserGroupData


class UserGroupsData(Schema):
    userGroups: list[UserGroupShape]
    pagination: PaginationShape


class UserGroupsAnswer(Schema):
    data: UserGroupsData


class InviteShape(Schema):
    id: str
    email: str
    permissions: list[PermissionShape]
    createdAt: str
    expiresAt: str


class InvitesData(Schema):
    invites: list[InviteShape]
    pagination: PaginationShape


class InvitesAnswer(Schema):
    data: InvitesData


class RefusedShape(Schema):
    email: str
    message: str


class InvitedData(Schema):
    emails: list[str]
    refused: list[RefusedShape]


class InvitedAnswer(Schema):
    data: InvitedData


def permission_answer(given: Grant | Invitation) -> dict[str, Any]:
    """A role with its reach. Over all, or the workspace, its one resource is the workspace, which labels narrow."""
    resources: list[dict[str, Any]]
    if given.scope == Scope.LISTED:
        kind = given.role.resource_type.upper()
        resources = [{"id": one, "type": kind, "labels": []} for one in given.resource_ids]
    else:
        pairs = [dict(zip(("key", "value"), label.split(":", 1), strict=True)) for label in given.labels]
        resources = [{"id": f"ws_{given.workspace_id}", "type": WORKSPACE, "labels": pairs}]
    return {"roleId": given.role_id, "roleName": given.role.name, "resources": resources}


def permissions_sent(sent: Mapping[str, Any], *, least: int = 1, most: int = MOST) -> list[dict[str, Any]]:
    """The roles of a body, as the services take them.

    Raises:  Invalid
    """
    listed = sent.get("permissions")
    if not isinstance(listed, list) or not least <= len(listed) <= most:
        many = "one" if most == 1 else f"{least} to {most}"
        raise Invalid(f"Send a list of {many} permissions.", field="permissions", code="required")
    found = []
    for number, one in enumerate(listed):
        with at_place(f"permissions.{number}"):
            found.append(_permission(one))
    return found


@contextmanager
def at_place(within: str, names: Mapping[str, str] | None = None) -> Iterator[None]:
    """Refusals inside point at their place in the body.

    Takes:   within, the place of what is read, as "permissions.0"; names, of the body's fields by those that services have
    """
    try:
        yield
    except Invalid as error:
        if error.field is None:
            raise
        field = f"{within}.{(names or {}).get(error.field, error.field)}"
        pointer = f"/{field.replace('.', '/')}"
        raise Invalid(error.message, field=field, pointer=pointer, code=error.code) from None


def permissions_of(workspace_id: int, subject_kind: str, ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The roles that each of these members or groups holds directly."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    grants = Grant.objects.filter(workspace_id=workspace_id, subject_kind=subject_kind, subject_id__in=ids)
    for grant in grants.select_related("role").order_by("role__position", "id"):
        found[grant.subject_id].append(permission_answer(grant))
    return found


def users_answer(workspace_id: int, members: Sequence[Member], *, sees_factors: bool) -> list[dict[str, Any]]:
    """Members with roles of their own and their groups.

    Takes:   sees_factors, without which nobody is told who lacks a second factor
    """
    rows = member_rows(workspace_id, members)
    ids = [row.user.id for row in rows]
    held = permissions_of(workspace_id, "member", ids)
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    inside = GroupMember.objects.filter(workspace_id=workspace_id, user_id__in=ids)
    names = dict(Group.objects.filter(workspace_id=workspace_id).order_by("name").values_list("id", "name"))
    for group_id, user_id in inside.values_list("group_id", "user_id"):
        groups[user_id].append({"id": group_id, "name": names[group_id]})
    key_of = {word: FACTORS[kind] for kind, word in FACTOR_WORDS.items()}
    return [
        {
            "id": row.user.id,
            "name": row.user.name,
            "email": row.user.email,
            "permissions": held[row.user.id],
            "userGroups": groups[row.user.id],
            "secondFactors": [key_of[word] for word in row.factors] if sees_factors else None,
            "joinedAt": utc_text(row.joined_at),
            "lastSeenAt": utc_text(row.seen_at) if row.seen_at else None,
        }
        for row in rows
    ]


def groups_answer(workspace_id: int, groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Groups with their roles and how many are in each."""
    ids = [group.id for group in groups]
    held = permissions_of(workspace_id, "group", ids)
    sizes: dict[str, int] = defaultdict(int)
    for one in GroupMember.objects.filter(workspace_id=workspace_id, group_id__in=ids).values_list(
        "group_id", flat=True
    ):
        sizes[one] += 1
    return [
        {"id": one.id, "name": one.name, "memberCount": sizes[one.id], "permissions": held[one.id]} for one in groups
    ]


def invite_answer(invitation: Invitation) -> dict[str, Any]:
    """An open invitation with the role that it brings."""
    return {
        "id": invitation.id,
        "email": invitation.email,
        "permissions": [permission_answer(invitation)],
        "createdAt": utc_text(invitation.created_at),
        "expiresAt": utc_text(invitation.expires_at),
    }


def texts_asked(request: HttpRequest, name: str) -> list[str]:
    """A list in an address, however a client writes one: name=a&name=b, name[]=a, name[0]=a, name.0=a, name=a,b.

    Raises:  Invalid, where there is none or too many
    """
    keys = [key for key in request.GET if key == name or key.startswith((f"{name}[", f"{name}."))]
    texts = [part.strip() for key in keys for text in request.GET.getlist(key) for part in text.split(",")]
    found = list(dict.fromkeys(text for text in texts if text and "\x00" not in text))
    if not 1 <= len(found) <= MOST:
        raise Invalid(
            f"Name 1 to {MOST} in the query, as ?{name}=...; a body is not read.", field=name, code="required"
        )
    return found


def _permission(one: Any) -> dict[str, Any]:
    role_key = one.get("roleId") if isinstance(one, dict) else None
    role = Role.objects.filter(key=role_key).first() if isinstance(role_key, str) and "\x00" not in role_key else None
    if role is None:
        raise Invalid("There is no such role.", field="roleId", code="unknown_role")
    resources = one.get("resources", [])
    if not isinstance(resources, list) or not all(isinstance(item, dict) for item in resources):
        raise Invalid('A resource is {"id": "...", "type": "SOURCE"}.', field="resources", code="bad_resource")
    over = [item for item in resources if item.get("type", WORKSPACE) != WORKSPACE]
    if not over:
        labels = _labels([label for item in resources for label in item.get("labels") or []])
        whole = Scope.WORKSPACE if Scope.WORKSPACE in role.scopes else Scope.ALL
        return {"role_key": role.key, "scope": Scope.LABELLED if labels else whole, "labels": labels}
    kind = role.resource_type.upper()
    if len(over) != len(resources) or any(item["type"] != kind or not isinstance(item.get("id"), str) for item in over):
        takes = f"resources of type {kind}, or the {WORKSPACE} alone" if kind else f"the {WORKSPACE} alone"
        raise Invalid(f"{role.name} takes {takes}.", field="resources", code="bad_resource")
    return {"role_key": role.key, "scope": Scope.LISTED, "resource_ids": [item["id"] for item in over]}


def _labels(sent: Sequence[Any]) -> list[str]:
    found = []
    for one in sent:
        key, value = (one.get("key"), one.get("value")) if isinstance(one, dict) else (None, None)
        if not isinstance(key, str) or not isinstance(value, str):
            raise Invalid('A label is {"key": "environment", "value": "prod"}.', field="resources", code="bad_label")
        found.append(f"{key}:{value}")
    return found
