"""JSON Schemas that strangers write: compiled so that nothing is fetched and no pattern runs away.

What a schema is for, and what its findings are called, is told where it is used.
"""

from __future__ import annotations

from typing import Any, Final

import jsonschema_rs

from auditapp.lib.errors import Invalid

DRAFT_07: Final = "http://json-schema.org/draft-07/schema#"
# In place of values in messages: they may be long, secret or both.
MASK: Final = "this"


def compile_schema(schema: Any, *, draft_07: bool = False) -> jsonschema_rs.Validator:
    """A validator that fetches nothing, whose patterns run in linear time and whose messages keep values to themselves.

    Takes:   draft_07, whether that is the only draft there is; else the newest, unless the schema says otherwise
    Raises:  Invalid, where the schema itself is not one
    """
    if (
        draft_07
        and isinstance(schema, dict)
        and str(schema.get("$schema", DRAFT_07)).rstrip("#") != DRAFT_07.rstrip("#")
    ):
        raise Invalid(f"Schemas here are of draft-07. Write {DRAFT_07} as $schema, or leave it out.", field="schema")
    make: Any = jsonschema_rs.Draft7Validator if draft_07 else jsonschema_rs.validator_for
    try:
        # Without a retriever of ours the library would fetch http:// references and read file:// ones.
        validator: jsonschema_rs.Validator = make(
            schema,
            retriever=_refuse_reference,
            pattern_options=jsonschema_rs.RegexOptions(),
            validate_formats=draft_07 or None,
            mask=MASK,
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError) as fault:
        said = str(fault).splitlines()[0][:500].encode("utf-8", "backslashreplace").decode()
        raise Invalid(f"This is not a JSON Schema that can be used: {said}", field="schema") from None
    return validator


def _refuse_reference(uri: str) -> Any:
    raise ValueError(f"References to other documents are not followed ({uri}). Put the definition into this one.")
