"""What access does beside every view: denials are recorded, and a member may ask for what was missing; each session knows when it was
used last.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import cast

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from auditapp.access.denials import Tried, record_denial
from auditapp.access.errors import Denied
from auditapp.access.request_views import can_be_asked_for, denied_page
from auditapp.access.requests import WorkspaceRequest, context_of
from auditapp.access.sessions import note_seen
from auditapp.lib.errors import NotAllowed


class ActingMiddleware:
    """Records each denied access, in a transaction of its own: the one of the view has been rolled back by then.

    Stands inside ErrorPageMiddleware, which answers what is only recorded here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        workspace = getattr(request, "workspace", None)
        if isinstance(exception, NotAllowed) and workspace and request.user.is_authenticated:
            actor = getattr(request, "acting_as", None) or request.user.audit_actor
            match = request.resolver_match
            tried = Tried(match.url_name or "", match.kwargs, request.method or "GET") if match else None
            record_denial(exception, workspace, actor, context_of(request), tried)
            if isinstance(exception, Denied) and can_be_asked_for(request, exception):
                return denied_page(cast(WorkspaceRequest, request), exception)
        return None


class SeenMiddleware:
    """Stands inside AccountMiddleware, through which allauth knows the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:  # without one, nothing is to be looked up
            # A database that is away is told of by the view, whose errors become pages.
            with suppress(OperationalError, InterfaceError):
                note_seen(request)
        return self.get_response(request)
