"""Support access on pages: given and taken back by owners, and taken, used and left by the person who has it."""

from typing import cast

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auditapp.access import support_session
from auditapp.access.above import is_owner, refuse_but_owner
from auditapp.access.decorators import public_page, signed_in_page, workspace_page
from auditapp.access.errors import AlreadyMember
from auditapp.access.forms import AcceptForm, SupportForm
from auditapp.access.models import User
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest, context_of
from auditapp.access.sections import sections
from auditapp.access.step_up import is_proved, proof_url
from auditapp.access.support import (
    OWNERS_ALONE,
    grant_support,
    revoke_support,
    support_behind,
    take_support,
    use_support,
)
from auditapp.access.support_queries import support_shown
from auditapp.lib.errors import Conflict, Invalid
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


@require_safe
@workspace_page("access.read")
def support(request: WorkspaceRequest) -> HttpResponse:
    context = {
        "sections": sections(request, "support"),
        "shown": support_shown(request.workspace.id),
        "can_manage": request.member_permissions.can(Permission.ACCESS_MANAGE),
        "can_give": request.member_permissions.can(Permission.ACCESS_MANAGE) and is_owner(request.member_permissions),
        "sees_addresses": request.member_permissions.can(Permission.AUDIT_READ_PERSONAL),
    }
    return render_page(request, "access/support.html", context)


@workspace_page("access.manage")
def support_grant(request: WorkspaceRequest) -> HttpResponse:
    refuse_but_owner(request.member_permissions, OWNERS_ALONE)
    back = reverse("access:support_grant", args=[request.workspace.slug])
    form = SupportForm(request.POST or None)
    if request.method == "POST":
        if not is_proved(request):
            return redirect(proof_url(back))
        if form.is_valid():
            try:
                given = grant_support(**form.asked())
            except Invalid as error:
                add_refusal(form, error)
            except Conflict as error:
                form.add_error("email", error.message)
            else:
                messages.success(request, f"A link is on its way to {given.email}.")
                return redirect("access:support", request.workspace.slug)
    context = {"form": form, "needs_proof": not is_proved(request), "proof_url": proof_url(back)}
    return render_page(request, "access/support_grant.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_page("access.manage")
def support_revoke(request: WorkspaceRequest, support_id: str) -> HttpResponse:
    revoke_support(support_id=support_id)
    messages.success(request, "The support access was taken back. It stopped at once.")
    return redirect("access:support", request.workspace.slug)


@public_page(
    "Whoever holds the secret of a link of support access may see what it offers, and who has its address may take it."
)
def support_link(request: HttpRequest, secret: str) -> HttpResponseBase:
    found, workspace = support_behind(secret)
    user = request.user if request.user.is_authenticated else None
    form = AcceptForm(request.POST or None, email=found.email)
    if request.method == "POST" and (user or form.is_valid()):
        details = {} if user else form.cleaned_data
        try:
            person, taken = take_support(secret=secret, user=user, **details)
        except AlreadyMember:
            return redirect("access:home", workspace.slug)
        home = f"/{workspace.slug}/"
        answer = redirect(home) if user else perform_login(request, person, redirect_url=home)
        if request.user.is_authenticated:
            use_support(user=person, support_id=taken.id, context=context_of(request, with_path=False))
            support_session.enter(request, taken)
        return answer
    context = {
        "support": found,
        "into": workspace,
        "form": form,
        "has_account": User.objects.filter(email__iexact=found.email).exists(),
        "is_theirs": user is not None and user.email.casefold() == found.email.casefold(),
    }
    return render_page(request, "access/support_link.html", context, status=422 if form.errors and not user else 200)


@require_POST
@signed_in_page("Each person enters by what was given to themselves.")
def support_enter(request: HttpRequest, support_id: str) -> HttpResponse:
    used, workspace = use_support(user=cast(User, request.user), support_id=support_id, context=context_of(request))
    support_session.enter(request, used)
    return redirect("access:home", workspace.slug)


@require_POST
@signed_in_page("It ends what the session of whoever is signed in does as support.")
def support_leave(request: HttpRequest) -> HttpResponse:
    support_session.leave(request)
    return redirect("start")
