"""Access tokens in Access Management."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from auditapp.access.decorators import workspace_page
from auditapp.access.first_event import first_event_line
from auditapp.access.forms import TokenForm
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.tokens import create_token, revoke_token
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import new_id
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page


@workspace_page("token.manage")
def token_create(request: WorkspaceRequest) -> HttpResponse:
    # A link may name the token and tick its scopes; the form shows both before anything is made.
    asked = {"name": request.GET.get("name", ""), "scopes": request.GET.getlist("scopes")}
    form = TokenForm(request.POST or None, initial={"token_id": new_id("tok"), **asked})
    if request.method == "POST" and form.is_valid():
        try:
            token, secret = create_token(**form.asked())
        except Invalid as error:
            add_refusal(form, error)
        else:
            # Shown in this very answer: a redirect would have to keep the secret somewhere in between. A reload sends the
            # form again, and meets the token that has its id.
            line = first_event_line(secret) if "audit:write" in token.scopes else ""
            context = {"token": token, "secret": secret, "first_event_line": line}
            return render_page(request, "access/token_created.html", context)
    return render_page(request, "access/token_create.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@workspace_page("token.manage")
def token_revoke(request: WorkspaceRequest, token_id: str) -> HttpResponse:
    revoke_token(token_id=token_id)
    messages.success(request, "The token was revoked. It stopped working at once.")
    return redirect("access:overview", request.workspace.slug)
