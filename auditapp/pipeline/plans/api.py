"""Endpoints of tracking plans and of the schema settings of a source, shaped as Segment's Public API has them.

What is done is done by the services of the pages; how rules are read and told is in rule_api.py.
"""

from typing import Any

from django.http import HttpResponse
from ninja import Field, Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import Permission, acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.pipeline.plans.connections import KEEP, change_schema_settings, connect_source, disconnect_source
from auditapp.pipeline.plans.models import TrackingPlan
from auditapp.pipeline.plans.queries import connections_of, following_of, plan_for, settings_told, visible_plans
from auditapp.pipeline.plans.services import change_plan, create_plan, delete_plan
from auditapp.sources.api import SourcesAnswer, source_answer
from auditapp.sources.queries import source_for
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    DONE,
    REFUSALS,
    DoneAnswer,
    ListQuery,
    PaginationShape,
    Text,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["Tracking Plans"])
# The one kind of plan that there is here; Segment has libraries and templates beside it.
LIVE = "LIVE"
SETTINGS = ("track", "identify", "group", "forwardingViolationsTo", "forwardingBlockedEventsTo")


class PlanShape(Schema):
    id: str
    name: str
    slug: str
    description: str
    type: str
    createdAt: str
    updatedAt: str


class PlanData(Schema):
    trackingPlan: PlanShape


class PlanAnswer(Schema):
    data: PlanData


class PlansData(Schema):
    trackingPlans: list[PlanShape]
    pagination: PaginationShape


class PlansAnswer(Schema):
    data: PlansData


class PlansQuery(ListQuery):
    type: Text = Field(LIVE, description=f"{LIVE}, the only kind there is.")


class SourceOfPlan(Schema):
    source_id: Text = Field("", alias="sourceId", description="Which source; it is needed.")


class SettingsData(Schema):
    sourceId: str
    settings: dict[str, Any]


class SettingsAnswer(Schema):
    data: SettingsData


@router.get(
    "/tracking-plans",
    operation_id="listTrackingPlans",
    summary="Tracking plans, by name",
    response={200: PlansAnswer, **REFUSALS},
)
@api_token("tracking_plan:read")
def api_plan_list(request: TokenRequest, query: Query[PlansQuery]) -> HttpResponse:
    plans = visible_plans(acting_access())
    found, pagination = paged(request, query, plans if query.type == LIVE else plans.none(), also=["type"])
    return json_answer(request, {"trackingPlans": [plan_answer(one) for one in found], "pagination": pagination})


@router.post(
    "/tracking-plans",
    operation_id="createTrackingPlan",
    summary="Make a tracking plan without rules",
    response={201: PlanAnswer, **REFUSALS},
    openapi_extra=takes(["name"], name="string", description="string", type={"type": "string", "enum": [LIVE]}),
)
@api_token("tracking_plan:write")
def api_plan_create(request: TokenRequest) -> HttpResponse:
    sent = sent_object(request, ("name", "description", "type"))
    if text_in(sent, "type", LIVE) != LIVE:
        raise Invalid(f"The type is {LIVE}.", field="type", code="unknown_type")
    plan = create_plan(name=text_in(sent, "name"), description=text_in(sent, "description", ""))
    return json_answer(request, {"trackingPlan": plan_answer(plan)}, status=201)


@router.get(
    "/tracking-plans/{plan_id}",
    operation_id="getTrackingPlan",
    summary="One tracking plan",
    response={200: PlanAnswer, **REFUSALS},
)
@api_token("tracking_plan:read")
def api_plan(request: TokenRequest, plan_id: str) -> HttpResponse:
    return json_answer(request, {"trackingPlan": plan_answer(_plan(plan_id))})


@router.patch(
    "/tracking-plans/{plan_id}",
    operation_id="updateTrackingPlan",
    summary="Change the name or description of a tracking plan",
    response={200: DoneAnswer, **REFUSALS},
    openapi_extra=takes(name="string", description="string"),
)
@api_token("tracking_plan:write")
def api_plan_change(request: TokenRequest, plan_id: str) -> HttpResponse:
    sent = sent_object(request, ("name", "description"))
    change_plan(plan_id=plan_id, **{name: text_in(sent, name) for name in sent})
    return json_answer(request, DONE)


@router.delete(
    "/tracking-plans/{plan_id}",
    operation_id="deleteTrackingPlan",
    summary="Delete a tracking plan; its sources follow none from then on",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("tracking_plan:write")
def api_plan_delete(request: TokenRequest, plan_id: str) -> HttpResponse:
    delete_plan(plan_id=plan_id)
    return json_answer(request, DONE)


@router.get(
    "/tracking-plans/{plan_id}/sources",
    operation_id="listSourcesFromTrackingPlan",
    summary="The sources that follow a tracking plan",
    description="Those that the token may see: it takes the scope source:read beside.",
    response={200: SourcesAnswer, **REFUSALS},
)
@api_token("tracking_plan:read")
def api_plan_source_list(request: TokenRequest, plan_id: str, query: Query[ListQuery]) -> HttpResponse:
    access = acting_access()
    seen = [one.source for one in connections_of(access, plan_for(access, plan_id)) if one.source]
    found, pagination = paged(request, query, seen)
    return json_answer(request, {"sources": [source_answer(access, one) for one in found], "pagination": pagination})


@router.post(
    "/tracking-plans/{plan_id}/sources",
    operation_id="addSourceToTrackingPlan",
    summary="Let a source follow a tracking plan",
    description="It takes the scope source:write beside.",
    response={200: DoneAnswer, **REFUSALS},
    openapi_extra=takes(["sourceId"], sourceId="string"),
)
@api_token("tracking_plan:write")
def api_plan_source_add(request: TokenRequest, plan_id: str) -> HttpResponse:
    source_id = text_in(sent_object(request, ["sourceId"]), "sourceId")
    # Or a token that lacks the scope would be told that there is no such source.
    acting_access().require(Permission.SOURCE_WRITE)
    connect_source(plan_id=plan_id, source_id=source_id)
    return json_answer(request, DONE)


@router.delete(
    "/tracking-plans/{plan_id}/sources",
    operation_id="removeSourceFromTrackingPlan",
    summary="Let a source follow no tracking plan any more",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("tracking_plan:write")
def api_plan_source_remove(request: TokenRequest, plan_id: str, query: Query[SourceOfPlan]) -> HttpResponse:
    if not query.source_id:
        raise Invalid("Say which source, as sourceId in the query.", field="sourceId", code="required")
    disconnect_source(plan_id=plan_id, source_id=query.source_id)
    return json_answer(request, DONE)


@router.get(
    "/sources/{source_id}/settings",
    operation_id="listSchemaSettingsInSource",
    summary="What a source does with events that its plan does not know or that break it",
    response={200: SettingsAnswer, **REFUSALS},
)
@api_token("source:read")
def api_settings(request: TokenRequest, source_id: str) -> HttpResponse:
    source = source_for(acting_access(), source_id)
    return json_answer(request, {"sourceId": source_id, "settings": settings_told(following_of(source))})


@router.patch(
    "/sources/{source_id}/settings",
    operation_id="updateSchemaSettingsInSource",
    summary="Change the schema settings of a source; what is not sent stays",
    description="forwardingViolationsTo and forwardingBlockedEventsTo are ids of other sources; null turns one off.",
    response={200: SettingsAnswer, **REFUSALS},
    openapi_extra=takes(
        track="object",
        identify="object",
        group="object",
        forwardingViolationsTo={"type": ["string", "null"]},
        forwardingBlockedEventsTo={"type": ["string", "null"]},
    ),
)
@api_token("source:write")
def api_settings_change(request: TokenRequest, source_id: str) -> HttpResponse:
    sent = sent_object(request, SETTINGS)
    follows = change_schema_settings(
        source_id=source_id,
        settings={call: sent[call] for call in ("track", "identify", "group") if call in sent},
        violations_to=_target(sent, "forwardingViolationsTo") if "forwardingViolationsTo" in sent else KEEP,
        blocked_to=_target(sent, "forwardingBlockedEventsTo") if "forwardingBlockedEventsTo" in sent else KEEP,
    )
    return json_answer(request, {"sourceId": source_id, "settings": settings_told(follows)})


def plan_answer(plan: TrackingPlan) -> dict[str, Any]:
    """A plan as the API tells of it."""
    return {
        "id": plan.id,
        "name": plan.name,
        "slug": plan.slug,
        "description": plan.description,
        "type": LIVE,
        "createdAt": utc_text(plan.created_at),
        "updatedAt": utc_text(plan.updated_at),
    }


def _plan(plan_id: str) -> TrackingPlan:
    return plan_for(acting_access(), plan_id)


def _target(sent: dict[str, Any], name: str) -> str | None:
    return None if sent[name] is None else text_in(sent, name) or None
