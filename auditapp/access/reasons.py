"""How a reason comes in with a request, and how a person is asked for the one that is missing.

Which events need one is decided in record/reasons.py; whether the workspace asks is a setting of it.
"""

from contextlib import suppress
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.redaction import redact
from auditapp.record.reasons import MAX_REASON, BadReason, one_line
from auditapp.record.workspace_scope import in_workspace
from auditapp.web.pages import in_its_zone, render_page

FIELD: Final = "reason"
HEADER: Final = "Audit-Reason"
# As OpenAPI describes the header.
PARAMETER: Final = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "schema": {"type": "string", "maxLength": MAX_REASON},
    "description": "Why this is done, in a line; kept with its events. Needed for what is risky where the workspace requires reasons.",
}
NOT_TYPED: Final = frozenset({FIELD, "csrfmiddlewaretoken"})


def reason_in_field(request: HttpRequest) -> str:
    """What a form says in the field Reason."""
    return one_line(request.POST.get(FIELD, "")) if request.method == "POST" else ""


def reason_in_header(request: HttpRequest) -> str:
    """What a caller of the API says in the header Audit-Reason, as UTF-8 or Latin-1."""
    if request.method in {"GET", "HEAD"}:
        return ""
    text = request.headers.get(HEADER, "")
    # WSGI gives bytes as Latin-1, which most clients do not mean.
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode()
    return one_line(text)


def asked_again(request: WorkspaceRequest, refusal: BadReason) -> HttpResponse:
    """The page that asks for the reason alone: what was typed before is sent with it, to where it was sent before.

    Raises:  the refusal, where a page cannot send it again: of a fragment, of files; nor should it hold a password
    """
    typed = [(name, text) for name, texts in request.POST.lists() if name not in NOT_TYPED for text in texts]
    has_secret = any(redact({name: text})[1] for name, text in typed)
    if request.method != "POST" or request.FILES or has_secret or getattr(request, "htmx", False):
        raise refusal
    home = reverse("access:home", args=[request.workspace.slug])
    came_from = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    context = {
        "action": request.get_full_path(),
        "typed": typed,
        "reason": request.POST.get(FIELD, "")[: 2 * MAX_REASON],
        "problem": refusal.message,
        "back": came_from if is_ours else home,
    }
    # The view's transaction was rolled back; the page asks a few things of the workspace again.
    with in_workspace(request.workspace.id), in_its_zone(request):
        return render_page(request, "access/reason.html", context, status=422)
