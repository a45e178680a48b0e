"""Endpoints of deliveries: what was tried, what was set aside, and sending again."""

from datetime import timedelta
from typing import Any, Final

from django.http import HttpResponse
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.lib import clock
from auditapp.lib.clock import parse_utc, utc_text
from auditapp.lib.errors import Invalid
from auditapp.pipeline.delivery.models import DeliveryAttempt, Replay
from auditapp.pipeline.delivery.queries import attempts_of, counts_of, letters_of, replays_query
from auditapp.pipeline.delivery.replays import (
    Plan,
    cancel_replay,
    plan_dead_letters,
    plan_replay,
    replay_dead_letters,
    replay_span,
)
from auditapp.pipeline.destinations.queries import destination_for
from auditapp.web.api import json_answer
from auditapp.web.api_resources import (
    DONE,
    REFUSALS,
    DoneAnswer,
    ListQuery,
    PaginationShape,
    flag_in,
    paged,
    sent_object,
    takes,
    text_in,
)

router = Router(tags=["Deliveries"])
REPLAY: Final = ("since", "until", "onlyDeadLetters", "dryRun")


class AttemptShape(Schema):
    id: str
    at: str
    fromIndex: int
    toIndex: int
    events: int
    keptBack: list[dict[str, Any]]
    attempt: int
    outcome: str
    status: str
    message: str
    elapsedMs: int
    batchId: str
    replayId: str | None


class AttemptsData(Schema):
    attempts: list[AttemptShape]
    pagination: PaginationShape


class AttemptsAnswer(Schema):
    data: AttemptsData


class DeadLetterShape(Schema):
    index: int
    messageId: str
    event: str
    at: str
    attempts: int
    status: str
    message: str


class DeadLettersData(Schema):
    deadLetters: list[DeadLetterShape]
    pagination: PaginationShape


class DeadLettersAnswer(Schema):
    data: DeadLettersData


class ReplayShape(Schema):
    id: str | None
    onlyDeadLetters: bool
    fromIndex: int
    toIndex: int
    events: int
    delivered: int
    state: str
    askedBy: str
    askedAt: str | None


class ReplayData(Schema):
    replay: ReplayShape


class ReplayAnswer(Schema):
    data: ReplayData


class ReplaysData(Schema):
    replays: list[ReplayShape]
    pagination: PaginationShape


class ReplaysAnswer(Schema):
    data: ReplaysData


class MetricShape(Schema):
    metricName: str
    value: int


class MetricsData(Schema):
    destinationId: str
    sourceId: str
    startTime: str
    metrics: list[MetricShape]


class MetricsAnswer(Schema):
    data: MetricsData


@router.get(
    "/destinations/{destination_id}/attempts",
    operation_id="listDeliveryAttempts",
    summary="Every try of every batch, newest first",
    response={200: AttemptsAnswer, **REFUSALS},
)
@api_token("source:read")
def api_attempt_list(request: TokenRequest, destination_id: str, query: Query[ListQuery]) -> HttpResponse:
    destination = destination_for(acting_access(), destination_id)
    found, pagination = paged(request, query, attempts_of(destination))
    return json_answer(request, {"attempts": [_attempt(one) for one in found], "pagination": pagination})


@router.get(
    "/destinations/{destination_id}/delivery-metrics",
    operation_id="getDeliveryMetrics",
    summary="Events delivered and kept back within the last 24 hours, by code",
    response={200: MetricsAnswer, **REFUSALS},
)
@api_token("source:read")
def api_delivery_metrics(request: TokenRequest, destination_id: str) -> HttpResponse:
    destination = destination_for(acting_access(), destination_id)
    start = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=23)
    told = {
        "destinationId": destination.id,
        "sourceId": destination.source_id,
        "startTime": utc_text(start),
        "metrics": [
            {"metricName": code, "value": events} for code, events in sorted(counts_of(destination, start).items())
        ],
    }
    return json_answer(request, told)


@router.get(
    "/destinations/{destination_id}/dead-letters",
    operation_id="listDeadLetters",
    summary="Events that were set aside and not replayed yet",
    response={200: DeadLettersAnswer, **REFUSALS},
)
@api_token("source:read")
def api_letter_list(request: TokenRequest, destination_id: str, query: Query[ListQuery]) -> HttpResponse:
    destination = destination_for(acting_access(), destination_id)
    found, pagination = paged(request, query, letters_of(destination))
    letters = [
        {
            "index": one.index,
            "messageId": one.message_id,
            "event": one.name,
            "at": utc_text(one.at),
            "attempts": one.tries,
            "status": one.code,
            "message": one.message,
        }
        for one in found
    ]
    return json_answer(request, {"deadLetters": letters, "pagination": pagination})


@router.get(
    "/destinations/{destination_id}/replays",
    operation_id="listReplays",
    summary="Replays, newest first",
    response={200: ReplaysAnswer, **REFUSALS},
)
@api_token("source:read")
def api_replay_list(request: TokenRequest, destination_id: str, query: Query[ListQuery]) -> HttpResponse:
    destination = destination_for(acting_access(), destination_id)
    found, pagination = paged(request, query, replays_query(destination))
    return json_answer(request, {"replays": [_replay(one) for one in found], "pagination": pagination})


@router.post(
    "/destinations/{destination_id}/replays",
    operation_id="createReplay",
    summary="Send a span of the past, or dead letters, again",
    description="`since` and `until` are RFC 3339 times; with `dryRun` it only says what would be sent.",
    response={200: ReplayAnswer, 201: ReplayAnswer, **REFUSALS},
    openapi_extra=takes(
        since={"type": "string", "format": "date-time"},
        until={"type": "string", "format": "date-time"},
        onlyDeadLetters="boolean",
        dryRun="boolean",
    ),
)
@api_token("source:write")
def api_replay_create(request: TokenRequest, destination_id: str) -> HttpResponse:
    sent = sent_object(request, REPLAY)
    since = parse_utc(text_in(sent, "since")) if sent.get("since") is not None else None
    until = parse_utc(text_in(sent, "until")) if sent.get("until") is not None else None
    only_letters = flag_in(sent, "onlyDeadLetters", False)
    if since is None and not only_letters:
        raise Invalid("Say from when on.", field="since", code="required")
    if flag_in(sent, "dryRun", False):
        destination = destination_for(acting_access(), destination_id)
        if only_letters or since is None:
            plan = plan_dead_letters(destination, since=since)
        else:
            plan = plan_replay(destination, since=since, until=until)
        return json_answer(request, {"replay": _plan(plan)})
    if only_letters or since is None:
        replay = replay_dead_letters(destination_id=destination_id, since=since)
    else:
        replay = replay_span(destination_id=destination_id, since=since, until=until)
    return json_answer(request, {"replay": _replay(replay)}, status=201)


@router.delete(
    "/destinations/{destination_id}/replays/{replay_id}",
    operation_id="cancelReplay",
    summary="Cancel a replay",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("source:write")
def api_replay_cancel(request: TokenRequest, destination_id: str, replay_id: str) -> HttpResponse:
    cancel_replay(destination_id=destination_id, replay_id=replay_id)
    return json_answer(request, DONE)


def _attempt(one: DeliveryAttempt) -> dict[str, Any]:
    return {
        "id": one.id,
        "at": utc_text(one.at),
        "fromIndex": one.start,
        "toIndex": one.end,
        "events": one.events,
        "keptBack": one.skipped,
        "attempt": one.number,
        "outcome": one.outcome,
        "status": one.code,
        "message": one.message,
        "elapsedMs": one.elapsed_ms,
        "batchId": one.batch_id,
        "replayId": one.lane or None,
    }


def _replay(one: Replay) -> dict[str, Any]:
    state = "CANCELLED" if one.is_cancelled else "ENDED" if one.ended_at else "RUNNING"
    return {
        "id": one.id,
        "onlyDeadLetters": one.only_dead_letters,
        "fromIndex": one.start,
        "toIndex": one.end,
        "events": one.events,
        "delivered": one.delivered,
        "state": state,
        "askedBy": one.asked_by,
        "askedAt": utc_text(one.asked_at),
    }


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "id": None,
        "onlyDeadLetters": plan.only_dead_letters,
        "fromIndex": plan.start,
        "toIndex": plan.end,
        "events": plan.events,
        "delivered": 0,
        "state": "PLANNED",
        "askedBy": "",
        "askedAt": None,
    }
