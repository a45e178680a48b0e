"""Endpoints of members and invitations, shaped as Segment's Public API has them. What is done is done by the services of the pages."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Lower
from django.http import HttpResponse
from ninja import Query, Router

from auditapp.access.api_shapes import (
    PARTS,
    PERMISSIONS,
    InvitedAnswer,
    InvitesAnswer,
    PermissionsAnswer,
    UserAnswer,
    UserGroupsAnswer,
    UsersAnswer,
    at_place,
    groups_answer,
    invite_answer,
    permissions_of,
    permissions_sent,
    texts_asked,
    users_answer,
)
from auditapp.access.decorators import api_token
from auditapp.access.inviting import AT_ONCE, invite_again, invite_members
from auditapp.access.member_list import MemberQuery, fitting_members
from auditapp.access.members import remove_member, revoke_invitation
from auditapp.access.models import Grant, Group, GroupMember, Invitation, Member
from auditapp.access.permissions import Permission, access_to_give, acting_access
from auditapp.access.requests import TokenRequest
from auditapp.access.roles import RoleHeld, grant_role, revoke_role, subject_of
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.web.api import json_answer
from auditapp.web.api_resources import DONE, REFUSALS, DoneAnswer, ListQuery, paged, sent_object, takes, text_in

router = Router(tags=["Users"])
FILTERS = ("q", "role", "group", "factor")


@router.get(
    "/users",
    operation_id="listUsers",
    summary="Members, by name",
    description="`q` looks in names, and in addresses where whoever made the token may see those of others; `role` is a role's id, held directly or through a group; `group` a"
    " group's; `factor=without` finds who has no second factor.",
    response={200: UsersAnswer, **REFUSALS},
)
@api_token("access:read")
def api_user_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    members = Member.objects.filter(workspace_id=request.workspace.id)
    asked = MemberQuery.read(request.GET)
    if not _sees_factors():
        asked = asked._replace(factor="")
    fitting = fitting_members(members, asked, sees_addresses=_may_give(Permission.AUDIT_READ_PERSONAL))
    ordered = fitting.select_related("user").order_by(Lower("user__name"), "user_id")
    found, pagination = paged(request, query, ordered, also=FILTERS)
    users = users_answer(request.workspace.id, found, sees_factors=_sees_factors())
    return json_answer(request, {"users": users, "pagination": pagination})


@router.get("/users/{user_id}", operation_id="getUser", summary="One member", response={200: UserAnswer, **REFUSALS})
@api_token("access:read")
def api_user(request: TokenRequest, user_id: str) -> HttpResponse:
    [user] = users_answer(request.workspace.id, [_member(request, user_id)], sees_factors=_sees_factors())
    return json_answer(request, {"user": user})


@router.get(
    "/users/{user_id}/groups",
    operation_id="listUserGroupsFromUser",
    summary="The groups that a member is in",
    response={200: UserGroupsAnswer, **REFUSALS},
)
@api_token("access:read")
def api_user_groups(request: TokenRequest, user_id: str, query: Query[ListQuery]) -> HttpResponse:
    workspace_id = request.workspace.id
    _member(request, user_id)
    inside = GroupMember.objects.filter(workspace_id=workspace_id, user_id=user_id).values("group_id")
    groups = Group.objects.filter(workspace_id=workspace_id, id__in=inside).order_by(Lower("name"))
    found, pagination = paged(request, query, groups)
    return json_answer(request, {"userGroups": groups_answer(workspace_id, found), "pagination": pagination})


@router.delete(
    "/users",
    operation_id="removeUsersFromWorkspace",
    summary="Remove members: all of those in userIds, or none",
    response={200: DoneAnswer, **REFUSALS},
    openapi_extra={
        "parameters": [
            {
                "in": "query",
                "name": "userIds",
                "required": True,
                "schema": {"type": "array", "items": {"type": "string"}},
            }
        ]
    },
)
@api_token("access:write")
def api_users_remove(request: TokenRequest) -> HttpResponse:
    with transaction.atomic():
        for user_id in texts_asked(request, "userIds"):
            remove_member(user_id=user_id)
    return json_answer(request, DONE)


@router.post(
    "/users/{user_id}/permissions",
    operation_id="addPermissionsToUser",
    summary="Give a member roles",
    description="A role over all, or the workspace, names no resource; over some, it names each with its type; over labels, the"
    " WORKSPACE with `labels`. What the member holds already stays.",
    response={200: PermissionsAnswer, **REFUSALS},
    openapi_extra=takes(["permissions"], permissions=PERMISSIONS),
)
@api_token("access:write")
def api_user_permissions_add(request: TokenRequest, user_id: str) -> HttpResponse:
    return permissions_changed(request, "member", user_id, keep=True)


@router.put(
    "/users/{user_id}/permissions",
    operation_id="replacePermissionsForUser",
    summary="Give a member these roles and no others",
    response={200: PermissionsAnswer, **REFUSALS},
    openapi_extra=takes(["permissions"], permissions=PERMISSIONS),
)
@api_token("access:write")
def api_user_permissions_replace(request: TokenRequest, user_id: str) -> HttpResponse:
    return permissions_changed(request, "member", user_id, keep=False)


@router.get(
    "/invites",
    operation_id="listInvitesFromWorkspace",
    summary="Open invitations, the oldest first",
    response={200: InvitesAnswer, **REFUSALS},
)
@api_token("access:read")
def api_invite_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    waiting = _open_invitations(request).select_related("role").order_by("created_at", "id")
    found, pagination = paged(request, query, waiting)
    return json_answer(request, {"invites": [invite_answer(one) for one in found], "pagination": pagination})


@router.post(
    "/invites",
    operation_id="createInvites",
    summary="Invite people by mail",
    description="Each invitation brings one role. `refused` says why an address got none; where all were refused, it is an error.",
    response={201: InvitedAnswer, **REFUSALS},
    openapi_extra=takes(
        ["invites"],
        invites={
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"email": {"type": "string"}, "permissions": PERMISSIONS},
                "required": ["email", "permissions"],
            },
        },
    ),
)
@api_token("access:write")
def api_invites_create(request: TokenRequest) -> HttpResponse:
    invites = sent_object(request, ["invites"]).get("invites")
    if not isinstance(invites, list) or not 1 <= len(invites) <= AT_ONCE:
        raise Invalid(f"Send a list of 1 to {AT_ONCE} invites.", field="invites", code="required")
    asked = []
    for number, one in enumerate(invites):
        if not isinstance(one, dict):
            raise Invalid("An invite is an object.", field=f"invites.{number}", code="bad_invite")
        with at_place(f"invites.{number}"):
            [role] = permissions_sent(one, most=1)
            email = text_in(one, "email")
        with at_place(f"invites.{number}.permissions.0", PARTS):
            asked += invite_members(emails=[email], **role)
    refused = [{"email": one.email, "message": one.refusal} for one in asked if one.refusal]
    if len(refused) == len(asked):
        raise Conflict(refused[0]["message"])
    emails = [one.email for one in asked if one.invitation]
    return json_answer(request, {"emails": emails, "refused": refused}, status=201)


@router.post(
    "/invites/{invite_id}/resend",
    operation_id="resendInvite",
    summary="Send an invitation anew; its older link stops working",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("access:write")
def api_invite_resend(request: TokenRequest, invite_id: str) -> HttpResponse:
    invite_again(invitation_id=_found(invite_id))
    return json_answer(request, DONE)


@router.delete(
    "/invites",
    operation_id="deleteInvitesFromWorkspace",
    summary="Take open invitations back: all of those to `emails`, or none",
    response={200: DoneAnswer, **REFUSALS},
    openapi_extra={
        "parameters": [
            {
                "in": "query",
                "name": "emails",
                "required": True,
                "schema": {"type": "array", "items": {"type": "string"}},
            }
        ]
    },
)
@api_token("access:write")
def api_invites_delete(request: TokenRequest) -> HttpResponse:
    with transaction.atomic():
        for email in texts_asked(request, "emails"):
            found = _open_invitations(request).filter(email__iexact=email).first()
            if found is None:
                raise NotFound(f"There is no open invitation to {email[:254]}. None was taken back.")
            revoke_invitation(invitation_id=found.id)
    return json_answer(request, DONE)


def permissions_changed(request: TokenRequest, kind: str, subject_id: str, *, keep: bool) -> HttpResponse:
    """The roles of a body given to a member or a group; unless kept, others are taken, all in one transaction."""
    workspace_id, subject_id = request.workspace.id, _found(subject_id)
    who = {"user_id" if kind == "member" else "group_id": subject_id}
    wanted = permissions_sent(sent_object(request, ["permissions"]), least=1 if keep else 0)
    with transaction.atomic():
        subject_of(workspace_id, **who)
        held = Grant.objects.filter(workspace_id=workspace_id, subject_kind=kind, subject_id=subject_id)
        kept = [grant.id for grant in held if keep or any(_is(grant, role) for role in wanted)]
        for number, role in enumerate(wanted):
            try:
                with at_place(f"permissions.{number}", PARTS), transaction.atomic():
                    kept.append(grant_role(**who, **role).id)
            except RoleHeld:
                continue
        for grant_id in held.exclude(id__in=kept).values_list("id", flat=True):
            revoke_role(grant_id=grant_id)
    return json_answer(request, {"permissions": permissions_of(workspace_id, kind, [subject_id])[subject_id]})


def _is(grant: Grant, role: dict[str, Any]) -> bool:
    reach = (grant.role_id, grant.scope, grant.resource_ids, grant.labels)
    return reach == (role["role_key"], role["scope"], role.get("resource_ids", []), role.get("labels", []))


def _member(request: TokenRequest, user_id: str) -> Member:
    members = Member.objects.filter(workspace_id=request.workspace.id, user_id=_found(user_id))
    member = members.select_related("user").first()
    if member is None:
        raise NotFound
    return member


def _open_invitations(request: TokenRequest) -> Any:
    here = {"workspace_id": request.workspace.id, "accepted_at": None, "revoked_at": None}
    return Invitation.objects.filter(**here, expires_at__gt=clock.now())


def _found(one: str) -> str:
    """An id of an address, which the database's text can hold."""
    if "\x00" in one:
        raise NotFound
    return one


def _sees_factors() -> bool:
    return _may_give(Permission.ACCESS_MANAGE)


def _may_give(permission: Permission) -> bool:
    """Whether whoever made the token, where giving is one of its scopes, may do this; of another token, it itself."""
    return access_to_give(acting_access()).can(permission)
