"""Turns the errors that packages raise into answers: a page, a fragment for htmx, or JSON in the shape of Segment's Public API."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers

from auditapp.lib.errors import AppError, Busy, Conflict, Invalid, NotAllowed, NotFound, Outside
from auditapp.web.pages import in_its_zone

RETRY_AFTER_S = 10
API_PATHS = ("/api/", "/v1/")
NOTICES = "notices"  # the place for messages in base.html

_STATUS: dict[type[AppError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    NotAllowed: HTTPStatus.FORBIDDEN,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Conflict: HTTPStatus.CONFLICT,
    Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    Outside: HTTPStatus.BAD_GATEWAY,
    AppError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_TITLES = {
    HTTPStatus.BAD_REQUEST: "This request cannot be read",
    HTTPStatus.FORBIDDEN: "Your role does not reach this",
    HTTPStatus.NOT_FOUND: "There is nothing here",
    HTTPStatus.CONFLICT: "This cannot be done now",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "This is too large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "This cannot be accepted",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on our side",
    HTTPStatus.BAD_GATEWAY: "Another system did not answer",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not available for a moment",
}
# Segment answers 401 where others say 403: whether a thing exists is not told to who may not have it.
_API_STATUS = {HTTPStatus.FORBIDDEN: HTTPStatus.UNAUTHORIZED}
_API_TYPES = {
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-large",
    HTTPStatus.UNPROCESSABLE_ENTITY: "input-validation",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}


class DatabaseAway(Busy):
    """The database does not answer. Nothing was changed. Try again in a moment."""


def status_of(error: AppError) -> HTTPStatus:
    """The status of a page that this error ends."""
    if isinstance(error, Invalid) and error.code == "too_large":
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def api_error(error: AppError) -> tuple[int, dict[str, Any]]:
    """Status and body of an endpoint that this error ends, shaped as Segment's Public API: {"errors": [...]}."""
    status = _API_STATUS.get(status_of(error), status_of(error))
    kind = _API_TYPES.get(status, "internal")
    if not isinstance(error, Invalid):
        return status, {"errors": [{"type": kind, "message": error.message}]}
    errors: list[dict[str, Any]] = []
    for problem in error.problems:
        one: dict[str, Any] = {"type": kind, "message": problem.message}
        if field := error.field or problem.pointer.strip("/").replace("/", "."):
            one["field"] = field
        one["data"] = {"code": error.code, "pointer": problem.pointer}
        errors.append(one)
    return status, {"errors": errors}


def is_api(request: HttpRequest) -> bool:
    """Whether this request's answers are JSON."""
    return request.path.startswith(API_PATHS)


def error_answer(request: HttpRequest, error: AppError) -> HttpResponse:
    """The whole answer for this error: JSON for the API, a fragment for htmx, else a page."""
    if is_api(request):
        status, body = api_error(error)
        response: HttpResponse = JsonResponse(body, status=status)
    else:
        response = error_page(request, status_of(error), error.message)
    if isinstance(error, Busy):
        response["Retry-After"] = str(RETRY_AFTER_S)
    return response


def error_page(
    request: HttpRequest,
    status: HTTPStatus,
    message: str,
    *,
    page: str = "errors/page.html",
    banner: str = "errors/_banner.html",
    **more: Any,
) -> HttpResponse:
    """A page, or for htmx a banner in the page's place for notices, so that what was there stays readable.

    Takes:   page and banner, templates in place of the plain ones, with what `more` they show
    """
    context = {
        "status": int(status),
        "title": _TITLES.get(status, status.phrase),
        "message": message,
        "request_id": getattr(request, "request_id", ""),
        "theme": theme_of(request),
        # Who acts in another's name is told so on every page.
        **({"support": support, "csrf_token": get_token(request)} if (support := _support(request)) else {}),
        **more,
    }
    is_fragment = bool(getattr(request, "htmx", False))
    # Without the request: no context processor runs, so that no query can fail while an error is told.
    with in_its_zone(request):
        html = render_to_string(banner if is_fragment else page, context)
    response = HttpResponse(html, status=status)
    if is_fragment:
        response["HX-Retarget"] = f"#{NOTICES}"
        response["HX-Reswap"] = "innerHTML"
    patch_vary_headers(response, ["HX-Request"])
    return response


def _support(request: HttpRequest) -> Any:
    return getattr(request, "support", None)


def theme_of(request: HttpRequest) -> str:
    """The theme that the reader chose, "" for that of the system. The cookie is written by app.js."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in {"light", "dark"} else ""
