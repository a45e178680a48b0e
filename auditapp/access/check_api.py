"""The endpoint that other systems ask before they let somebody do something."""

from typing import Any, Final

from django.http import HttpResponse
from ninja import Router, Schema

from auditapp.access.checks import Checked, Question, check_access, kind_over, section_of
from auditapp.access.decorators import api_token
from auditapp.access.permissions import Permission
from auditapp.access.requests import TokenRequest
from auditapp.lib.errors import Invalid, Problem
from auditapp.lib.json_pointer import json_pointer
from auditapp.web.api import json_answer
from auditapp.web.api_resources import REFUSALS, sent_object

router = Router(tags=["Access"])
MOST_CHECKS: Final = 100
MAX_TEXT: Final = 254  # an address
_FIELDS: Final = ("user", "permission", "resource")
_CHECK: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "user": {
            "type": "string",
            "maxLength": MAX_TEXT,
            "description": "A member's id or e-mail address; of nobody else, the answer is no.",
        },
        "permission": {"enum": [str(one) for one in Permission]},
        "resource": {
            "type": "string",
            "maxLength": MAX_TEXT,
            "description": "The id of what it is done to, of the kind that the permission is about. Without it the question is "
            "whether it may be done to all there are and will be.",
        },
    },
    "required": ["user", "permission"],
    "additionalProperties": False,
}
_BATCH: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"checks": {"type": "array", "items": _CHECK, "minItems": 1, "maxItems": MOST_CHECKS}},
    "required": ["checks"],
    "additionalProperties": False,
}


class CheckedUserShape(Schema):
    """Whom it is about. Their address is not told: who asks by id may lack the right to see it."""

    id: str
    name: str


class CheckedGroupShape(Schema):
    id: str
    name: str


class RoleBehindShape(Schema):
    """A role that gives the permission; where the answer is no, it does not go as far as was asked."""

    role: str
    reach: str
    group: CheckedGroupShape | None


class AccessCheckShape(Schema):
    user: CheckedUserShape | None
    permission: str
    resource: str | None
    allowed: bool
    why: str
    everywhere: bool
    resources: list[str]
    roles: list[RoleBehindShape]


class AccessCheckData(Schema):
    check: AccessCheckShape


class AccessCheckAnswer(Schema):
    data: AccessCheckData


class AccessChecksData(Schema):
    checks: list[AccessCheckShape]


class AccessChecksAnswer(Schema):
    data: AccessChecksData


@router.post(
    "/access-checks",
    operation_id="checkAccess",
    summary="May this member do this? One question, or up to 100",
    description="Answered as this product would answer itself now, with the roles behind it. It changes nothing and is no event.",
    response={200: AccessCheckAnswer | AccessChecksAnswer, **REFUSALS},
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"oneOf": [_CHECK, _BATCH]}}}}
    },
)
@api_token("access:check")
def api_access_check(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, (*_FIELDS, "checks"))
    if "checks" not in sent:
        [checked] = check_access(request.workspace.id, _questions([sent]))
        return json_answer(request, {"check": _answer(checked)})
    if len(sent) > 1:
        raise Invalid("Send either one question or checks.", field="checks", code="bad_checks")
    asked = sent["checks"]
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_CHECKS:
        raise Invalid(f"Send a list of 1 to {MOST_CHECKS} questions.", field="checks", code="bad_checks")
    found = check_access(request.workspace.id, _questions(asked, "checks"))
    return json_answer(request, {"checks": [_answer(one) for one in found]})


def _questions(asked: list[Any], *below: str) -> list[Question]:
    """The questions, where all of them can be asked.

    Raises:  Invalid, with a problem for each that cannot
    """
    found: list[Question] = []
    problems: list[Problem] = []
    for number, one in enumerate(asked):
        try:
            found.append(_question(one))
        except Invalid as refused:
            place: list[str | int] = [*below, number] if below else []
            pointer = json_pointer(None, *place, *([refused.field] if refused.field else []))
            problems.append(Problem(pointer, refused.message))
    if problems:
        raise Invalid(problems=problems, code="bad_check")
    return found


def _question(asked: Any) -> Question:
    if not isinstance(asked, dict):
        raise Invalid('A question is {"user": "...", "permission": "...", "resource": "..."}.')
    for name in asked:
        if name not in _FIELDS:
            raise Invalid(f"There is no field {name[:60]}. Take of these: {', '.join(_FIELDS)}.", field=name[:60])
    user, key, resource = (asked.get(name) for name in _FIELDS)
    if not isinstance(user, str) or not _is_text(user):
        raise Invalid("Name the member by id or e-mail address.", field="user")
    if not isinstance(key, str) or key not in set(Permission):
        message = f"There is no such permission. Take of these: {', '.join(Permission)}."
        raise Invalid(message, field="permission")
    permission = Permission(key)
    if resource is not None:
        _refuse_resource(permission, resource)
    return Question(user, permission, resource)


def _refuse_resource(permission: Permission, resource: Any) -> None:
    if not _is_text(resource):
        raise Invalid("Name the resource by its id, or leave it out.", field="resource")
    section = section_of(permission)
    if section is not None and resource != section:
        raise Invalid(f"{permission} is about {section}. Name that, or leave it out.", field="resource")
    if section is None and kind_over(permission) is None:
        raise Invalid(f"{permission} is not given over single resources. Leave the resource out.", field="resource")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _answer(checked: Checked) -> dict[str, Any]:
    user, question = checked.user, checked.question
    return {
        "user": {"id": user.id, "name": user.name} if user else None,
        "permission": str(question.permission),
        "resource": question.resource,
        "allowed": checked.is_allowed,
        "why": checked.why,
        "everywhere": checked.is_everywhere,
        "resources": checked.resource_ids,
        "roles": [
            {
                "role": one.role,
                "reach": one.reach,
                "group": {"id": one.group.id, "name": one.group.name} if one.group else None,
            }
            for one in checked.roles
        ],
    }
