"""What happens to an event between the inbox and one destination: filters, transformations, its function, in this order.

Made for one version of a destination and kept until there is another: whoever changes a stage raises `Destination.version`
in the same transaction (`raise_version`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditapp.pipeline.delivery.positions import wake_delivery
from auditapp.pipeline.destination_filters.actions import Filtered
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.verdicts import Verdict

Event = Mapping[str, Any]


class StageFailed(Exception):
    """A stage could not decide now and may later: the batch is tried again as if the destination had been busy."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages of one version of a destination."""

    names: tuple[str, ...]  # by which an event's `integrations` may call it

    def apply(self, events: Sequence[Event]) -> list[Filtered]:
        """What each event became, in their order.

        Raises:  StageFailed
        """
        return [self._one(event) for event in events]

    def _one(self, event: Event) -> Filtered:
        if not is_meant_for(self.names, event.get("integrations")):
            return Filtered(None, Verdict.FILTERED_BY_INTEGRATIONS_OBJECT)
        return Filtered(event)


def stages_of(destination: Destination) -> Stages:
    """The stages of a destination as they are now."""
    return Stages((destination.name, destination.id))


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
