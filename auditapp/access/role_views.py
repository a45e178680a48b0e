"""Roles in Access Management: what each allows, who has it, and those that the workspace defines."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.models import Role
from auditapp.access.own_roles import change_role, create_role, delete_role, own_role, refuse_held, scopes_over
from auditapp.access.paged import text_of
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.resources import kind_of, resource_kinds
from auditapp.access.role_forms import OwnRoleForm
from auditapp.access.role_queries import Holder, has_role, holders_of, over_in_words, role_in, roles_counted, roles_in
from auditapp.access.role_words import OWN_ACTIONS, by_area
from auditapp.access.rules import lacking_of
from auditapp.access.sections import sections
from auditapp.access.step_up import is_proved, proof_url
from auditapp.lib.errors import Conflict, Invalid, NotAllowed
from auditapp.record.event_query import visible_events
from auditapp.record.reasons import BadReason
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

HISTORY = 20


@require_safe
@workspace_page("access.read")
def role_list(request: WorkspaceRequest) -> HttpResponse:
    roles = roles_counted(request.workspace.id)
    context = {
        "sections": sections(request, "role_list"),
        "own": [one for one in roles if one.role.is_own],
        "built_in": [one for one in roles if not one.role.is_own],
        "can_manage": request.member_permissions.can(Permission.ACCESS_MANAGE),
    }
    return render_page(request, "access/role_list.html", context)


@require_safe
@workspace_page("access.read")
def role(request: WorkspaceRequest, role_key: str) -> HttpResponse:
    return _role_page(request, role_in(request.workspace.id, role_key))


@workspace_page("access.manage")
def role_create(request: WorkspaceRequest) -> HttpResponse:
    """A new role, empty or as a copy; what it is over is chosen in the address, before anything is typed."""
    workspace_id, access = request.workspace.id, request.member_permissions
    copied = roles_in(workspace_id).filter(key=text_of(request.GET, "copy")).first()
    over = copied.resource_type if copied else request.GET.get("over", "")
    if kind_of(over) is None:
        over = ""
    lacked = lacking_of(access, OWN_ACTIONS)
    initial: dict[str, Any] = {"permissions": [one for one in OWN_ACTIONS if one not in lacked]}
    if copied:
        # What cannot be given is left out, and the page says so.
        lacking = lacking_of(access, copied.permissions)
        initial = {
            "name": f"Copy of {copied.name}",
            "description": copied.description,
            "permissions": [one for one in copied.permissions if one not in lacking],
        }
    form = OwnRoleForm(request.POST or None, access=access, over=over, has=[], initial=initial)
    if request.method == "POST" and is_proved(request) and form.is_valid():
        try:
            made = create_role(over=over, **form.asked())
        except Invalid as error:
            add_refusal(form, error)
        except NotAllowed as error:
            form.add_error("permissions", error.message)
        else:
            messages.success(request, f"Created the role {made.name}. Nobody has it yet.")
            return redirect("access:role", request.workspace.slug, made.key)
    kinds = [("", "The whole workspace"), *((kind.key, kind.plural.capitalize()) for kind in resource_kinds())]
    context = {
        "form": form,
        "copied": copied,
        "over": over,
        "kinds": kinds,
        "reach": over_in_words(Role(resource_type=over, scopes=scopes_over(over))),
        "proof_url": _proof_url(request),
    }
    return render_page(request, "access/role_create.html", context, status=_status(request, form))


@workspace_page("access.manage")
def role_edit(request: WorkspaceRequest, role_key: str) -> HttpResponse:
    found = own_role(request.member_permissions, role_key)
    refuse_held(request.member_permissions, found)
    initial = {name: getattr(found, name) for name in ("name", "description", "permissions")}
    form = OwnRoleForm(
        request.POST or None,
        access=request.member_permissions,
        over=found.resource_type,
        has=found.permissions,
        initial=initial,
    )
    if request.method == "POST" and is_proved(request) and form.is_valid():
        try:
            change_role(role_key=role_key, **form.asked())
        except BadReason:  # asked for on a page of its own
            raise
        except Invalid as error:
            add_refusal(form, error)
        except (NotAllowed, Conflict) as error:
            form.add_error("permissions", error.message)
        else:
            messages.success(request, "Saved. It holds on the next request of who has the role.")
            return redirect("access:role", request.workspace.slug, role_key)
    context = {
        "form": form,
        "role": found,
        "reach": over_in_words(found),
        "holders": _holders(request, found),
        "proof_url": _proof_url(request),
    }
    return render_page(request, "access/role_edit.html", context, status=_status(request, form))


@require_POST
@workspace_page("access.manage")
def role_delete(request: WorkspaceRequest, role_key: str) -> HttpResponse:
    own_role(request.member_permissions, role_key)
    if not is_proved(request):
        return redirect(proof_url(reverse("access:role", args=[request.workspace.slug, role_key])))
    delete_role(role_key=role_key)
    messages.success(request, "The role was deleted. The event in the Audit Trail can undo this.")
    return redirect("access:role_list", request.workspace.slug)


def _role_page(request: WorkspaceRequest, found: Role) -> HttpResponse:
    workspace_id, can_manage = request.workspace.id, request.member_permissions.can(Permission.ACCESS_MANAGE)
    history = visible_events(request.viewer).history_of("role", found.key, size=HISTORY) if found.is_own else None
    context = {
        "role": found,
        "reach": over_in_words(found),
        "areas": by_area(found.permissions, found.resource_type),
        "holders": _holders(request, found),
        "history": history.rows if history else [],
        "has_more": bool(history and history.older),
        "can_manage": can_manage,
        "is_held": has_role(found, workspace_id, request.user.id),
    }
    return render_page(request, "access/role.html", context)


def _holders(request: WorkspaceRequest, found: Role) -> list[Holder]:
    sees_addresses = request.member_permissions.can(Permission.AUDIT_READ_PERSONAL)
    return holders_of(found, request.workspace.id, sees_addresses=sees_addresses)


def _proof_url(request: WorkspaceRequest) -> str:
    """Where to prove who sits there before the form is filled in; "" where they did."""
    return "" if is_proved(request) else proof_url(request.get_full_path())


def _status(request: WorkspaceRequest, form: OwnRoleForm) -> int:
    if request.method != "POST":
        return 200
    return 422 if form.errors else 403
