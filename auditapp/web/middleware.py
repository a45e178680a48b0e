"""Middleware that knows nothing of workspaces: request ids, the content security policy, and errors as pages."""

import logging
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, resolve

from auditapp.lib.errors import AppError, NotAllowed, NotFound
from auditapp.web.errors import DatabaseAway, error_answer, error_page, is_api
from auditapp.web.request_id import HEADER, carrying, put_on_log_records, request_id_from

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RequestIdMiddleware:
    """Gives each request an id: on the request, on log records and on the answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        put_on_log_records()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request_id = request_id_from(request.headers.get(HEADER))
        request.request_id = request_id  # type: ignore[attr-defined]
        with carrying(request_id):
            response = self.get_response(request)
        response.headers[HEADER] = request_id
        return response


class ContentSecurityPolicyMiddleware:
    """Sends settings.SECURE_CSP as one constant header, and keeps pages out of every cache."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = "; ".join(f"{name} {' '.join(values)}" for name, values in settings.SECURE_CSP.items())

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers["Content-Security-Policy"] = self.policy
        # Static files come with their own.
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _opens_a_page(request: HttpRequest) -> bool:
    """Whether a browser asks for a page, as Enter in the address bar does where a refused form was shown."""
    is_asked = request.method == "GET" and not is_api(request) and not getattr(request, "htmx", False)
    return is_asked and "text/html" in request.headers.get("Accept", "")


def _page_above(request: HttpRequest) -> str:
    """The nearest address above this one that leads somewhere. Where it takes forms alone too, it leads up once more."""
    path = request.path_info
    while path := path.rstrip("/").rpartition("/")[0] + "/":
        with suppress(Resolver404):
            resolve(path)
            break
    return request.path.removesuffix(request.path_info) + path


class ErrorPageMiddleware:
    """Answers errors with the page, fragment or JSON that the caller can use; a traceback reaches the log alone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\x00" in request.path:
            return error_answer(request, NotFound())  # no id has it, and the database cannot be asked for one
        response = self.get_response(request)
        # What Django answered itself: no such URL, a method that is not allowed, an unforeseen error.
        if response.status_code >= HTTPStatus.BAD_REQUEST and not response.streaming:
            return self._in_callers_form(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, (OperationalError, InterfaceError)):
            logger.error("The database does not answer: %s", exception)
            return error_answer(request, DatabaseAway())
        if isinstance(exception, Http404):
            return error_answer(request, NotFound())
        if isinstance(exception, PermissionDenied):
            return error_answer(request, NotAllowed())
        if isinstance(exception, AppError):
            return error_answer(request, exception)
        return None

    def _in_callers_form(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        status = HTTPStatus(response.status_code)
        if status == HTTPStatus.METHOD_NOT_ALLOWED and _opens_a_page(request):
            return redirect(_page_above(request))
        if is_api(request) and not response.headers.get("Content-Type", "").startswith("application/"):
            return JsonResponse({"errors": [{"type": status.phrase.lower().replace(" ", "-")}]}, status=status)
        is_fragment = bool(getattr(request, "htmx", False)) and "HX-Retarget" not in response.headers
        if is_fragment and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return error_page(request, status, AppError().message)
        return response
