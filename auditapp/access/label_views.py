"""Labels in Access Management: which there are, what uses them, and what several of them reach together."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.known_labels import known_labels
from auditapp.access.label_forms import DescriptionForm, LabelForm, label_choices
from auditapp.access.label_queries import labels_shown, matching
from auditapp.access.labels import LabelInUse, create_label, delete_label, describe_label
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.role_queries import roles_in
from auditapp.access.sections import sections
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.lib.words import words
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

MATCHES = "label-matches"


@require_safe
@workspace_page("access.read")
def label_list(request: WorkspaceRequest) -> HttpResponse:
    return _list_page(request, LabelForm())


@require_POST
@workspace_page("label.manage")
def label_create(request: WorkspaceRequest) -> HttpResponse:
    form = LabelForm(request.POST)
    if form.is_valid():
        try:
            label = create_label(**form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        except Conflict as error:
            form.add_error("value", error.message)
        else:
            messages.success(request, f"{label} can be given to sources and roles now.")
            return redirect("access:label_list", request.workspace.slug)
    return _list_page(request, form)


@require_safe
@workspace_page("access.read")
def label_matches(request: WorkspaceRequest) -> HttpResponse:
    """What carries all of these labels now, of what the role is over where one is named; the fragment stands below its choice."""
    role = roles_in(request.workspace.id).filter(key=request.GET.get("role", "").replace("\x00", "")).first()
    chosen = [one.lower() for one in words(" ".join(request.GET.getlist("labels")).replace("\x00", ""))]
    context = {
        "choices": label_choices(known_labels(request.workspace.id), chosen),
        "chosen": chosen,
        "matching": matching(request.member_permissions, chosen, kind_key=role.resource_type if role else ""),
    }
    return render_page(request, "access/label_matches.html", context, fragments={MATCHES: "access/_label_matches.html"})


@require_safe
@workspace_page("access.read")
def label(request: WorkspaceRequest, key: str, value: str) -> HttpResponse:
    return _label_page(request, key, value)


@require_POST
@workspace_page("label.manage")
def label_describe(request: WorkspaceRequest, key: str, value: str) -> HttpResponse:
    form = DescriptionForm(request.POST)
    if form.is_valid():
        try:
            describe_label(key=key, value=value, **form.cleaned_data)
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("access:label", request.workspace.slug, key, value)
    return _label_page(request, key, value, form=form)


@require_POST
@workspace_page("label.manage")
def label_delete(request: WorkspaceRequest, key: str, value: str) -> HttpResponse:
    try:
        delete_label(key=key, value=value)
    except LabelInUse as refusal:
        return _label_page(request, key, value, refusal=refusal.message)
    messages.success(request, f"{key}:{value} was deleted.")
    return redirect("access:label_list", request.workspace.slug)


def _list_page(request: WorkspaceRequest, form: LabelForm) -> HttpResponse:
    context = {
        "sections": sections(request, "label_list"),
        "labels": labels_shown(request.member_permissions),
        "form": form,
        "can_manage": request.member_permissions.can(Permission.LABEL_MANAGE),
    }
    return render_page(request, "access/labels.html", context, status=422 if form.errors else 200)


def _label_page(
    request: WorkspaceRequest, key: str, value: str, *, form: DescriptionForm | None = None, refusal: str = ""
) -> HttpResponse:
    text = f"{key}:{value}"
    shown = next((one for one in labels_shown(request.member_permissions) if str(one.label) == text), None)
    if shown is None:
        raise NotFound
    context = {
        "shown": shown,
        "form": form or DescriptionForm(initial={"description": shown.label.description}),
        "refusal": refusal,
        "can_manage": request.member_permissions.can(Permission.LABEL_MANAGE),
    }
    status = HTTPStatus.CONFLICT if refusal else HTTPStatus.UNPROCESSABLE_ENTITY if form else HTTPStatus.OK
    return render_page(request, "access/label.html", context, status=status)
