"""What all endpoints below /api/ share: the envelope and media types of Segment's Public API, errors, and the OpenAPI document.

Endpoints themselves are in the packages' api.py; how an error becomes a status is decided in errors.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from auditapp.lib.errors import AppError, Invalid, Problem
from auditapp.web.errors import error_answer

JSON: Final = "application/json"
SEGMENT_JSON: Final = "application/vnd.segment.v1+json"
BODY_TYPES: Final = (JSON, SEGMENT_JSON)


class WrongMediaType(Invalid):
    """Send JSON, with the header Content-Type: application/json."""


def json_answer(request: HttpRequest, data: Any, *, status: int = 200) -> HttpResponse:
    """{"data": ...} in the media type that was asked for."""
    return _in_wanted_type(request, HttpResponse(orjson.dumps({"data": data}), status=status))


def has_json_body(request: HttpRequest) -> bool:
    """Whether the request says that its body is JSON."""
    return (request.content_type or "").lower() in BODY_TYPES


def _in_wanted_type(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Segment's own type where it is asked for, else plain JSON, which every client reads."""
    accepted = request.headers.get("Accept", "")
    response.headers["Content-Type"] = SEGMENT_JSON if SEGMENT_JSON in accepted and JSON not in accepted else JSON
    return response


class Api(NinjaAPI):
    """django-ninja with our errors, and views marked with the token scopes of their operations."""

    def __init__(
        self, *, schemas: Mapping[str, Any], writing_headers: Sequence[Mapping[str, Any]] = (), **options: Any
    ) -> None:
        """Takes: writing_headers, what every request that changes something may carry, as OpenAPI says it"""
        super().__init__(**options)
        self.schemas = schemas
        self.writing_headers = writing_headers

    def set_default_exception_handlers(self) -> None:
        """Only what is foreseen: all else goes up to ErrorPageMiddleware, whose answers tell nobody a traceback."""
        self.exception_handler(ValidationError)(_bad_parameters)
        self.exception_handler(AppError)(_refused)

    @property
    def urls(self) -> tuple[list[URLPattern | URLResolver], str, str]:
        patterns, app_name, namespace = super().urls
        scopes = {operation.view_func.__name__: scope for operation, scope in self._operations()}
        for pattern in patterns:
            if not isinstance(pattern, URLPattern):
                continue
            if pattern.name in scopes:
                vars(pattern.callback)["permission"] = scopes[pattern.name]
            elif pattern.name == "api-root":
                vars(pattern.callback)["public_reason"] = "It names the root for reverse() and answers 404."
        return patterns, app_name, namespace

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"] |= self.schemas
        schema["components"]["securitySchemes"] = {"accessToken": {"type": "http", "scheme": "bearer"}}
        scopes = {operation.operation_id: scope for operation, scope in self._operations()}
        for methods in schema["paths"].values():
            for method, details in methods.items():
                if method != "get":
                    details["parameters"] = [*details.get("parameters", ()), *self.writing_headers]
                details["security"] = [{"accessToken": [scopes[details["operationId"]]]}]
        return schema

    def _operations(self) -> Iterator[tuple[Operation, str]]:
        """Each operation with the token scope that it is marked with."""
        for router in self._get_bound_routers():
            for path_view in router.path_operations.values():
                for operation in path_view.operations:
                    yield operation, vars(operation.view_func)["permission"]


def _refused(request: HttpRequest, error: AppError) -> HttpResponse:
    response = error_answer(request, error)
    if isinstance(error, WrongMediaType):
        response.status_code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    return _in_wanted_type(request, response)


def _bad_parameters(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Pydantic's findings about the query as problems; a name such as pagination[count] is told as Segment does, dotted."""
    problems = [Problem(_pointer(found["loc"]), f"{found['msg']}.") for found in error.errors]
    return _refused(request, Invalid(problems=problems, code="bad_parameter"))


def _pointer(place: Sequence[str | int]) -> str:
    # query, then for items of a list the name of the view's argument, then the parameter.
    parts = place[1:] if len(place) < 3 else place[2:]
    return "".join("/" + str(part).replace("[", "/").replace("]", "") for part in parts)
