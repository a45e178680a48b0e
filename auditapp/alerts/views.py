"""Settings > Admin > Alerts: the rules, one with its firings, and the form that makes and tries one."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.alerts.chips import box_for, chips_for, line_for, readable_line
from auditapp.alerts.failures import failures_of
from auditapp.alerts.firings import firings_page
from auditapp.alerts.forms import AlertRuleForm, initial_of
from auditapp.alerts.held import held_of
from auditapp.alerts.hold_setting import notifies_after_last_retry
from auditapp.alerts.models import AlertRule
from auditapp.alerts.queries import (
    is_query_hidden,
    may_change,
    members_of,
    names_of,
    rule_for,
    rules_of,
    viewer_of_trial,
)
from auditapp.alerts.ready import READY_RULES, ReadyRule, ready_rule
from auditapp.alerts.seen import fared
from auditapp.alerts.services import (
    RuleInput,
    change_alert_rule,
    create_alert_rule,
    delete_alert_rule,
    disable_alert_rule,
    draft_of,
    enable_alert_rule,
    rotate_alert_secret,
)
from auditapp.alerts.showing import row_of, spark_of
from auditapp.alerts.testing import Tested, send_test_message
from auditapp.alerts.trial import try_rule
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.record.masking import HIDDEN_TEXT
from auditapp.trail.address import Address
from auditapp.trail.chips import Chip
from auditapp.trail.moments import PageTime, zone_named
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

TRY, TEST = "try", "test"


@require_safe
@workspace_page("audit.read")
def rule_list(request: WorkspaceRequest) -> HttpResponse:
    """Every rule, how it fared, the latest firings, which tasks failed, and what was held of them."""
    access = request.member_permissions
    rules = list(rules_of(access))
    how = fared(request.viewer, rules)
    people = names_of(access.workspace_id, [one for rule in rules for one in (rule.owner_id, *rule.told_ids)])
    time = _time(request)
    taken = {rule.query for rule in rules if rule.owner_id == access.subject_id}
    page = firings_page(request.viewer, size=10)
    context = {
        "rules": [row_of(rule, how[rule.id], people, time, can_change=may_change(access, rule)) for rule in rules],
        "ready": [one for one in READY_RULES if one.query not in taken],
        "page": page,
        "people": people,
        "time": time,
        "is_last_only": notifies_after_last_retry(access.workspace_id),
        "can_manage": access.can(Permission.WORKSPACE_MANAGE),
        "sees_all": request.viewer.sees_all,
        "failures": failures_of(request.viewer),
        "held": held_of(request.viewer),
    }
    return render_page(request, "alerts/rule_list.html", context)


@require_safe
@workspace_page("audit.read")
def rule_page(request: WorkspaceRequest, rule_id: str) -> HttpResponse:
    """One rule and its firings."""
    return _rule_page(request, rule_id)


@require_POST
@workspace_page("audit.read")
def rule_test(request: WorkspaceRequest, rule_id: str) -> HttpResponse:
    """Send a test message to each channel of a rule; the page says what came of it."""
    return _rule_page(request, rule_id, tested=send_test_message(rule_id=rule_id))


def _rule_page(request: WorkspaceRequest, rule_id: str, *, tested: Sequence[Tested] | None = None) -> HttpResponse:
    access = request.member_permissions
    rule = rule_for(access, rule_id)
    time, how = _time(request), fared(request.viewer, [rule])[rule_id]
    people = names_of(access.workspace_id, [rule.owner_id, *rule.told_ids])
    chips, _ = chips_for(request, rule.query)
    if is_query_hidden(access, rule):
        chips = [Chip("Looks for", HIDDEN_TEXT, (), Address(""))]
    page = firings_page(request.viewer, rule_id=rule_id, before=request.GET.get("before", ""))
    context = {
        "row": row_of(rule, how, people, time, can_change=may_change(access, rule)),
        "chips": chips,
        "page": page,
        "is_first_page": "before" not in request.GET,
        "tested": tested,
        "people": people,
        "time": time,
    }
    return render_page(request, "alerts/rule.html", context)


@workspace_page("audit.read")
def rule_create(request: WorkspaceRequest) -> HttpResponse:
    """A new rule: empty, of a filtered trail, or of a ready rule; tried as often as one likes before it is saved."""
    form = _form(request, _first(request))
    return _form_page(request, form, None, create_alert_rule)


@workspace_page("audit.read")
def rule_edit(request: WorkspaceRequest, rule_id: str) -> HttpResponse:
    """Change a rule."""
    access = request.member_permissions
    rule = rule_for(access, rule_id)
    if not may_change(access, rule):
        access.require(Permission.WORKSPACE_MANAGE)
    if is_query_hidden(access, rule):
        access.require(Permission.AUDIT_READ_PERSONAL)
    initial = initial_of(rule)
    form = _form(request, initial | {"query": readable_line(request, initial["query"])})
    return _form_page(request, form, rule, lambda given: change_alert_rule(given, rule_id=rule_id))


@require_safe
@workspace_page("audit.read")
def rule_chips(request: WorkspaceRequest) -> HttpResponse:
    """What a line means, while it is typed."""
    chips, problems = chips_for(request, request.GET.get("query", ""))
    return render_page(request, "alerts/_chips.html", {"chips": chips, "problems": problems})


@require_POST
@workspace_page("audit.read")
def ready_rule_create(request: WorkspaceRequest, key: str) -> HttpResponse:
    """A ready rule with one click, which tells whoever clicked."""
    ready = ready_rule(key)
    if ready is None:
        raise NotFound
    given = _of_ready(ready, request.user.id)
    try:
        rule, _ = create_alert_rule(RuleInput(**given))
    except (Invalid, Conflict) as refused:
        messages.error(request, refused.message)
        return redirect("alerts:rule_list", request.workspace.slug)
    messages.success(request, f"{rule.name} is on. It tells you by e-mail and in the bell.")
    return redirect("alerts:rule", request.workspace.slug, rule.id)


@require_POST
@workspace_page("audit.read")
def rule_enable(request: WorkspaceRequest, rule_id: str) -> HttpResponse:
    rule = enable_alert_rule(rule_id=rule_id)
    messages.success(request, f"{rule.name} is on and looks at what comes from now on.")
    return redirect("alerts:rule", request.workspace.slug, rule_id)


@require_POST
@workspace_page("audit.read")
def rule_disable(request: WorkspaceRequest, rule_id: str) -> HttpResponse:
    rule = disable_alert_rule(rule_id=rule_id)
    messages.success(request, f"{rule.name} is off.")
    return redirect("alerts:rule", request.workspace.slug, rule_id)


@require_POST
@workspace_page("audit.read")
def rule_delete(request: WorkspaceRequest, rule_id: str) -> HttpResponse:
    delete_alert_rule(rule_id=rule_id)
    messages.success(request, "The rule was deleted.")
    return redirect("alerts:rule_list", request.workspace.slug)


@require_POST
@workspace_page("audit.read")
def rule_secret_rotate(request: WorkspaceRequest, rule_id: str) -> HttpResponse:
    rule, secret = rotate_alert_secret(rule_id=rule_id)
    return render_page(request, "alerts/rule_secret.html", {"rule": rule, "secret": secret, "is_new": False})


def _form_page(
    request: WorkspaceRequest,
    form: AlertRuleForm,
    rule: AlertRule | None,
    save: Callable[[RuleInput], tuple[AlertRule, str]],
) -> HttpResponse:
    """The form; what it sends is tried, tested, or saved."""
    trial, tested = None, None
    if request.method == "POST" and form.is_valid():
        try:
            given = form.given()
            box = box_for(request, given.query)
            if box.problems:
                raise Invalid(" ".join(map(str, box.problems)), field="query", code="bad_query")
            given = line_for(given, box)
            if request.POST.get("intent") == TRY:
                draft = draft_of(given, rule, owner_id=request.user.id, workspace_id=request.workspace.id)
                trial = try_rule(draft, viewer_of_trial(request.member_permissions, draft))
            elif request.POST.get("intent") == TEST:
                tested = send_test_message(rule_id=rule.id if rule else "", given=given)
            else:
                saved, secret = save(given)
                return _saved(request, saved, secret, is_new=rule is None)
        except Invalid as refused:
            add_refusal(form, refused)
    chips, problems = chips_for(request, str(form["query"].value() or ""))
    context = {
        "form": form,
        "rule": rule,
        "chips": chips,
        "problems": problems,
        "trial": trial,
        "tested": tested,
        "spark": spark_of(trial.days) if trial else (),
        "time": _time(request),
        "can_tell_others": request.member_permissions.can(Permission.WORKSPACE_MANAGE),
        "can_export": request.member_permissions.can(Permission.AUDIT_EXPORT),
        "units": [("60", "minutes"), ("3600", "hours"), ("86400", "days")],
    }
    return render_page(request, "alerts/rule_edit.html", context, status=422 if form.errors else 200)


def _saved(request: WorkspaceRequest, rule: AlertRule, secret: str, *, is_new: bool) -> HttpResponse:
    if secret:
        return render_page(request, "alerts/rule_secret.html", {"rule": rule, "secret": secret, "is_new": is_new})
    messages.success(request, f"{rule.name} looks at what comes from now on." if is_new else "Saved.")
    return redirect("alerts:rule", request.workspace.slug, rule.id)


def _form(request: WorkspaceRequest, initial: dict[str, Any]) -> AlertRuleForm:
    people = members_of(request.workspace.id)
    if not request.member_permissions.can(Permission.WORKSPACE_MANAGE):
        kept = {request.user.id, *initial.get("told_ids", ())}
        people = [person for person in people if person.id in kept]
    return AlertRuleForm(request.POST or None, people=people, initial=initial)


def _first(request: WorkspaceRequest) -> dict[str, Any]:
    """What the form of a new rule begins with."""
    ready = ready_rule(request.GET.get("ready", ""))
    if ready is not None:
        given = _of_ready(ready, request.user.id)
        shown = initial_of(AlertRule(workspace_id=request.workspace.id, **given))
        return shown | {"query": readable_line(request, given["query"])}
    return {
        "query": readable_line(request, None),
        "told_ids": [request.user.id],
        "by_bell": True,
        "by_email": True,
    }


def _of_ready(ready: ReadyRule, user_id: str) -> dict[str, Any]:
    return {
        **{name: getattr(ready, name) for name in ("name", "query", "trigger", "threshold", "window_s", "by")},
        "told_ids": [user_id],
        "by_email": True,
        "by_bell": True,
    }


def _time(request: WorkspaceRequest) -> PageTime:
    return PageTime.in_zone(zone_named(request.workspace.time_zone))
