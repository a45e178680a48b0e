"""The mark of a row of the trail: whether the event went into a source, and whether its destinations are past it.

For a page of any length at most seven small queries, one where nobody ever forwarded, none of which reads more than the page has rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from auditapp.access.permissions import Access
from auditapp.forwarding.passage import Passage, Standing, standing_of, taken_by
from auditapp.pipeline.delivery.queries import Place, letters_among, places_of
from auditapp.pipeline.destinations.models import Destination
from auditapp.record.event_row import EventRow
from auditapp.sources.inbox import ACCEPTED, Found
from auditapp.trail.parts import Leaves, Mark

_NOT_TAKEN: Final = {
    Passage.UNSEALED: Mark("forward-wait", "Forwarded once it is sealed"),
    Passage.WAITING: Mark("forward-wait", "On its way into the source"),
    Passage.OFF: Mark("forward-off", "Waits: Audit Forwarding is off"),
    Passage.LEFT_OUT: Mark("forward-off", "Not forwarded"),
}


@dataclass(frozen=True, slots=True)
class _Page:
    """What all rows of a page are compared with."""

    standing: Standing
    places: Sequence[Place]
    letters: Mapping[tuple[str, int], Sequence[str]]  # names of destinations by source and index

    def mark(self, found: Found) -> Mark:
        source = self.standing.sources[found.source_id].name
        letters = self.letters.get((found.source_id, found.index))
        if found.verdict != ACCEPTED:
            return Mark("forward-off", f"Came to {source} and was stopped there: {found.verdict}")
        if letters:
            return Mark("forward-failed", f"Not delivered to {', '.join(letters)}: a dead letter", "bad")
        places = [one for one in self.places if one.source_id == found.source_id]
        past = sum(one.next_index > found.index for one in places)
        if past < len(places):
            failing = any(one.is_failing and one.next_index <= found.index for one in places)
            words = f"On its way, {past} of {len(places)} destinations are done with it"
            return Mark("forward-wait", words, "warn" if failing else "")
        done = f", {past} of {past} destinations are done with it" if past else ""
        return Mark("forwarded", f"Forwarded to {source}{done}")


def forwarding_marks(access: Access, rows: Sequence[EventRow], leaves: Leaves) -> Mapping[UUID, Mark]:
    """Marks for who may see the source that an event is in, today's before others, or today's where it is in none.

    What was before it all began, or too long ago to know, has none.
    """
    standing = standing_of(access)
    if standing is None:
        return {}
    taken = taken_by(standing, rows)
    page = _page(standing, [found[0] for found in taken.values()])
    marks: dict[UUID, Mark] = {}
    for row in rows:
        mark: Mark | None = None
        if found := taken.get(row.id):
            mark = page.mark(found[0])
        elif standing.source:
            mark = _NOT_TAKEN.get(standing.missing(row, leaves.get(row.id)))
        if mark:
            marks[row.id] = mark
    return marks


def _page(standing: Standing, found: Sequence[Found]) -> _Page:
    workspace_id, source_ids = standing.forwarding.workspace_id, {one.source_id for one in found}
    if not found:
        return _Page(standing, [], {})
    destinations = Destination.objects.filter(workspace_id=workspace_id, source_id__in=source_ids).order_by("name")
    rows_of = list(destinations.values_list("id", "source_id", "name", "is_enabled"))
    about = {id_: (source_id, name) for id_, source_id, name, _ in rows_of}
    on = {id_ for id_, _, _, is_enabled in rows_of if is_enabled}
    letters: dict[tuple[str, int], list[str]] = {}
    for destination_id, index in letters_among(workspace_id, list(about), [one.index for one in found]):
        source_id, name = about[destination_id]
        letters.setdefault((source_id, index), []).append(name)
    places = [one for one in places_of(workspace_id, source_ids) if one.destination_id in on]
    return _Page(standing, places, letters)
