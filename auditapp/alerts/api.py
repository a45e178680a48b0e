"""Endpoints of alert rules: kept, tried, tested, and what they fired for."""

from typing import Any

from django.http import HttpResponse
from ninja import Query, Router, Schema

from auditapp.access.decorators import api_token
from auditapp.access.permissions import acting_access
from auditapp.access.requests import TokenRequest
from auditapp.alerts.api_input import FIELDS, firing_answer, rule_answer, rule_input, tested_answer, trial_answer
from auditapp.alerts.firings import shown_firings
from auditapp.alerts.hold_setting import notifies_after_last_retry, notify_after_last_retry
from auditapp.alerts.models import AlertRule
from auditapp.alerts.queries import rule_for, rules_of, viewer_of_trial
from auditapp.alerts.seen import fared, seen_firings
from auditapp.alerts.services import (
    change_alert_rule,
    create_alert_rule,
    delete_alert_rule,
    disable_alert_rule,
    draft_of,
    enable_alert_rule,
    rotate_alert_secret,
    rule_to_change,
)
from auditapp.alerts.testing import send_test_message
from auditapp.alerts.trial import Trial, try_rule
from auditapp.record.event_query import visible_events
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
)

router = Router(tags=["Alert Rules"])


class AlertRuleShape(Schema):
    id: str
    name: str
    query: str
    trigger: str
    threshold: int
    windowSeconds: int
    countBy: str
    withOwn: bool
    toldIds: list[str]
    byEmail: bool
    byBell: bool
    slack: bool
    webhookHost: str | None
    webhookUrl: str | None
    quietFrom: str | None
    quietTo: str | None
    enabled: bool
    ownerId: str
    createdAt: str
    firings30Days: int | None
    lastFiredAt: str | None
    watchesMore: bool


class AlertRuleData(Schema):
    alertRule: AlertRuleShape
    signingSecret: str | None = None


class AlertRuleAnswer(Schema):
    data: AlertRuleData


class AlertRulesData(Schema):
    alertRules: list[AlertRuleShape]
    pagination: PaginationShape


class AlertRulesAnswer(Schema):
    data: AlertRulesData


class MessageShape(Schema):
    channel: str
    recipientId: str | None
    state: str
    attempts: int
    answer: str
    endedAt: str | None


class FiringShape(Schema):
    ruleId: str
    firedAt: str
    occurredAt: str
    eventId: str | None
    event: Any
    events: int
    silence: bool
    hold: str | None
    heldUntil: str | None
    messages: list[MessageShape]


class FiringsData(Schema):
    firings: list[FiringShape]
    pagination: PaginationShape


class FiringsAnswer(Schema):
    data: FiringsData


class TrialData(Schema):
    events: int
    firings: int
    messages: int
    firingsByDay: list[int]
    latest: list[str]
    since: str
    cut: bool
    samples: list[Any]


class TrialAnswer(Schema):
    data: TrialData


class TestedShape(Schema):
    channel: str
    recipientId: str | None
    delivered: bool
    answer: str


class TestedData(Schema):
    messages: list[TestedShape]


class TestedAnswer(Schema):
    data: TestedData


class AlertSettingsData(Schema):
    notifyAfterLastRetry: bool


class AlertSettingsAnswer(Schema):
    data: AlertSettingsData


@router.get(
    "/alert-rules",
    operation_id="listAlertRules",
    summary="The alert rules of the workspace, by name",
    response={200: AlertRulesAnswer, **REFUSALS},
)
@api_token("alert:read")
def api_rule_list(request: TokenRequest, query: Query[ListQuery]) -> HttpResponse:
    found, pagination = paged(request, query, rules_of(acting_access()))
    return json_answer(request, {"alertRules": _answers(request, found), "pagination": pagination})


@router.post(
    "/alert-rules",
    operation_id="createAlertRule",
    summary="Make a rule of the token's own; it sees what the token may see",
    response={201: AlertRuleAnswer, **REFUSALS},
    openapi_extra=takes(["name"], **FIELDS),
)
@api_token("alert:write")
def api_rule_create(request: TokenRequest) -> HttpResponse:
    rule, secret = create_alert_rule(rule_input(sent_object(request, FIELDS), request.viewer))
    return _answer(request, rule, secret, status=201)


@router.post(
    "/alert-rules/try",
    operation_id="tryAlertRule",
    summary="What a rule would have done in the last 30 days; nothing is kept",
    response={200: TrialAnswer, **REFUSALS},
    openapi_extra=takes(["name"], **FIELDS),
)
@api_token("alert:read")
def api_rule_try(request: TokenRequest) -> HttpResponse:
    given = rule_input(sent_object(request, FIELDS), request.viewer)
    draft = draft_of(given, None, owner_id=request.token.id, workspace_id=request.workspace.id)
    return _trial(request, try_rule(draft, request.viewer))


@router.post(
    "/alert-rules/test",
    operation_id="testNewAlertRule",
    summary="Send a test message to each channel of a rule that is not saved",
    response={200: TestedAnswer, **REFUSALS},
    openapi_extra=takes(["name"], **FIELDS),
)
@api_token("alert:write")
def api_rule_test_new(request: TokenRequest) -> HttpResponse:
    tested = send_test_message(given=rule_input(sent_object(request, FIELDS), request.viewer))
    return json_answer(request, {"messages": [tested_answer(one) for one in tested]})


@router.get(
    "/alert-rules/{rule_id}",
    operation_id="getAlertRule",
    summary="One rule",
    response={200: AlertRuleAnswer, **REFUSALS},
)
@api_token("alert:read")
def api_rule(request: TokenRequest, rule_id: str) -> HttpResponse:
    return _answer(request, rule_for(acting_access(), rule_id))


@router.patch(
    "/alert-rules/{rule_id}",
    operation_id="updateAlertRule",
    summary="Change a rule, or turn it on or off",
    response={200: AlertRuleAnswer, **REFUSALS},
    openapi_extra=takes(**FIELDS, enabled="boolean"),
)
@api_token("alert:write")
def api_rule_change(request: TokenRequest, rule_id: str) -> HttpResponse:
    sent, secret = sent_object(request, (*FIELDS, "enabled")), ""
    rule = rule_to_change(acting_access(), rule_id)
    is_on = flag_in(sent, "enabled", rule.is_enabled)
    if sent.keys() - {"enabled"}:
        rule, secret = change_alert_rule(rule_input(sent, request.viewer, rule), rule_id=rule_id)
    if is_on is not rule.is_enabled:
        rule = (enable_alert_rule if is_on else disable_alert_rule)(rule_id=rule_id)
    return _answer(request, rule, secret)


@router.delete(
    "/alert-rules/{rule_id}",
    operation_id="deleteAlertRule",
    summary="Delete a rule with its firings",
    response={200: DoneAnswer, **REFUSALS},
)
@api_token("alert:write")
def api_rule_delete(request: TokenRequest, rule_id: str) -> HttpResponse:
    delete_alert_rule(rule_id=rule_id)
    return json_answer(request, DONE)


@router.post(
    "/alert-rules/{rule_id}/try",
    operation_id="tryChangedAlertRule",
    summary="What a rule would have done in the last 30 days with these changes; of its events, those that the token may see",
    response={200: TrialAnswer, **REFUSALS},
    openapi_extra=takes(**FIELDS),
)
@api_token("alert:write")
def api_rule_try_changed(request: TokenRequest, rule_id: str) -> HttpResponse:
    rule = rule_to_change(acting_access(), rule_id)
    given = rule_input(sent_object(request, FIELDS), request.viewer, rule)
    draft = draft_of(given, rule, owner_id=rule.owner_id, workspace_id=rule.workspace_id)
    return _trial(request, try_rule(draft, viewer_of_trial(acting_access(), rule)))


@router.post(
    "/alert-rules/{rule_id}/test",
    operation_id="testAlertRule",
    summary="Send a test message to each channel of a rule, with these changes where there are some",
    response={200: TestedAnswer, **REFUSALS},
    openapi_extra=takes(is_needed=False, **FIELDS),
)
@api_token("alert:write")
def api_rule_test(request: TokenRequest, rule_id: str) -> HttpResponse:
    rule = rule_to_change(acting_access(), rule_id)
    sent = sent_object(request, FIELDS, is_needed=False)
    given = rule_input(sent, request.viewer, rule) if sent else None
    return json_answer(
        request, {"messages": [tested_answer(one) for one in send_test_message(rule_id=rule_id, given=given)]}
    )


@router.post(
    "/alert-rules/{rule_id}/rotate-secret",
    operation_id="rotateAlertRuleSecret",
    summary="A new secret that signs the webhook from now on",
    response={200: AlertRuleAnswer, **REFUSALS},
)
@api_token("alert:write")
def api_rule_rotate(request: TokenRequest, rule_id: str) -> HttpResponse:
    return _answer(request, *rotate_alert_secret(rule_id=rule_id))


@router.get(
    "/alert-rules/{rule_id}/firings",
    operation_id="listAlertRuleFirings",
    summary="What a rule fired for in 90 days, the newest first, of the events that the token may see",
    response={200: FiringsAnswer, **REFUSALS},
)
@api_token("alert:read")
def api_rule_firings(request: TokenRequest, rule_id: str, query: Query[ListQuery]) -> HttpResponse:
    rule = rule_for(acting_access(), rule_id)
    firings = seen_firings(request.viewer).filter(rule_id=rule.id)
    found, pagination = paged(request, query, firings.order_by("-fired_at", "-index", "is_silence"))
    told = [firing_answer(one) for one in shown_firings(request.viewer, found)]
    return json_answer(request, {"firings": told, "pagination": pagination})


@router.get(
    "/alert-settings",
    operation_id="getAlertSettings",
    summary="Whether failed attempts are told of only once the last retry failed",
    response={200: AlertSettingsAnswer, **REFUSALS},
)
@api_token("alert:read")
def api_alert_settings(request: TokenRequest) -> HttpResponse:
    return json_answer(request, {"notifyAfterLastRetry": notifies_after_last_retry(request.workspace.id)})


@router.patch(
    "/alert-settings",
    operation_id="updateAlertSettings",
    summary="Tell of failed attempts only once the last retry failed, or of each",
    response={200: AlertSettingsAnswer, **REFUSALS},
    openapi_extra=takes(["notifyAfterLastRetry"], notifyAfterLastRetry="boolean"),
)
@api_token("alert:write")
def api_alert_settings_change(request: TokenRequest) -> HttpResponse:
    is_on = flag_in(sent_object(request, ("notifyAfterLastRetry",)), "notifyAfterLastRetry")
    notify_after_last_retry(is_on=is_on)
    return json_answer(request, {"notifyAfterLastRetry": is_on})


def _answers(request: TokenRequest, rules: list[AlertRule]) -> list[dict[str, Any]]:
    how, access = fared(request.viewer, rules), acting_access()
    return [rule_answer(rule, how[rule.id], access) for rule in rules]


def _answer(request: TokenRequest, rule: AlertRule, secret: str = "", *, status: int = 200) -> HttpResponse:
    told: dict[str, Any] = {"alertRule": _answers(request, [rule])[0]}
    return json_answer(request, told | ({"signingSecret": secret} if secret else {}), status=status)


def _trial(request: TokenRequest, trial: Trial) -> HttpResponse:
    seen = visible_events(request.viewer).many([row.id for row in trial.samples])
    return json_answer(request, trial_answer(trial, [seen[row.id] for row in trial.samples if row.id in seen]))
