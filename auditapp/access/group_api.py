"""Endpoints of user groups, shaped as Segment's Public API has them."""

from typing import Final

from django.db import transaction
from django.db.models.functions import Lower
from django.http import HttpResponse
from ninja import Query, Router

from auditapp.access.api import permissions_changed
from auditapp.access.api import router as users
from auditapp.access.api_shapes import (
    MOST,
    PERMISSIONS,
    PermissionsAnswer,
    UserGroupAnswer,
    UserGroupsAnswer,
    UsersAnswer,
    groups_answer,
    texts_asked,
    users_answer,
)
from auditapp.access.decorators import api_token
from auditapp.access.groups import (
    InGroup,
    add_group_member,
    create_group,
    delete_group,
    remove_group_member,
    rename_group,
)
from auditapp.access.models import Group, GroupMember, Member
from auditapp.access.permissions import Permission, access_to_give, acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.words import few
from auditapp.web.api import json_answer
from auditapp.web.api_resources import DONE, REFUSALS, DoneAnswer, ListQuery, paged, sent_object, takes, text_in

router = Router(tags=["User groups"])
ROUTERS: Final = (users, router)


@router.get(
    "/groups", operation_id="listUserGroups", summary="Groups, by name", response={200: UserGroupsAnswer, **REFUSALS}
)
@api_token("access:read")
def api_group_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    groups = Group.objects.filter(workspace_id=request.workspace.id).order_by(Lower("name"))
    found, pagination = paged(request, query, groups)
    answer = {"userGroups": groups_answer(request.workspace.id, found), "pagination": pagination}
    return json_answer(request, answer)


@router.post(
    "/groups",
    operation_id="createUserGroup",
    summary="Make a group without members or roles",
    response={201: UserGroupAnswer, **REFUSALS},
    openapi_extra=takes(["name"], name="string"),
)
@api_token("access:write")
def api_group_create(request: TokenRequest) -> HttpResponse:
    group = create_group(name=_name(request))
    return _answer(request, group, status=201)


@router.get(
    "/groups/{group_id}", operation_id="getUserGroup", summary="One group", response={200: UserGroupAnswer, **REFUSALS}
)
@api_token("access:read")
def api_group(request: TokenRequest, group_id: str) -> HttpResponse:
    return _answer(request, _group(request, group_id))


@router.patch(
    "/groups/{group_id}",
    operation_id="updateUserGroup",
    summary="Give a group another name",
    response={200: UserGroupAnswer, **REFUSALS},
    openapi_extra=takes(["name"], name="string"),
)
@api_token("access:write")
def api_group_change(request: TokenRequest, group_id: str) -> HttpResponse:
    group = rename_group(group_id=_group(request, group_id).id, name=_name(request))
    return _answer(request, group)


@router.delete(
    "/groups/{group_id}",
    operation_id="deleteUserGroup",
    summary="Delete a group; its members lose the roles that it gave them",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("access:write")
def api_group_delete(request: TokenRequest, group_id: str) -> HttpResponse:
    delete_group(group_id=_group(request, group_id).id)
    return json_answer(request, DONE)


@router.get(
    "/groups/{group_id}/users",
    operation_id="listUsersFromUserGroup",
    summary="The members of a group, by name",
    response={200: UsersAnswer, **REFUSALS},
)
@api_token("access:read")
def api_group_users(request: TokenRequest, group_id: str, query: Query[ListQuery]) -> HttpResponse:
    workspace_id = request.workspace.id
    inside = GroupMember.objects.filter(workspace_id=workspace_id, group_id=_group(request, group_id).id)
    members = Member.objects.filter(workspace_id=workspace_id, user_id__in=inside.values("user_id"))
    ordered = members.select_related("user").order_by(Lower("user__name"), "user_id")
    found, pagination = paged(request, query, ordered)
    sees = access_to_give(acting_access()).can(Permission.ACCESS_MANAGE)
    users = users_answer(workspace_id, found, sees_factors=sees)
    return json_answer(request, {"users": users, "pagination": pagination})


@router.post(
    "/groups/{group_id}/users",
    operation_id="addUsersToUserGroup",
    summary="Put members into a group, by address: all of them, or none",
    response={200: UserGroupAnswer, **REFUSALS},
    openapi_extra=takes(["emails"], emails={"type": "array", "items": {"type": "string"}}),
)
@api_token("access:write")
def api_group_users_add(request: TokenRequest, group_id: str) -> HttpResponse:
    group = _group(request, group_id)
    emails = sent_object(request, ["emails"]).get("emails")
    if not isinstance(emails, list) or not 1 <= len(emails) <= MOST or not all(isinstance(one, str) for one in emails):
        raise Invalid(f"Send a list of 1 to {MOST} addresses.", field="emails", code="required")
    with transaction.atomic():
        for user_id in _ids(request, emails):
            try:
                with transaction.atomic():
                    add_group_member(group_id=group.id, user_id=user_id)
            except InGroup:
                continue
    return _answer(request, group)


@router.delete(
    "/group/{group_id}/users",  # Segment's, and in the singular
    operation_id="removeUsersFromUserGroup",
    summary="Take the members with these `emails` out of a group: all of them, or none",
    response={200: UserGroupAnswer, **REFUSALS},
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
def api_group_users_remove(request: TokenRequest, group_id: str) -> HttpResponse:
    group = _group(request, group_id)
    with transaction.atomic():
        for user_id in _ids(request, texts_asked(request, "emails"), inside=group):
            remove_group_member(group_id=group.id, user_id=user_id)
    return _answer(request, group)


@router.post(
    "/groups/{group_id}/permissions",
    operation_id="addPermissionsToUserGroup",
    summary="Give a group roles",
    response={200: PermissionsAnswer, **REFUSALS},
    openapi_extra=takes(["permissions"], permissions=PERMISSIONS),
)
@api_token("access:write")
def api_group_permissions_add(request: TokenRequest, group_id: str) -> HttpResponse:
    return permissions_changed(request, "group", _group(request, group_id).id, keep=True)


@router.put(
    "/groups/{group_id}/permissions",
    operation_id="replacePermissionsForUserGroup",
    summary="Give a group these roles and no others",
    response={200: PermissionsAnswer, **REFUSALS},
    openapi_extra=takes(["permissions"], permissions=PERMISSIONS),
)
@api_token("access:write")
def api_group_permissions_replace(request: TokenRequest, group_id: str) -> HttpResponse:
    return permissions_changed(request, "group", _group(request, group_id).id, keep=False)


def _group(request: TokenRequest, group_id: str) -> Group:
    here = Group.objects.filter(workspace_id=request.workspace.id)
    group = here.filter(id=group_id).first() if "\x00" not in group_id else None
    if group is None:
        raise NotFound
    return group


def _name(request: TokenRequest) -> str:
    name = text_in(sent_object(request, ["name"]), "name")
    if len(name) > 100 or "\x00" in name:
        raise Invalid("A name has at most 100 characters.", field="name", code="too_long")
    return name


def _ids(request: TokenRequest, emails: list[str], *, inside: Group | None = None) -> list[str]:
    """The members of the workspace, or of a group, with these addresses.

    Raises:  NotFound, where one is nobody's there
    """
    here = {"workspace_id": request.workspace.id}
    members = GroupMember.objects.filter(**here, group_id=inside.id) if inside else Member.objects.filter(**here)
    known = {address.casefold(): user_id for user_id, address in members.values_list("user_id", "user__email")}
    wanted = [one.strip().casefold() for one in emails]
    if unknown := [one.strip()[:254] for one in emails if one.strip().casefold() not in known]:
        raise NotFound(
            f"Nobody {'in this group' if inside else 'here'} has the address {few(list(dict.fromkeys(unknown)))}. Nothing was changed."
        )
    return [known[one] for one in dict.fromkeys(wanted)]


def _answer(request: TokenRequest, group: Group, *, status: int = 200) -> HttpResponse:
    [told] = groups_answer(request.workspace.id, [group])
    return json_answer(request, {"userGroup": told}, status=status)
