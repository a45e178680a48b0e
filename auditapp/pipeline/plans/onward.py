"""Events that a source sends on to another one: its violations as calls of their own, and what its plan blocked."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from auditapp.pipeline.field_paths import with_value
from auditapp.pipeline.plans.violations import Origin, Violation, violation_event

_SOURCE_ID = ("context", "protocols", "sourceId")
_VIOLATIONS = ("context", "protocols", "violations")


def violation_events(
    event: Mapping[str, Any], violations: Iterable[Violation], origin: Origin, *, at: datetime
) -> list[dict[str, Any]]:
    """A `Violation Generated` call for each thing that is wrong with an event."""
    return [violation_event(violation, event, origin, at=at) for violation in violations]


def blocked_event(event: Mapping[str, Any], violations: Iterable[Violation], source_id: str) -> dict[str, Any]:
    """A blocked event, whole, with where it came in and what was wrong with it."""
    whole = with_value(event, _SOURCE_ID, source_id)
    told = [{"type": one.type, "field": one.field, "description": one.description} for one in violations]
    return with_value(whole, _VIOLATIONS, told) if told else whole
