"""Access tokens in Access Management: made, looked at, found again by what leaked, bound to networks, and revoked."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.first_event import first_event_line
from auditapp.access.forms import NetworksForm, TokenForm
from auditapp.access.lists import token_page
from auditapp.access.paged import Looked
from auditapp.access.permissions import TOKEN_SCOPES, Permission
from auditapp.access.power import token_gives_power
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.sections import sections
from auditapp.access.step_up import is_proved, proof_url
from auditapp.access.token_queries import UNFIT, found_in_text, token_shown
from auditapp.access.tokens import TokenMade, change_token_networks, create_token, revoke_token
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import new_id
from auditapp.lib.tokens import token_digest, tokens_in
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

# Of one text; their digests are an address together, which servers take up to 4,094 bytes of.
MOST_LOOKED_UP = 50
NOTHING_LIKE_IT = "There is no access token in this text: one is aud_pat_ and 36 letters and digits, the last six of which check the others."


@require_safe
@workspace_page("access.read")
def token_list(request: WorkspaceRequest) -> HttpResponse:
    may = request.member_permissions.can
    context = {
        "sections": sections(request, "token_list"),
        "tokens": token_page(request.workspace.id, Looked.read(request.GET)),
        "can_manage_tokens": may(Permission.TOKEN_MANAGE),
        "sees_addresses": may(Permission.AUDIT_READ_PERSONAL),
    }
    return render_page(request, "access/token_list.html", context)


@workspace_page("token.manage")
def token_create(request: WorkspaceRequest) -> HttpResponse:
    # A link may name the token and tick its scopes; the form shows both before anything is made.
    asked = {"name": request.GET.get("name", ""), "scopes": request.GET.getlist("scopes")}
    form = TokenForm(request.POST or None, initial={"token_id": new_id("tok"), **asked})
    is_sent = request.method == "POST" and form.is_valid()
    asked_for = form.asked() if is_sent else {}
    needs_proof = is_sent and token_gives_power(asked_for["scopes"], asked_for["expires_at"]) and not is_proved(request)
    if is_sent and not needs_proof:
        try:
            token, secret = create_token(**asked_for)
        except Invalid as error:
            add_refusal(form, error)
        except TokenMade as made:
            messages.warning(request, made.message)
            return redirect("access:token", request.workspace.slug, form.cleaned_data["token_id"])
        else:
            # Shown in this very answer: a redirect would have to keep the secret somewhere in between. A reload sends the
            # form again, and meets the token that has its id.
            line = first_event_line(secret) if "audit:write" in token.scopes else ""
            context = {
                "token": token,
                "secret": secret,
                "first_event_line": line,
                "scopes": [(scope, TOKEN_SCOPES[scope].meaning) for scope in token.scopes],
            }
            return render_page(request, "access/token_created.html", context)
    status = 403 if needs_proof else 422 if form.errors else 200
    context = {"form": form, "proof_url": proof_url(request.path) if needs_proof else ""}
    return render_page(request, "access/token_create.html", context, status=status)


@sensitive_post_parameters("text")
@workspace_page("access.read")
def token_find(request: WorkspaceRequest) -> HttpResponse:
    """Leads from what leaked to its token, or says of each token of a text what it is. A browser with scripts asks by the digests,
    which open nothing; the text itself is sent without scripts alone, and goes no further than they do.
    """
    place = reverse("access:token_find", args=[request.workspace.slug])
    if request.method == "POST":
        tokens = tokens_in(request.POST.get("text", ""))
        if tokens:
            digests = [token_digest(one).hex() if one else UNFIT for one in tokens[:MOST_LOOKED_UP]]
            more = "&more" if len(tokens) > MOST_LOOKED_UP else ""
            return redirect(f"{place}?sha256={','.join(digests)}{more}")
        return render_page(request, "access/token_find.html", {"problem": NOTHING_LIKE_IT}, status=422)
    asked = request.GET.get("sha256", "")
    found = found_in_text(request.workspace.id, asked.split(",")[:MOST_LOOKED_UP]) if asked else []
    if len(found) == 1 and found[0].shown:
        return redirect(f"{reverse('access:token', args=[request.workspace.slug, found[0].shown.token.id])}?found")
    context = {
        "found": found,
        "here": sum(1 for one in found if one.shown),
        "working": sum(1 for one in found if one.shown and one.shown.state.works),
        "has_more": "more" in request.GET,
        "most": MOST_LOOKED_UP,
        "can_manage_tokens": request.member_permissions.can(Permission.TOKEN_MANAGE),
    }
    is_nothing = bool(found) and not context["here"]
    return render_page(request, "access/token_find.html", context, status=422 if is_nothing else 200)


@require_safe
@workspace_page("access.read")
def token(request: WorkspaceRequest, token_id: str) -> HttpResponse:
    return _token_page(request, token_id)


@require_POST
@workspace_page("token.manage")
def token_networks(request: WorkspaceRequest, token_id: str) -> HttpResponse:
    form = NetworksForm(request.POST)
    if form.is_valid():
        try:
            changed = change_token_networks(token_id=token_id, networks=form.cleaned_data["networks"])
        except Invalid as error:
            add_refusal(form, error)
        else:
            there = "those networks alone" if changed.networks else "everywhere"
            messages.success(request, f"Saved. The token works from {there}.")
            return redirect("access:token", request.workspace.slug, token_id)
    return _token_page(request, token_id, form)


@require_POST
@workspace_page("token.manage")
def token_revoke(request: WorkspaceRequest, token_id: str) -> HttpResponse:
    revoke_token(token_id=token_id)
    messages.success(request, "The token was revoked. It stopped working at once.")
    return redirect("access:token_list", request.workspace.slug)


def _token_page(request: WorkspaceRequest, token_id: str, form: NetworksForm | None = None) -> HttpResponse:
    shown = token_shown(request.workspace.id, token_id)
    may = request.member_permissions.can
    context = {
        "shown": shown,
        "scopes": [(scope, TOKEN_SCOPES[scope].meaning) for scope in shown.token.scopes if scope in TOKEN_SCOPES],
        "form": form or NetworksForm(initial={"networks": ", ".join(shown.token.networks)}),
        "can_manage_tokens": may(Permission.TOKEN_MANAGE),
        "sees_addresses": may(Permission.AUDIT_READ_PERSONAL),
        "was_found": "found" in request.GET,
    }
    return render_page(request, "access/token.html", context, status=422 if form and form.errors else 200)
