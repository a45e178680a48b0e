"""Records each denied access, in a transaction of its own: the one of the view has been rolled back by then."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from auditapp.access.denials import record_denial
from auditapp.access.requests import context_of
from auditapp.lib.errors import NotAllowed


class ActingMiddleware:
    """Stands inside ErrorPageMiddleware, which answers what is only recorded here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        workspace = getattr(request, "workspace", None)
        if isinstance(exception, NotAllowed) and workspace and request.user.is_authenticated:
            record_denial(exception, workspace, request.user.audit_actor, context_of(request))
