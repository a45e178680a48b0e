"""Handing a workspace over to another member, and leaving one."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from auditapp.access.above import refuse_but_owner
from auditapp.access.decorators import member_page, workspace_page
from auditapp.access.left_behind import left_behind
from auditapp.access.lists import other_people
from auditapp.access.ownership import (
    NOT_YOURS,
    Kept,
    changing,
    is_last_owner,
    kept_choices,
    leave_workspace,
    transfer_ownership,
)
from auditapp.access.paged import text_of
from auditapp.access.queries import owner_role, owners_of
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.step_up import is_proved, proof_url
from auditapp.lib.errors import Invalid
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


class TransferForm(forms.Form):
    """Who owns the workspace from now on, and what whoever does it keeps."""

    user_id = forms.ChoiceField(label="New owner")
    keep = forms.ChoiceField(
        label="What you keep",
        help_text="Only an owner can give you more afterwards: you cannot take the workspace back yourself.",
        error_messages={"required": "Choose what you keep.", "invalid_choice": "Choose what you keep."},
    )

    def __init__(self, *args: Any, people: list[tuple[str, str]], kept: list[Kept], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["user_id"]).choices = [("", "Choose a member"), *people]
        cast(forms.ChoiceField, self.fields["keep"]).choices = [
            ("", "Choose what you keep"),
            *((one.choice, one.words) for one in kept),
        ]


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page("access.manage")
def ownership_transfer(request: WorkspaceRequest) -> HttpResponse:
    refuse_but_owner(request.member_permissions, NOT_YOURS)
    back = reverse("access:ownership_transfer", args=[request.workspace.slug])
    workspace_id, user_id = request.workspace.id, request.user.id
    chosen = request.POST.get("user_id", "").replace("\x00", "")
    offered = other_people(workspace_id, user_id, text_of(request.GET, "find"), chosen=chosen)
    owners = owners_of(workspace_id)
    people = [(one.id, f"{one} ({one.email})" + ", an owner already" * (one.id in owners)) for one in offered.people]
    form = TransferForm(request.POST or None, people=people, kept=kept_choices(request.member_permissions))
    if request.method == "POST" and form.is_valid():
        if not is_proved(request):
            return redirect(proof_url(back))
        try:
            taker = transfer_ownership(**form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, f"{taker.user} owns {request.workspace.name} now.")
            return redirect("start")
    context = {
        "form": form,
        "offered": offered,
        "owner": owner_role(),
        "changing": changing(workspace_id, user_id),
        "needs_proof": not is_proved(request),
        "proof_url": proof_url(back),
    }
    return render_page(request, "access/transfer.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("Each member may leave; it takes from nobody else.")
def leave(request: WorkspaceRequest) -> HttpResponse:
    if request.method == "POST":
        leave_workspace()
        messages.success(request, f"You left {request.workspace.name}.")
        return redirect("start")
    workspace_id, user_id = request.workspace.id, request.user.id
    context = {"left": left_behind(workspace_id, user_id), "is_last": is_last_owner(workspace_id, user_id)}
    return render_page(request, "access/leave.html", context)
