"""Groups in Access Management."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.above import members_above, refused_above_group
from auditapp.access.decorators import workspace_page
from auditapp.access.errors import MoreThanYouHave
from auditapp.access.forms import GroupForm, RoleForm
from auditapp.access.groups import add_group_member, create_group, delete_group, remove_group_member, rename_group
from auditapp.access.lists import group_page, group_shown, people_outside
from auditapp.access.paged import Looked, text_of
from auditapp.access.permissions import Permission
from auditapp.access.power import gives_power, group_gives_power
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.roles import grant_role
from auditapp.access.sections import sections
from auditapp.access.step_up import is_proved, proof_url
from auditapp.lib.errors import Conflict, Invalid
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


@require_safe
@workspace_page("access.read")
def group_list(request: WorkspaceRequest) -> HttpResponse:
    context = {
        "sections": sections(request, "group_list"),
        "groups": group_page(request.workspace.id, Looked.read(request.GET)),
        "can_manage": request.member_permissions.can(Permission.ACCESS_MANAGE),
    }
    return render_page(request, "access/group_list.html", context)


@workspace_page("access.manage")
def group_create(request: WorkspaceRequest) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            group = create_group(name=form.cleaned_data["name"])
        except Invalid as error:
            add_refusal(form, error)
        else:
            return redirect("access:group", request.workspace.slug, group.id)
    return render_page(request, "access/group_create.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@workspace_page("access.read")
def group(request: WorkspaceRequest, group_id: str) -> HttpResponse:
    return _group_page(request, group_id)


@require_POST
@workspace_page("access.manage")
def group_rename(request: WorkspaceRequest, group_id: str) -> HttpResponse:
    form = GroupForm(request.POST)
    if form.is_valid():
        try:
            rename_group(group_id=group_id, name=form.cleaned_data["name"])
        except Invalid as error:
            add_refusal(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("access:group", request.workspace.slug, group_id)
    return _group_page(request, group_id, name_form=form)


@require_POST
@workspace_page("access.manage")
def group_delete(request: WorkspaceRequest, group_id: str) -> HttpResponse:
    delete_group(group_id=group_id)
    messages.success(request, "The group was deleted. The event in the Audit Trail can undo this.")
    return redirect("access:group_list", request.workspace.slug)


@require_POST
@workspace_page("access.manage")
def group_role_grant(request: WorkspaceRequest, group_id: str) -> HttpResponse:
    form = RoleForm(request.POST, access=request.member_permissions)
    if form.is_valid():
        if gives_power(form.cleaned_data["role"]) and not is_proved(request):
            return _group_page(request, group_id, role_form=form, needs_proof="role")
        try:
            grant = grant_role(group_id=group_id, **form.asked())
        except Invalid as error:
            add_refusal(form, error)
        except (Conflict, MoreThanYouHave) as error:
            form.add_error("role", error.message)
        else:
            messages.success(request, f"Gave the role {grant.role.name}.")
            return redirect("access:group", request.workspace.slug, group_id)
    return _group_page(request, group_id, role_form=form)


@require_POST
@workspace_page("access.manage")
def group_member_add(request: WorkspaceRequest, group_id: str) -> HttpResponse:
    user_id = request.POST.get("user_id", "")
    if not user_id:
        return _group_page(request, group_id, nobody_chosen=True)
    if group_gives_power(request.workspace.id, group_id) and not is_proved(request):
        return _group_page(request, group_id, needs_proof="member")
    found, member = add_group_member(group_id=group_id, user_id=user_id)
    messages.success(request, f"{member.user} is in {found.name} now.")
    return redirect("access:group", request.workspace.slug, group_id)


@require_POST
@workspace_page("access.manage")
def group_member_remove(request: WorkspaceRequest, group_id: str, user_id: str) -> HttpResponse:
    found, member = remove_group_member(group_id=group_id, user_id=user_id)
    messages.success(request, f"{member.user} is in {found.name} no more.")
    return redirect("access:group", request.workspace.slug, group_id)


def _group_page(
    request: WorkspaceRequest,
    group_id: str,
    *,
    name_form: GroupForm | None = None,
    role_form: RoleForm | None = None,
    needs_proof: str = "",
    nobody_chosen: bool = False,
) -> HttpResponse:
    """The page of a group.

    Takes:   needs_proof, of which of its forms it is to be proved first who sent it; nobody_chosen, where a member was to be put in
    """
    access, workspace_id = request.member_permissions, request.workspace.id
    may = access.can
    looked, chosen = Looked.read(request.GET), request.POST.get("user_id", "").replace("\x00", "")
    shown = group_shown(workspace_id, group_id, looked, sees_addresses=may(Permission.AUDIT_READ_PERSONAL))
    can_manage = may(Permission.ACCESS_MANAGE)
    back = proof_url(reverse("access:group", args=[request.workspace.slug, group_id]))
    context = {
        "proof_url": back if needs_proof == "role" else "",
        "member_proof_url": back if needs_proof == "member" else "",
        "member_to_add": chosen,
        "nobody_chosen": nobody_chosen,
        "group": shown,
        "name_form": name_form or GroupForm(initial={"name": shown.name}),
        "form": role_form or RoleForm(access=access),
        "outside": people_outside(workspace_id, group_id, text_of(request.GET, "add"), chosen=chosen)
        if can_manage
        else None,
        "can_manage": can_manage,
        "why_not": refused_above_group(access, group_id) if can_manage else "",
        "above": members_above(access, [one.id for one in shown.members.rows]) if can_manage else set(),
    }
    status = 403 if needs_proof else 422 if name_form or role_form or nobody_chosen else 200
    return render_page(request, "access/group.html", context, status=status)
