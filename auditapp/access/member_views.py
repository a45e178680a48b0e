"""Access Management: who is in the workspace, and the roles of one member."""

from collections.abc import Sequence
from contextlib import suppress

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.above import is_above, is_owner, refused_above
from auditapp.access.asked import waiting_requests
from auditapp.access.asked_moment import asked_moment
from auditapp.access.decorators import workspace_page
from auditapp.access.effective import effective_access
from auditapp.access.errors import MoreThanYouHave
from auditapp.access.forms import InviteForm, RoleForm
from auditapp.access.inviting import invite_again, invite_members
from auditapp.access.left_behind import left_behind
from auditapp.access.lists import InvitationLine, group_choices, invitation_page
from auditapp.access.member_list import MemberQuery, member_page
from auditapp.access.members import INVITATION_DAYS, remove_member, revoke_invitation
from auditapp.access.paged import PAGE, Looked
from auditapp.access.permissions import Permission
from auditapp.access.power import gives_power, invitation_gives_power
from auditapp.access.queries import member_shown
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.role_queries import roles_in
from auditapp.access.roles import grant_role, revoke_role, what_was_given
from auditapp.access.roster import export_members
from auditapp.access.sections import sections
from auditapp.access.step_up import is_proved, proof_url
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

# Of the invitations so many stand above the members; the others have a page.
INVITATIONS_BESIDE = 5


@require_safe
@workspace_page("access.read")
def overview(request: WorkspaceRequest) -> HttpResponse:
    return overview_page(request)


def overview_page(request: WorkspaceRequest, *, proof_for: str = "", choice: str = "") -> HttpResponse:
    """Access Management, also where the request `proof_for` waits until it is proved who answers it."""
    workspace_id, may = request.workspace.id, request.member_permissions.can
    invitations = invitation_page(workspace_id, Looked(), size=INVITATIONS_BESIDE)
    context = {
        "sections": sections(request, "overview"),
        "waiting": waiting_requests(request.member_permissions) if may(Permission.ACCESS_MANAGE) else [],
        "members": member_page(
            workspace_id,
            MemberQuery.read(request.GET),
            sees_addresses=may(Permission.AUDIT_READ_PERSONAL),
            sees_factors=may(Permission.ACCESS_MANAGE),
        ),
        "query": MemberQuery.read(request.GET),
        "invitations": invitations,
        "groups": group_choices(workspace_id),
        "roles": roles_in(workspace_id),
        "beyond": _beyond(request, invitations.rows),
        "can_manage": may(Permission.ACCESS_MANAGE),
        "can_export": not request.support,
        "reads_trail": may(Permission.AUDIT_READ),
        "sees_addresses": may(Permission.AUDIT_READ_PERSONAL),
        "proof_for": proof_for,
        "choice": choice,
        "proof_url": proof_url(reverse("access:overview", args=[request.workspace.slug])),
    }
    return render_page(request, "access/overview.html", context, status=403 if proof_for else 200)


@require_safe
@workspace_page("access.read")
def invitation_list(request: WorkspaceRequest) -> HttpResponse:
    return _invitations_page(request)


@workspace_page("access.manage")
def invite(request: WorkspaceRequest) -> HttpResponse:
    form, refused = InviteForm(request.POST or None, access=request.member_permissions), []
    is_sent = request.method == "POST" and form.is_valid()
    needs_proof = is_sent and gives_power(form.cleaned_data["role"]) and not is_proved(request)
    if is_sent and not needs_proof:
        try:
            asked = invite_members(emails=form.cleaned_data["emails"], **form.asked())
        except Invalid as error:
            add_refusal(form, error)
        except MoreThanYouHave as error:
            form.add_error("role", error.message)
        else:
            sent, refused = [one for one in asked if one.invitation], [one for one in asked if one.refusal]
            if sent:
                whom = sent[0].email if len(sent) == 1 else f"{len(sent)} addresses"
                messages.success(request, f"An invitation is on its way to {whom}.")
            if not refused:
                return redirect("access:overview", request.workspace.slug)
            for one in refused:
                form.add_error("emails", f"{one.email}: {one.refusal}" if len(asked) > 1 else one.refusal)
            # What is sent is not sent again with what is mended.
            form.data = request.POST.copy()
            form.data["emails"] = "\n".join(one.email for one in refused)
    context = {"form": form, "days": INVITATION_DAYS, "proof_url": proof_url(request.path) if needs_proof else ""}
    status = 403 if needs_proof else 422 if form.errors else 200
    return render_page(request, "access/invite.html", context, status=status)


@require_POST
@workspace_page("access.manage")
def invitation_resend(request: WorkspaceRequest, invitation_id: str) -> HttpResponse:
    if invitation_gives_power(request.workspace.id, invitation_id) and not is_proved(request):
        return _invitations_page(request, proof_for=invitation_id)
    sent = invite_again(invitation_id=invitation_id)
    messages.success(request, f"A new invitation is on its way to {sent.email}. Its older link stopped working.")
    return redirect("access:overview", request.workspace.slug)


@require_POST
@workspace_page("access.manage")
def invitation_revoke(request: WorkspaceRequest, invitation_id: str) -> HttpResponse:
    revoke_invitation(invitation_id=invitation_id)
    messages.success(request, "The invitation was taken back.")
    return redirect("access:overview", request.workspace.slug)


@require_safe
@workspace_page("access.read")
def member(request: WorkspaceRequest, user_id: str) -> HttpResponse:
    return _member_page(request, user_id, RoleForm(access=request.member_permissions))


@require_POST
@workspace_page("access.manage")
def member_role_grant(request: WorkspaceRequest, user_id: str) -> HttpResponse:
    form = RoleForm(request.POST, access=request.member_permissions)
    if form.is_valid():
        if gives_power(form.cleaned_data["role"]) and not is_proved(request):
            return _member_page(request, user_id, form, needs_proof=True)
        try:
            grant = grant_role(user_id=user_id, **form.asked())
        except Invalid as error:
            add_refusal(form, error)
        except (Conflict, MoreThanYouHave) as error:
            form.add_error("role", error.message)
        else:
            messages.success(request, f"Gave the role {grant.role.name}.")
            return redirect("access:member", request.workspace.slug, user_id)
    return _member_page(request, user_id, form)


@require_POST
@workspace_page("access.manage")
def member_remove(request: WorkspaceRequest, user_id: str) -> HttpResponse:
    remove_member(user_id=user_id)
    messages.success(request, "The member was removed.")
    if user_id == request.user.id:
        return redirect("start")
    return redirect("access:overview", request.workspace.slug)


@require_POST
@workspace_page("access.manage")
def grant_revoke(request: WorkspaceRequest, grant_id: str) -> HttpResponse:
    grant = revoke_role(grant_id=grant_id)
    reach = what_was_given(grant).get("scope")
    taken = f"{grant.role.name} on {reach}" if reach else grant.role.name
    messages.success(request, f"Took back the role {taken}. To undo this, choose it under Give another role.")
    page = "access:member" if grant.subject_kind == "member" else "access:group"
    return redirect(page, request.workspace.slug, grant.subject_id)


@require_safe
@workspace_page("access.read")
def members_export(request: WorkspaceRequest) -> HttpResponse:
    response = HttpResponse(export_members(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="members-{request.workspace.slug}.csv"'
    return response


def _invitations_page(request: WorkspaceRequest, *, proof_for: str = "") -> HttpResponse:
    """Every invitation, or the one which waits until it is proved who sends it again."""
    found = invitation_page(request.workspace.id, Looked.read(request.GET), size=PAGE, only=proof_for)
    back = reverse("access:invitation_list", args=[request.workspace.slug])
    context = {
        "sections": sections(request, "overview"),
        "invitations": found,
        "beyond": _beyond(request, found.rows),
        "can_manage": request.member_permissions.can(Permission.ACCESS_MANAGE),
        "proof_for": proof_for,
        "proof_url": proof_url(back),
    }
    return render_page(request, "access/invitation_list.html", context, status=403 if proof_for else 200)


def _beyond(request: WorkspaceRequest, lines: Sequence[InvitationLine]) -> set[str]:
    """The ids of those invitations that bring more than whoever looks has, who then neither sends them nor takes them back."""
    access = request.member_permissions
    if not access.can(Permission.ACCESS_MANAGE):
        return set()
    return {line.invitation.id for line in lines if is_above(access, [line.invitation])}


def _member_page(request: WorkspaceRequest, user_id: str, form: RoleForm, *, needs_proof: bool = False) -> HttpResponse:
    on_text, refusal = request.GET.get("on", ""), ""
    try:
        on = asked_moment(on_text)
        effective = effective_access(request.viewer, user_id, on=on)
    except Invalid as error:
        on, refusal = None, error.message
        effective = effective_access(request.viewer, user_id)
    shown = None
    with suppress(NotFound):  # who left is shown as they were
        shown = member_shown(request.workspace.id, user_id)
    back, access = reverse("access:member", args=[request.workspace.slug, user_id]), request.member_permissions
    context = {
        "proof_url": proof_url(back) if needs_proof else "",
        "member": shown,
        "effective": effective,
        "on_text": on_text if refusal or on else "",
        "refusal": refusal,
        "can_open": request.viewer.sees_all,
        "form": form,
        "can_manage": access.can(Permission.ACCESS_MANAGE),
        "is_self": user_id == request.user.id,
        "is_owner": is_owner(access),
        "why_not": refused_above(access, user_id) if shown and access.can(Permission.ACCESS_MANAGE) else "",
        "left": left_behind(request.workspace.id, user_id) if shown else [],
    }
    status = 403 if needs_proof else 422 if form.errors or refusal else 200
    return render_page(request, "access/member.html", context, status=status)
