"""Endpoints of the rules of a tracking plan. A rule that is sent is one of plan_json.py; what it is called now may be told as `newKey`."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.http import HttpResponse, QueryDict
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid, Problem
from auditapp.lib.strict_json import BATCH_MAX_BYTES
from auditapp.pipeline.plans.models import PlanRule
from auditapp.pipeline.plans.plan_json import items_from_json, rule_as_json, rules_of
from auditapp.pipeline.plans.queries import plan_for, rules_in
from auditapp.pipeline.plans.rule_services import remove_rules, replace_rules, update_rules
from auditapp.pipeline.plans.rule_store import Identity
from auditapp.pipeline.plans.rules import MAX_RULES, RuleType
from auditapp.web.api import WrongMediaType, has_json_body, json_answer
from auditapp.web.api_resources import DONE, REFUSALS, DoneAnswer, ListQuery, PaginationShape, paged
from auditapp.web.bodies import read_body

router = Router(tags=["Tracking Plans"])
# As the SDKs write a list of objects into a query: rules[0][type]=TRACK.
_IN_QUERY: Final = re.compile(r"rules[\[.](\d{1,4})\]?[\[.](type|key|version)\]?", re.ASCII)


class RuleLabelShape(Schema):
    key: str
    value: str


class RuleShape(Schema):
    type: str
    key: str | None = None
    version: int
    jsonSchema: dict[str, Any]
    labels: list[RuleLabelShape] | None = None
    createdAt: str
    updatedAt: str


class RulesData(Schema):
    rules: list[RuleShape]
    pagination: PaginationShape


class RulesAnswer(Schema):
    data: RulesData


RULE: Final = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": [kind.value for kind in RuleType]},
        "key": {"type": "string"},
        "version": {"type": "integer", "minimum": 1, "default": 1},
        "jsonSchema": {"type": "object"},
        "labels": {"type": "array", "items": {"type": "object"}},
    },
    "required": ["type", "jsonSchema"],
}


def _takes_rules(properties: Mapping[str, Any], *, is_required: bool = True) -> dict[str, Any]:
    rules = {"type": "array", "items": properties, "maxItems": MAX_RULES}
    schema = {"type": "object", "properties": {"rules": rules}, "required": ["rules"]}
    return {"requestBody": {"required": is_required, "content": {"application/json": {"schema": schema}}}}


@router.get(
    "/tracking-plans/{plan_id}/rules",
    operation_id="listRulesFromTrackingPlan",
    summary="The rules of a tracking plan, by type and name",
    response={200: RulesAnswer, **REFUSALS},
)
@api_token("tracking_plan:read")
def api_rule_list(request: TokenRequest, plan_id: str, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, rules_in(plan_for(acting_access(), plan_id)))
    return json_answer(request, {"rules": [rule_answer(row) for row in found], "pagination": pagination})


@router.put(
    "/tracking-plans/{plan_id}/rules",
    operation_id="replaceRulesInTrackingPlan",
    summary="Make these the rules of a tracking plan",
    response={200: DoneAnswer, **REFUSALS},
    openapi_extra=_takes_rules(RULE),
)
@api_token("tracking_plan:write")
def api_rules_replace(request: TokenRequest, plan_id: str) -> HttpResponse:
    replace_rules(plan_id=plan_id, rules=rules_of(_sent(request)))
    return json_answer(request, DONE)


@router.patch(
    "/tracking-plans/{plan_id}/rules",
    operation_id="updateRulesInTrackingPlan",
    summary="Add rules, or change those that are there",
    description="With `newKey` the rule of this type, key and version is called so from then on.",
    response={200: DoneAnswer, **REFUSALS},
    openapi_extra=_takes_rules({**RULE, "properties": {**RULE["properties"], "newKey": {"type": "string"}}}),  # type: ignore[dict-item]
)
@api_token("tracking_plan:write")
def api_rules_update(request: TokenRequest, plan_id: str) -> HttpResponse:
    items = _sent(request)
    renamed = [item for item in items if isinstance(item, dict) and item.get("newKey") not in (None, item.get("key"))]
    gone = identities_of(renamed)
    rules = rules_of([{**item, "key": item["newKey"]} if item in renamed else item for item in items])
    update_rules(plan_id=plan_id, rules=rules, instead_of=gone)
    return json_answer(request, DONE)


@router.delete(
    "/tracking-plans/{plan_id}/rules",
    operation_id="removeRulesFromTrackingPlan",
    summary="Take rules out of a tracking plan",
    description="Which ones is said in the body, or in the query as rules[0][type], rules[0][key] and rules[0][version].",
    response={200: DoneAnswer, **REFUSALS},
    openapi_extra=_takes_rules({**RULE, "required": ["type"]}, is_required=False),
)
@api_token("tracking_plan:write")
def api_rules_remove(request: TokenRequest, plan_id: str) -> HttpResponse:
    items = _in_query(request.GET) if request.GET else _sent(request)
    if not items:
        raise Invalid("Say which rules are taken out.", field="rules", code="required")
    remove_rules(plan_id=plan_id, identities=identities_of(items))
    return json_answer(request, DONE)


def rule_answer(row: PlanRule) -> dict[str, Any]:
    """A rule as the API tells of it."""
    times = {"createdAt": utc_text(row.created_at), "updatedAt": utc_text(row.updated_at)}
    return {**rule_as_json(row.rule), **times}


def identities_of(items: Iterable[Any]) -> list[Identity]:
    """Which rules such values name.

    Raises:  Invalid, with a pointer to each that names none
    """
    found: list[Identity] = []
    problems = []
    for number, item in enumerate(items):
        said = item if isinstance(item, dict) else {}
        kind, key, version = said.get("type"), said.get("key"), said.get("version", 1)
        if isinstance(kind, str) and kind in list(RuleType) and isinstance(key, str | None) and type(version) is int:
            found.append((RuleType(kind), key or "", version))
        else:
            message = f"Name a rule by its type, one of {', '.join(RuleType)}, its key and its version."
            problems.append(Problem(f"/rules/{number}", message))
    if problems:
        raise Invalid(problems=problems[:20], code="bad_rule")
    return found


def _sent(request: TokenRequest) -> list[Any]:
    if not has_json_body(request):
        raise WrongMediaType
    return items_from_json(read_body(request, max_bytes=BATCH_MAX_BYTES))


def _in_query(query: QueryDict) -> list[dict[str, Any]]:
    """Rules in a query, in the order of their numbers.

    Raises:  Invalid for a parameter that is no part of one
    """
    found: dict[int, dict[str, Any]] = {}
    for name, value in query.items():
        part = _IN_QUERY.fullmatch(name)
        if part is None:
            raise Invalid(f"There is no parameter {name[:60]}.", field=name[:60], code="unknown_parameter")
        is_number = part[2] == "version" and isinstance(value, str) and value.isascii() and value.isdigit()
        found.setdefault(int(part[1]), {})[part[2]] = int(str(value)[:9]) if is_number else value
    return [found[number] for number in sorted(found)]
