"""The transformations that are on, compiled. Each process keeps what it compiled by revision, so that a change holds on the next
request and an event costs no query.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from auditapp.lib.errors import AppError
from auditapp.lib.secret_box import unseal
from auditapp.pipeline.destination_filters.fql import Condition
from auditapp.pipeline.flow.counting import APPLIED, Done
from auditapp.pipeline.transformations.definition import transformation_of
from auditapp.pipeline.transformations.engine import Event, Transformation, apply_transformations
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.verdicts import Verdict

REMEMBERED: Final = 2_000
# What a stage says of one destination, as it is said where it happens to all of them.
AT_THE_SOURCE: Final = {
    Verdict.FILTERED_BY_RULES: Verdict.DROPPED_BY_TRANSFORMATION,
    Verdict.INTERNAL: Verdict.TRANSFORMATION_FAILED,
}


class AtSource(NamedTuple):
    """An event after the transformations of its source, what was decided, and what each of them did, to be counted."""

    event: Event
    verdict: Verdict
    done: tuple[Done, ...] = ()


_compiled: dict[tuple[int, str, str], Transformation] = {}


def enabled_transformations(workspace_id: int, source_id: str, destination_id: str = "") -> tuple[Transformation, ...]:
    """The transformations that are on for a source, or for one of its destinations, in the order in which they were made."""
    rows = SavedTransformation.objects.filter(
        workspace_id=workspace_id, source_id=source_id, destination_id=destination_id, is_enabled=True
    ).order_by("created_at", "id")
    keys = [(workspace_id, *row) for row in rows.values_list("id", "revision")]
    found = {key: _compiled[key] for key in keys if key in _compiled}
    if len(found) < len(keys):
        for one in rows.filter(revision__in=[key[2] for key in keys if key not in found]):
            found[workspace_id, one.id, one.revision] = compiled(one)
        if len(_compiled) > REMEMBERED:
            _compiled.clear()
        _compiled.update(found)
    return tuple(found[key] for key in keys if key in found)


def compiled(one: SavedTransformation) -> Transformation:
    """A stored transformation, ready. One that cannot be made, because its key cannot be opened, stops the events: fail closed."""
    try:
        key = unseal(bytes(one.hash_key)).encode() if one.hash_key is not None else b""
        return transformation_of(one.id, one.definition, hash_key=key)
    except AppError as fault:
        return _stopping(one.id, fault)


def transformed_at_source(transformations: Sequence[Transformation], event: dict[str, Any]) -> AtSource:
    """The event as all destinations will see it; the one that came where it goes no further, with the reason."""
    made = apply_transformations(transformations, event)
    if made.event is None:
        verdict = AT_THE_SOURCE[made.verdict]
        return AtSource(event, verdict, (Done(made.transformation_id, verdict.value),))
    try:
        orjson.dumps(made.event)
    except TypeError:  # numbers that were made of hundreds of digits
        return AtSource(event, Verdict.TRANSFORMATION_FAILED)
    return AtSource(made.event, Verdict.ACCEPTED, tuple(Done(one, APPLIED) for one in made.applied))


def _stopping(transformation_id: str, fault: AppError) -> Transformation:
    def fail(event: Event) -> bool:
        raise fault

    return Transformation(transformation_id, Condition("", fail))
