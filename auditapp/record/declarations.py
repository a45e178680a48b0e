"""Event types that a workspace declares for itself, beside the catalogue's."""

import re
from collections.abc import Iterator
from typing import Any, Final

from django.db import IntegrityError, transaction

from auditapp.catalogue import registry
from auditapp.catalogue.types import Risk, Verb
from auditapp.lib import clock
from auditapp.lib.errors import Conflict, Invalid, NotFound
from auditapp.lib.json_schema import compile_schema
from auditapp.record.acting import current_acting
from auditapp.record.drafts import Change
from auditapp.record.event_types import OTHER_AREA
from auditapp.record.models import DeclaredType
from auditapp.record.services import record

KEY_SHAPE: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
MAX_KEY: Final = 100
MAX_SENTENCE: Final = 300


class TypeTaken(Conflict):
    """There is an event type with this key already."""


class TypeUnknown(NotFound):
    """This workspace has declared no such event type."""


def declare_type(
    *,
    key: str,
    name: str,
    area: str = OTHER_AREA,
    resource_type: str = "",
    verb: str = Verb.UPDATE,
    risk: str = Risk.ROUTINE,
    sentence: str,
    schema: Any = None,
    secret_paths: list[str] | None = None,
    sensitive_paths: list[str] | None = None,
) -> DeclaredType:
    """Declare an event type in the workspace of who acts; its events are named, grouped and checked by it from then on.

    Takes:   sentence, a template without the actor such as "refunded {resource}" (catalogue/sentence.py);
             schema, a JSON Schema of `meta`, whose properties may say `"sensitive": true`; secret_paths, dotted, redacted before
             anything is stored; sensitive_paths, dotted, of meta and changes, shown to who may see personal data alone
    Raises:  Invalid, TypeTaken
    Writes:  DeclaredType, event_type.declared
    """
    _require_good(key=key, name=name, area=area, verb=verb, risk=risk, sentence=sentence)
    if schema is not None:
        compile_schema(schema)
    if registry.event_type(key) is not None:
        raise TypeTaken(f"{key} is a type of the catalogue already.")
    values = {
        "name": name,
        "area": area,
        "resource_type": resource_type or key.split(".")[0],
        "verb": verb,
        "risk": risk,
        "sentence": sentence,
        "schema": schema,
        "secret_paths": secret_paths or [],
        "sensitive_paths": list(dict.fromkeys([*(sensitive_paths or []), *sensitive_in(schema)])),
    }
    try:
        with transaction.atomic():
            declared = DeclaredType.objects.create(
                workspace_id=current_acting().workspace_id, key=key, created_at=clock.now(), **values
            )
            changes = [Change(field, new=value) for field, value in whole_of_type(declared).items()]
            record("event_type.declared", target=declared, changes=changes)
    except IntegrityError:
        raise TypeTaken(f"This workspace has declared {key} already. Remove it first to declare it anew.") from None
    return declared


def remove_type(*, key: str) -> None:
    """Take a declaration back: its events stay, and are shown as undeclared.

    Raises:  TypeUnknown
    Writes:  DeclaredType, event_type.removed
    """
    with transaction.atomic():
        declared = DeclaredType.objects.filter(workspace_id=current_acting().workspace_id, key=key).first()
        if declared is None:
            raise TypeUnknown
        changes = [Change(field, old=value) for field, value in whole_of_type(declared).items()]
        record("event_type.removed", target=declared, changes=changes)
        declared.delete()


def whole_of_type(declared: DeclaredType) -> dict[str, Any]:
    """All that events tell of a declaration, which is what one that was removed comes back with.

    Its sensitive paths are told as they are. Its secret paths are under "withheld": the redaction of the event would take a list under their own name for secrets.
    """
    names = ("name", "area", "resource_type", "verb", "risk", "sentence", "schema")
    told = {name: getattr(declared, name) for name in names}
    if declared.sensitive_paths:
        told["sensitive_paths"] = [*declared.sensitive_paths]
    if declared.secret_paths:
        told["withheld"] = [*declared.secret_paths]
    return {name: value for name, value in told.items() if value is not None}


def sensitive_in(schema: Any, prefix: str = "") -> Iterator[str]:
    """The dotted paths of the properties that a schema marks with `"sensitive": true`; elements of a list have its path."""
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("items"), dict):
        yield from sensitive_in(schema["items"], prefix)
    properties = schema.get("properties")
    for name, inside in properties.items() if isinstance(properties, dict) else ():
        path = f"{prefix}{name}"
        if isinstance(inside, dict) and inside.get("sensitive") is True:
            yield path
        else:
            yield from sensitive_in(inside, f"{path}.")


def _require_good(*, key: str, name: str, area: str, verb: str, risk: str, sentence: str) -> None:
    if len(key) > MAX_KEY or not KEY_SHAPE.fullmatch(key):
        raise Invalid("Write the key as noun.verb_past in lower case, such as order.refunded.", field="key")
    if not name.strip() or len(name) > MAX_KEY:
        raise Invalid(f"Give a name of 1 to {MAX_KEY} characters, such as Order Refunded.", field="name")
    if area != OTHER_AREA and registry.area(area) is None:
        areas = ", ".join(one.key for one in registry.AREAS)
        raise Invalid(f"There is no area {area!r}. Take one of {areas} or {OTHER_AREA}.", field="area")
    if verb not in set(Verb):
        raise Invalid(f"Take one of {', '.join(Verb)}.", field="verb")
    if risk not in set(Risk):
        raise Invalid(f"Take one of {', '.join(Risk)}.", field="risk")
    if not sentence.strip() or len(sentence) > MAX_SENTENCE:
        raise Invalid(
            f"Write a sentence of 1 to {MAX_SENTENCE} characters, such as: refunded {{resource}}", field="sentence"
        )
    if "{actor" in sentence:
        raise Invalid("Leave out {actor}: who did it is put in front of every sentence.", field="sentence")
