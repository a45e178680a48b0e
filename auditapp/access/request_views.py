"""Asking for access where a page was denied, what came of it, and the owners' answers."""

from http import HTTPStatus
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.access_requests import MESSAGE_LENGTH, approve_request, decline_request, request_access
from auditapp.access.asked import last_request, own_requests
from auditapp.access.decorators import member_page, workspace_page
from auditapp.access.errors import Denied
from auditapp.access.forms import AccessRequestForm
from auditapp.access.member_views import overview_page
from auditapp.access.models import RequestState
from auditapp.access.permissions import Permission
from auditapp.access.power import choice_gives_power
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.step_up import is_proved
from auditapp.lib.errors import Invalid
from auditapp.record.workspace_scope import in_workspace
from auditapp.web.errors import error_page
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


@require_safe
@member_page("Each member sees what they asked for themselves, and asks for what every workspace has.")
def own(request: WorkspaceRequest) -> HttpResponse:
    return _own_page(request, request.GET.get("permission", ""))


@require_POST
@member_page("Whoever may do nothing yet is who asks.")
def request_create(request: WorkspaceRequest) -> HttpResponse:
    form = AccessRequestForm(request.POST)
    if form.is_valid():
        try:
            asked = request_access(**form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"You asked for “{asked.meaning}”. The owners are told.")
            return redirect("access:own_requests", request.workspace.slug)
    return _own_page(request, request.POST.get("permission", ""), form)


@require_POST
@workspace_page("access.manage")
def request_approve(request: WorkspaceRequest, request_id: str) -> HttpResponse:
    choice = request.POST.get("choice", "")
    if choice_gives_power(request.workspace.id, choice) and not is_proved(request):
        return overview_page(request, proof_for=request_id, choice=choice)
    grant = approve_request(request_id=request_id, choice=choice)
    messages.success(request, f"Approved: gave the role {grant.role.name}.")
    return redirect("access:overview", request.workspace.slug)


@require_POST
@workspace_page("access.manage")
def request_decline(request: WorkspaceRequest, request_id: str) -> HttpResponse:
    asked = decline_request(request_id=request_id)
    messages.success(request, f"Declined: {asked.user} sees it.")
    return redirect("access:overview", request.workspace.slug)


def denied_page(request: WorkspaceRequest, denied: Denied) -> HttpResponse:
    """What a member reads who met what their role does not include: with a way to ask for it, or what came of asking.

    It names the permission, which is the same word in every workspace, and nothing that is here.
    """
    slug = request.workspace.slug
    asking = reverse("access:own_requests", args=[slug])
    # The view's transaction was rolled back.
    with in_workspace(request.workspace.id):
        asked = last_request(request.workspace.id, request.user.id, denied.permission)
    context = {
        "csrf_token": get_token(request),
        "permission": denied.permission,
        "asked": asked,
        "is_waiting": asked is not None and asked.state == RequestState.WAITING,
        "message_length": MESSAGE_LENGTH,
        "own_url": asking,
        "create_url": reverse("access:request_create", args=[slug]),
        "ask_url": f"{asking}?{urlencode({'permission': denied.permission})}",
    }
    return error_page(
        request,
        HTTPStatus.FORBIDDEN,
        denied.message,
        page="access/denied.html",
        banner="access/_denied_banner.html",
        **context,
    )


def can_be_asked_for(request: HttpRequest, error: Exception) -> bool:
    """Whether this error ends a page of a member for want of a permission that an owner could give."""
    access = getattr(request, "member_permissions", None)
    if getattr(request, "support", None):
        return False  # only members ask
    if access is None or not isinstance(error, Denied) or error.permission not in set(Permission):
        return False
    return not access.reach(error.permission).everywhere


def _own_page(request: WorkspaceRequest, permission: str, form: AccessRequestForm | None = None) -> HttpResponse:
    access = request.member_permissions
    asked = own_requests(request.workspace.id, request.user.id)
    waits = any(one.permission == permission and one.state == RequestState.WAITING for one in asked)
    can_ask = permission in set(Permission) and not access.reach(permission).everywhere and not waits
    context = {
        "asked": asked,
        "form": form or AccessRequestForm(initial={"permission": permission}),
        "permission": permission if can_ask else "",
        "meaning": Permission(permission).meaning if can_ask else "",
        "message_length": MESSAGE_LENGTH,
    }
    return render_page(request, "access/own_requests.html", context, status=422 if form and form.errors else 200)
