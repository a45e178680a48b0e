"""The shape of an event type as a workspace declares it over the API; whether it can be declared is decided in `record`."""

from typing import Any, Final

import jsonschema_rs

from auditapp.catalogue.sentence import default_sentence, name_from_key
from auditapp.catalogue.types import Risk, Verb
from auditapp.ingest.event_shape import PRINTABLE, RESOURCE_TYPE, problems_of
from auditapp.lib.errors import Invalid
from auditapp.record.declarations import MAX_KEY, MAX_SENTENCE

_TEXT: Final = {"type": "string", "minLength": 1, "pattern": PRINTABLE}

TYPE_SCHEMA: Final[dict[str, Any]] = {
    "title": "EventTypeInput",
    "type": "object",
    "properties": {
        "key": {**_TEXT, "maxLength": MAX_KEY, "examples": ["order.refunded"]},
        "name": {**_TEXT, "maxLength": MAX_KEY, "description": "By default made from the key: Order Refunded."},
        "sentence": {
            **_TEXT,
            "maxLength": MAX_SENTENCE,
            "description": "Without the actor: refunded {resource}. By default made from the key.",
        },
        "area": {**_TEXT, "maxLength": MAX_KEY},
        "resourceType": RESOURCE_TYPE,
        "verb": {"enum": [str(verb) for verb in Verb], "default": str(Verb.UPDATE)},
        "risk": {"enum": [str(risk) for risk in Risk], "default": str(Risk.ROUTINE)},
        "schema": {
            "type": ["object", "boolean"],
            "description": 'A JSON Schema, draft 2020-12, that meta must fit. "sensitive": true in a property is as sensitivePaths.',
        },
        "secretPaths": {
            "type": "array",
            "maxItems": 100,
            "items": {**_TEXT, "maxLength": 200},
            "description": "Dotted paths in meta and changes whose values are never stored.",
        },
        "sensitivePaths": {
            "type": "array",
            "maxItems": 100,
            "items": {**_TEXT, "maxLength": 200},
            "description": "Dotted paths in meta and changes whose values are shown to who may see personal data alone.",
        },
    },
    "required": ["key"],
    "additionalProperties": False,
}
_VALIDATOR: Final = jsonschema_rs.validator_for(
    TYPE_SCHEMA, mask="this", pattern_options=jsonschema_rs.RegexOptions(), offline=True
)
_OURS: Final = {"resourceType": "resource_type", "secretPaths": "secret_paths", "sensitivePaths": "sensitive_paths"}


def type_values(item: Any) -> dict[str, Any]:
    """The arguments of `declare_type`.

    Raises:  Invalid, with all problems of its shape
    """
    if not _VALIDATOR.is_valid(item):
        raise Invalid(problems=problems_of(_VALIDATOR.iter_errors(item)), code="bad_shape")
    values = {_OURS.get(key, key): value for key, value in item.items()}
    key = values["key"]
    return {"name": name_from_key(key) or key, "sentence": default_sentence(key), **values}
