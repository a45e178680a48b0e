"""What endpoints of resources share: pages of a list, the object of a request with its known fields, and their shapes.

Source:  facts on Segment's Public API: pagination by `count` and an opaque cursor, which is the base64 of an offset
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Field, Schema

from auditapp.lib.errors import Invalid
from auditapp.lib.strict_json import EVENT_MAX_BYTES, parse
from auditapp.web.api import WrongMediaType, has_json_body
from auditapp.web.bodies import read_body

MOST_ROWS: Final = 10_000_000
# The database's text cannot hold NUL.
Text = Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")]


class ListQuery(Schema):
    """Segment's two parameters of a list; its SDKs write brackets, its reference a dot."""

    count: int = Field(200, alias="pagination[count]", ge=1, le=1000)
    cursor: Text | None = Field(None, alias="pagination[cursor]", description="`next` or `previous` of another page.")
    dotted_count: int | None = Field(None, alias="pagination.count", ge=1, le=1000)
    dotted_cursor: Text | None = Field(None, alias="pagination.cursor")


class PaginationShape(Schema):
    current: str
    next: str | None
    previous: str | None
    totalEntries: int | None = None


class LabelShape(Schema):
    key: str
    value: str


class ErrorShape(Schema):
    type: str
    message: str
    field: str | None = None
    data: Any = None


class ErrorsAnswer(Schema):
    errors: list[ErrorShape]


class DoneData(Schema):
    status: Literal["SUCCESS"]


class DoneAnswer(Schema):
    data: DoneData


DONE: Final = {"status": "SUCCESS"}
LABELS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"key": {"type": "string"}, "value": {"type": "string"}},
        "required": ["key", "value"],
    },
}
REFUSALS: Final[dict[Any, Any]] = {(401, 404, 409, 413, 415, 422): ErrorsAnswer}


def takes(
    required: Sequence[str] = (), *, is_needed: bool = True, **properties: str | Mapping[str, Any]
) -> dict[str, Any]:
    """For `openapi_extra`: the object that a body is, each field by its JSON type or its schema."""
    fields = {name: {"type": one} if isinstance(one, str) else dict(one) for name, one in properties.items()}
    schema: dict[str, Any] = {"type": "object", "properties": fields, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return {"requestBody": {"required": is_needed, "content": {"application/json": {"schema": schema}}}}


def paged(
    request: HttpRequest, query: ListQuery, rows: Sequence[Any] | QuerySet[Any], *, also: Iterable[str] = ()
) -> tuple[list[Any], dict[str, Any]]:
    """A page of a list in a fixed order, and its cursors.

    Takes:   also, parameters of this list alone
    Raises:  Invalid for parameters that the list does not have, and for a cursor that is none
    """
    known = [*also, *_LIST_PARAMETERS]
    for name in request.GET:
        if name not in known:
            message = f"There is no parameter {name}. Take of these: {', '.join(known)}."
            raise Invalid(message, field=name, code="unknown_parameter")
    count = query.dotted_count or query.count
    start = _offset(query.cursor or query.dotted_cursor)
    total = rows.count() if isinstance(rows, QuerySet) else len(rows)
    found = list(rows[start : start + count])
    pagination = {
        "current": _cursor(start),
        "next": _cursor(start + count) if start + count < total else None,
        "previous": _cursor(max(start - count, 0)) if start else None,
        "totalEntries": total,
    }
    return found, pagination


def sent_object(
    request: HttpRequest, known: Iterable[str], *, max_bytes: int = EVENT_MAX_BYTES, is_needed: bool = True
) -> dict[str, Any]:
    """The JSON object of a request, which has no fields but these.

    Takes:   is_needed, False where no body at all is an empty object
    Raises:  WrongMediaType; Invalid, with the field that is not known
    """
    if not is_needed and not read_body(request, max_bytes=max_bytes):
        return {}
    if not has_json_body(request):
        raise WrongMediaType
    value = parse(read_body(request, max_bytes=max_bytes), max_bytes=max_bytes)
    if not isinstance(value, dict):
        raise Invalid("Send an object.", code="bad_body")
    names = list(known)
    for name in value:
        if name not in names:
            raise Invalid(
                f"There is no field {name[:60]}. Take of these: {', '.join(names)}.",
                field=name[:60],
                code="unknown_field",
            )
    return value


def text_in(value: Mapping[str, Any], name: str, default: str | None = None) -> str:
    """A text of the object.

    Takes:   default, for where it is not there; None asks for it
    Raises:  Invalid
    """
    found = value.get(name, default)
    if not isinstance(found, str):
        raise Invalid(f"{name} is needed, as text.", field=name, code="required")
    return found


def flag_in(value: Mapping[str, Any], name: str, default: bool | None = None) -> bool:
    """A yes or no of the object.

    Raises:  Invalid
    """
    found = value.get(name, default)
    if not isinstance(found, bool):
        raise Invalid(f"{name} is needed, as true or false.", field=name, code="required")
    return found


def object_in(value: Mapping[str, Any], name: str, default: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """An object within the object.

    Raises:  Invalid
    """
    found = value.get(name, default)
    if not isinstance(found, dict):
        raise Invalid(f"{name} is needed, as an object.", field=name, code="required")
    return found


def labels_in(sent: dict[str, Any]) -> list[str]:
    """The labels of a body, which are {"key": ..., "value": ...}, as the services take them.

    Raises:  Invalid
    """
    labels = sent.get("labels", [])
    if not isinstance(labels, list):
        raise Invalid("Send a list of labels.", field="labels", code="bad_labels")
    found = []
    for number, label in enumerate(labels):
        key, value = (label.get("key"), label.get("value")) if isinstance(label, dict) else (None, None)
        if not isinstance(key, str) or not isinstance(value, str):
            message = 'A label is {"key": "environment", "value": "prod"}.'
            raise Invalid(message, field=f"labels.{number}", code="bad_label")
        found.append(f"{key}:{value}")
    return found


def labels_told(labels: Iterable[str]) -> list[dict[str, str]]:
    """Labels as answers have them."""
    return [dict(zip(("key", "value"), label.split(":", 1), strict=True)) for label in labels]


_LIST_PARAMETERS: Final = [field.alias or name for name, field in ListQuery.model_fields.items()]


def _cursor(offset: int) -> str:
    return b64encode(str(offset).encode()).decode()


def _offset(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        text = b64decode(cursor, validate=True).decode("ascii")
    except ValueError:
        text = ""
    if not text.isdigit() or int(text[:9]) > MOST_ROWS or len(text) > len(str(MOST_ROWS)):
        raise Invalid(
            "This is no cursor of a page. Take `next` or `previous` of an answer.",
            field="pagination.cursor",
            code="bad_cursor",
        )
    return int(text)
