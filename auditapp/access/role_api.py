"""Endpoints of roles, shaped as Segment's Public API has them; those of the workspace's own are made, changed and deleted too.

What is done is done by the services of the pages.
"""

from typing import Any, Final

from django.http import HttpResponse
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.models import Role
from auditapp.access.own_roles import change_role, create_role, delete_role
from auditapp.access.permissions import Permission
from auditapp.access.requests import TokenRequest
from auditapp.access.resources import kind_of, resource_kinds
from auditapp.access.role_queries import role_in, roles_in
from auditapp.lib.errors import Invalid
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    DONE,
    REFUSALS,
    DoneAnswer,
    ListQuery,
    PaginationShape,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["IAM Roles"])
WORKSPACE: Final = "WORKSPACE"
PERMISSIONS: Final = {
    "type": "array",
    "items": {"type": "string", "enum": [str(one) for one in Permission]},
    "minItems": 1,
}


class RoleShape(Schema):
    """A role; `resourceType` is what it is given over, WORKSPACE for the workspace as a whole."""

    id: str
    name: str
    description: str
    isBuiltIn: bool
    resourceType: str
    scopes: list[str]
    permissions: list[str]


class RoleData(Schema):
    role: RoleShape


class RoleAnswer(Schema):
    data: RoleData


class RolesData(Schema):
    roles: list[RoleShape]
    pagination: PaginationShape


class RolesAnswer(Schema):
    data: RolesData


@router.get(
    "/roles",
    operation_id="listRoles",
    summary="Roles: the built-in ones, then those of the workspace by name",
    response={200: RolesAnswer, **REFUSALS},
)
@api_token("access:read")
def api_role_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, roles_in(request.workspace.id))
    return json_answer(request, {"roles": [role_answer(one) for one in found], "pagination": pagination})


@router.post(
    "/roles",
    operation_id="createRole",
    summary="Make a role of the workspace's own",
    description="With permissions that whoever made the token has everywhere. What it is given over stays.",
    response={201: RoleAnswer, **REFUSALS},
    openapi_extra=takes(
        ["name", "permissions"],
        name="string",
        description="string",
        resourceType={"type": "string", "description": f"{WORKSPACE}, or SOURCE, WAREHOUSE and so on"},
        permissions=PERMISSIONS,
    ),
)
@api_token("access:write")
def api_role_create(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, ("name", "description", "resourceType", "permissions"))
    role = create_role(
        name=text_in(sent, "name"),
        description=text_in(sent, "description", ""),
        over=_over(text_in(sent, "resourceType", WORKSPACE)),
        permissions=_permissions(sent),
    )
    return json_answer(request, {"role": role_answer(role)}, status=201)


@router.get("/roles/{role_id}", operation_id="getRole", summary="One role", response={200: RoleAnswer, **REFUSALS})
@api_token("access:read")
def api_role(request: TokenRequest, role_id: str) -> HttpResponse:
    return json_answer(request, {"role": role_answer(role_in(request.workspace.id, role_id))})


@router.patch(
    "/roles/{role_id}",
    operation_id="updateRole",
    summary="Change a role of the workspace's own; what is not sent stays",
    description="It holds on the next request of everybody who has the role. Nobody changes one that whoever made the token has.",
    response={200: RoleAnswer, **REFUSALS},
    openapi_extra=takes(name="string", description="string", permissions=PERMISSIONS),
)
@api_token("access:write")
def api_role_change(request: TokenRequest, role_id: str) -> HttpResponse:
    sent = sent_object(request, ("name", "description", "permissions"))
    role = change_role(
        role_key=role_id,
        **{name: text_in(sent, name) for name in ("name", "description") if name in sent},
        permissions=_permissions(sent) if "permissions" in sent else None,
    )
    return json_answer(request, {"role": role_answer(role)})


@router.delete(
    "/roles/{role_id}",
    operation_id="deleteRole",
    summary="Delete a role of the workspace's own that nobody has",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("access:write")
def api_role_delete(request: TokenRequest, role_id: str) -> HttpResponse:
    delete_role(role_key=role_id)
    return json_answer(request, DONE)


def role_answer(role: Role) -> dict[str, Any]:
    """A role as the API tells of it."""
    return {
        "id": role.key,
        "name": role.name,
        "description": role.description,
        "isBuiltIn": not role.is_own,
        "resourceType": role.resource_type.upper() or WORKSPACE,
        "scopes": role.scopes,
        "permissions": role.permissions,
    }


def _over(resource_type: str) -> str:
    """The key of a kind, "" for the workspace.

    Raises:  Invalid
    """
    if resource_type == WORKSPACE:
        return ""
    key = resource_type.lower()
    if resource_type != key.upper() or kind_of(key) is None:
        known = ", ".join([WORKSPACE, *(kind.key.upper() for kind in resource_kinds())])
        raise Invalid(f"Take one of {known}.", field="resourceType", code="unknown_kind")
    return key


def _permissions(sent: dict[str, Any]) -> list[str]:
    found = sent.get("permissions")
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Invalid("permissions is needed, as an array of texts.", field="permissions", code="required")
    return found
