"""Pages of one person: the way into a workspace, by invitation or from the start page; and the workspace's own settings."""

from typing import cast

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from auditapp.access.decorators import public_page, signed_in_page, workspace_page
from auditapp.access.errors import AlreadyMember, SenderLacks
from auditapp.access.forms import AcceptForm, WorkspaceForm
from auditapp.access.inviting import note_refused
from auditapp.access.members import accept_invitation, invitation_behind
from auditapp.access.models import User
from auditapp.access.queries import promised_in_words, workspaces_of
from auditapp.access.requests import WorkspaceRequest, context_of
from auditapp.access.support_session import open_support_of
from auditapp.access.workspaces import change_workspace_settings
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.record.workspace_scope import in_workspace
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


@signed_in_page("Each person is shown their own workspaces and no others.")
def start(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    workspaces, supports = workspaces_of(user.id), open_support_of(user)
    if len(workspaces) == 1 and not supports:
        return redirect("access:home", workspaces[0].slug)
    return render_page(request, "access/start.html", {"workspaces": workspaces, "supports": supports})


@require_safe
@workspace_page("audit.read")
def home(request: WorkspaceRequest) -> HttpResponse:
    return redirect("trail:event_list", request.workspace.slug)


@workspace_page("workspace.manage")
def workspace_settings(request: WorkspaceRequest) -> HttpResponse:
    form = WorkspaceForm(request.POST or None, workspace=request.workspace)
    if request.method == "POST" and form.is_valid():
        try:
            workspace = change_workspace_settings(**form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("access:workspace_settings", workspace.slug)
    since = request.workspace.second_factor_from
    context = {"form": form, "needed_since": since, "is_needed": bool(since and since <= clock.now())}
    return render_page(request, "access/workspace_settings.html", context, status=422 if form.errors else 200)


@public_page("Whoever holds the secret of an invitation's link may see it and accept it.")
def invitation(request: HttpRequest, secret: str) -> HttpResponseBase:
    try:
        found, workspace = invitation_behind(secret)
    except SenderLacks:
        note_refused(secret, context_of(request, with_path=False))
        raise
    user = request.user if request.user.is_authenticated else None
    form = AcceptForm(request.POST or None, email=found.email)
    if request.method == "POST" and (user or form.is_valid()):
        details = {} if user else form.cleaned_data
        try:
            member, joined = accept_invitation(
                secret=secret, user=user, context=context_of(request, with_path=False), **details
            )
        except AlreadyMember:
            return redirect("access:home", workspace.slug)
        return (
            redirect("access:home", joined.slug)
            if user
            else perform_login(request, member, redirect_url=f"/{joined.slug}/")
        )
    with in_workspace(workspace.id):
        [role] = promised_in_words(workspace.id, [found])
    context = {
        "invitation": found,
        "role": role,
        "joins": workspace,
        "form": form,
        "has_account": User.objects.filter(email__iexact=found.email).exists(),
        "is_theirs": user is not None and user.email.casefold() == found.email.casefold(),
    }
    return render_page(request, "access/invitation.html", context, status=422 if form.errors and not user else 200)
