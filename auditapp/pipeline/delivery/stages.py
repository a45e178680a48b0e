"""What happens to an event between the inbox and one destination: filters, transformations, its function, in this order.

Made for one version of a destination and kept until there is another: whoever changes a stage raises `Destination.version`
in the same transaction (`raise_version`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from auditapp.lib.errors import Busy
from auditapp.pipeline.delivery.positions import wake_delivery
from auditapp.pipeline.destination_filters.actions import FilterChain, Filtered
from auditapp.pipeline.destination_filters.running import filter_chain
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.functions.outcomes import Outcome, Result
from auditapp.pipeline.functions.placed import Placed, placed_function, tell_failures
from auditapp.pipeline.transformations.engine import Transformation, apply_transformations
from auditapp.pipeline.transformations.running import enabled_transformations
from auditapp.pipeline.verdicts import Verdict

Event = Mapping[str, Any]
# For the function, of all events of a batch: the lane's lease ends after 30.
FUNCTION_S: Final = 15.0
# As often as Segment, then the event is left out with its code.
FUNCTION_TRIES: Final = 6
_REMEMBERED: Final = 1_000
# How often the function asked to see an event again, in this process.
_tries: dict[tuple[str, str], int] = {}


class StageFailed(Exception):
    """A stage could not decide now and may later: the batch is tried again as if the destination had been busy."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of one version of a destination."""

    names: tuple[str, ...]  # by which an event's `integrations` may call it
    destination: Destination | None = None
    filters: FilterChain | None = None
    transformations: tuple[Transformation, ...] = ()
    function: Placed | None = None

    def apply(self, events: Sequence[Event]) -> list[Filtered]:
        """What each event became, in their order.

        Raises:  StageFailed
        Writes:  function.run_failed, once an hour at most
        """
        made = [self._one(event) for event in events]
        if self.function is None or self.destination is None:
            return made
        left = [place for place, one in enumerate(made) if one.event is not None]
        try:
            outcomes = self.function.run([made[place].event or {} for place in left], budget_s=FUNCTION_S)
        except Busy as fault:
            raise StageFailed(fault.message) from None
        tell_failures(self.function.function, self.destination, self.destination.source_id, outcomes)
        for place, outcome in zip(left, outcomes, strict=True):
            before = made[place]
            after = self._through_function(self.function, before.event or {}, outcome)
            made[place] = replace(after, applied=before.applied)
        return made

    def _one(self, event: Event) -> Filtered:
        if not is_meant_for(self.names, event.get("integrations")):
            return Filtered(None, Verdict.FILTERED_BY_INTEGRATIONS_OBJECT)
        kept = self.filters.apply(event) if self.filters else Filtered(event)
        if kept.event is None or not self.transformations:
            return kept
        changed = apply_transformations(self.transformations, kept.event)
        return Filtered(
            changed.event, changed.verdict, changed.transformation_id, changed.message, applied=changed.applied
        )

    def _through_function(self, placed: Placed, event: Event, outcome: Outcome) -> Filtered:
        key = (self.names[-1], str(event.get("messageId")))
        if outcome.result is Result.RETRY:
            if len(_tries) > _REMEMBERED:
                _tries.clear()
            _tries[key] = _tries.get(key, 0) + 1
            if _tries[key] < FUNCTION_TRIES:
                raise StageFailed(f"The function {placed.function.name}: {outcome.message or outcome.code}")
        _tries.pop(key, None)
        return Filtered(
            outcome.event, outcome.code, placed.function.id if outcome.event is None else "", outcome.message
        )


def stages_of(destination: Destination) -> Stages:
    """The stages of a destination as they are now; what is compiled is kept, so that a batch costs three queries."""
    where = (destination.workspace_id, destination.source_id, destination.id)
    return Stages(
        (destination.name, destination.id),
        destination,
        filter_chain(destination.workspace_id, destination.id),
        enabled_transformations(*where),
        placed_function(*where),
    )


def raise_version(destination: Destination) -> None:
    """Let what is sent from now on go through changed stages; a batch that is being tried is made anew.

    Takes:   destination, locked by the caller
    Writes:  Destination, Delivery
    """
    destination.version += 1
    destination.save(update_fields=["version"])
    wake_delivery(destination)


def raise_versions(workspace_id: int, destination_ids: Iterable[str]) -> None:
    """The same for several destinations by their ids, where they are still there.

    Writes:  Destination, Delivery
    """
    rows = Destination.objects.select_for_update().filter(workspace_id=workspace_id, id__in=list(destination_ids))
    for destination in rows.order_by("id"):
        raise_version(destination)


def is_meant_for(names: Sequence[str], integrations: Any) -> bool:
    """Whether the `integrations` of an event let it go to a destination: by name or id, else by All, which is on."""
    if not isinstance(integrations, Mapping):
        return True
    for name in names:
        if name in integrations:
            return integrations[name] is not False
    return integrations.get("All") is not False
