"""The settings of a source about its schema as events tell them, and back from their words."""

from collections.abc import Mapping
from typing import Any, Final

from auditapp.lib.errors import Conflict
from auditapp.pipeline.plans.connections import OWN_TYPES, WORDS
from auditapp.pipeline.plans.models import SourcePlan
from auditapp.pipeline.plans.queries import following_of, schema_settings
from auditapp.pipeline.plans.settings import SchemaSettings, settings_as_json
from auditapp.sources.models import Source

SCHEMA: Final = "schema."
VIOLATIONS_TO: Final = "forwardingViolationsTo"
BLOCKED_TO: Final = "forwardingBlockedEventsTo"


class TargetGone(Conflict):
    """The source that this was forwarded to is not there any more, or has another name. Choose one on the page of the schema."""


def schema_in_words(source: Source) -> dict[str, Any]:
    """All settings of a source about its schema, each under the name that events have for it."""
    return _in_words(following_of(source), source)


def told_of_schema(source: Source) -> dict[str, Any]:
    """What a source that is deleted has set otherwise than a new one; nothing where that is nothing."""
    usual = _in_words(SourcePlan(settings=settings_as_json(SchemaSettings())), source)
    said = {name: one for name, one in schema_in_words(source).items() if one != usual[name]}
    nested = {
        name: {key: value for key, value in one.items() if value != usual[name][key]} if isinstance(one, dict) else one
        for name, one in said.items()
    }
    return {"schema": nested} if nested else {}


def settings_from_words(workspace_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of events as the arguments of change_schema_settings.

    Takes:   values, by path as events have it
    Raises:  TargetGone
    """
    own = {subject: where for where, (subject, _) in OWN_TYPES.items()}
    settings: dict[str, dict[str, Any]] = {}
    given: dict[str, Any] = {}
    for path, value in values.items():
        name = path.removeprefix(SCHEMA)
        if name in own:
            call, key = own[name]
            settings.setdefault(call, {})[key] = value == WORDS["allowed"]
        elif name == VIOLATIONS_TO:
            given["violations_to"] = _target(workspace_id, value)
        elif name == BLOCKED_TO:
            given["blocked_to"] = _target(workspace_id, value)
        else:
            call, _, key = name.partition(".")
            settings.setdefault(call, {})[key] = value
    return {**given, "settings": settings}


def _in_words(follows: SourcePlan, source: Source) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for call, names in settings_as_json(schema_settings(follows)).items():
        for name, value in names.items():
            if own := OWN_TYPES.get((call, name)):
                subject, refused = own
                said[subject] = WORDS["allowed" if value else refused]
            else:
                said.setdefault(call, {})[name] = value
    ids = {VIOLATIONS_TO: follows.forwarding_violations_to, BLOCKED_TO: follows.forwarding_blocked_to}
    targets = Source.objects.filter(workspace_id=source.workspace_id, id__in=[one for one in ids.values() if one])
    names_of = dict(targets.values_list("id", "name"))
    return said | {name: names_of.get(one) if one else None for name, one in ids.items()}


def _target(workspace_id: int, name: str | None) -> str | None:
    if name is None:
        return None
    found = Source.objects.filter(workspace_id=workspace_id, name__iexact=name).values_list("id", flat=True).first()
    if found is None:
        raise TargetGone
    return found
