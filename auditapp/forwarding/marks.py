"""The mark of a row of the trail: whether the event went into the source, and whether its destinations are past it.

For a page of any length at most seven small queries, one where nobody ever forwarded, none of which reads more than the page has rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from auditapp.access.permissions import Access
from auditapp.forwarding.passage import Passage, Standing, standing_of, taken_by
from auditapp.pipeline.delivery.queries import Place, letters_among, places_of
from auditapp.pipeline.destinations.queries import destinations_of
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
    letters: Mapping[int, Sequence[str]]  # names of destinations by index

    def mark(self, found: Found) -> Mark:
        source, letters = self.standing.source.name, self.letters.get(found.index)
        if found.verdict != ACCEPTED:
            return Mark("forward-off", f"Came to {source} and was stopped there: {found.verdict}")
        if letters:
            return Mark("forward-failed", f"Not delivered to {', '.join(letters)}: a dead letter", "bad")
        past = sum(one.next_index > found.index for one in self.places)
        if past < len(self.places):
            failing = any(one.is_failing and one.next_index <= found.index for one in self.places)
            words = f"On its way, {past} of {len(self.places)} destinations are done with it"
            return Mark("forward-wait", words, "warn" if failing else "")
        done = f", {past} of {past} destinations are done with it" if past else ""
        return Mark("forwarded", f"Forwarded to {source}{done}")


def forwarding_marks(access: Access, rows: Sequence[EventRow], leaves: Leaves) -> Mapping[UUID, Mark]:
    """Marks for who may see the source; what was before it all began, or too long ago to know, has none."""
    standing = standing_of(access)
    if standing is None:
        return {}
    taken = taken_by(standing, rows)
    places: list[Place] = []
    letters: dict[int, list[str]] = {}
    if taken:
        rows_of = destinations_of(standing.source).values_list("id", "name", "is_enabled")
        names = {id_: name for id_, name, _ in rows_of}
        on = {id_ for id_, _, is_enabled in rows_of if is_enabled}
        places = [one for one in places_of(standing.source) if one.destination_id in on]
        indexes = [one.index for one in taken.values()]
        for destination_id, index in letters_among(access.workspace_id, list(names), indexes):
            letters.setdefault(index, []).append(names[destination_id])
    page = _Page(standing, places, letters)
    marks: dict[UUID, Mark] = {}
    for row in rows:
        found = taken.get(row.id)
        mark = page.mark(found) if found else _NOT_TAKEN.get(standing.passage(row, leaves.get(row.id), None))
        if mark:
            marks[row.id] = mark
    return marks
