"""How destinations are doing: a state, how far behind, what a day brought. Computed from their rows; nothing is kept twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db import connection
from django.db.models import Count
from django.utils.timesince import timesince

from auditapp.lib import clock
from auditapp.pipeline.delivery.models import DeadLetter, Delivery, DeliveryCount
from auditapp.pipeline.delivery.positions import OWN_LANE
from auditapp.pipeline.delivery.schedule import FAILING_AFTER
from auditapp.pipeline.delivery.settling import DEAD_LETTER, DELIVERED, ONLY_FAILURES
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.models import Destination

HOURS: Final = 24
MINUTE: Final = 60
# What waits: where the inbox ends, and when the oldest event that waits came in.
WAITING = """
SELECT d.destination_id, h.next_index - d.next_index, oldest.received_at
FROM delivery AS d
JOIN source_head AS h ON h.workspace_id = d.workspace_id AND h.source_id = d.source_id
LEFT JOIN LATERAL (
    SELECT e.received_at FROM source_event AS e
    WHERE d.next_index < h.next_index AND e.workspace_id = d.workspace_id AND e.source_id = d.source_id AND e.index >= d.next_index
    ORDER BY e.index LIMIT 1
) AS oldest ON true
WHERE d.workspace_id = %s AND d.destination_id = ANY(%s) AND d.lane = ''
"""


class State(StrEnum):
    """How a destination is doing."""

    ACTIVE = "active"
    DEGRADED = "degraded"
    FAILING = "failing"
    AUTH_ERROR = "auth_error"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Look:
    """How a state looks: tone and icon of the design, and words."""

    tone: str
    icon: str
    words: str


LOOKS: Final = {
    State.ACTIVE: Look("good", "check-circle", "Healthy"),
    State.DEGRADED: Look("warn", "warning", "Trying again"),
    State.FAILING: Look("bad", "stop", "Failing"),
    State.AUTH_ERROR: Look("bad", "stop", "Refuses credentials"),
    State.PAUSED: Look("", "pause", "Paused"),
    State.DISABLED: Look("", "dash-circle", "Off"),
}
# What nobody did by hand needs somebody to look at it.
GONE: Final = Look("warn", "warning", "Turned off")
WORN_OUT: Final = Look("warn", "pause", "Paused after failures")


@dataclass(frozen=True, slots=True)
class Health:
    """One destination, as of now; the counts are of the last 24 hours."""

    destination: Destination
    delivery: Delivery
    state: State
    waiting: int
    lag: timedelta | None
    delivered: int
    stopped: dict[str, int]
    dead_letters: int  # that wait for a replay, of whatever age
    hours: list[int] = field(default_factory=list)

    @property
    def meant_for_it(self) -> int:
        """What was delivered, and what is to be or was set aside; nothing is to be delivered where it is off."""
        return self.delivered + self.dead_letters + (0 if self.is_off else self.waiting)

    @property
    def is_off(self) -> bool:
        return self.state is State.DISABLED

    @property
    def is_gone(self) -> bool:
        """It was turned off because it answered 410, and nobody looked after it since."""
        return self.is_off and self.delivery.last_outcome == Outcome.GONE and self.delivery.failures > 0

    @property
    def look(self) -> Look:
        if self.is_gone:
            return GONE
        is_worn_out = self.state is State.PAUSED and self.destination.pause_reason == ONLY_FAILURES
        return WORN_OUT if is_worn_out else LOOKS[self.state]

    @property
    def words(self) -> str:
        """In a few words, with the code that it answers where that says more."""
        is_trying = self.is_gone or self.state in (State.DEGRADED, State.FAILING, State.AUTH_ERROR)
        code = self.delivery.last_code
        return (
            f"{self.look.words}, {'answers ' if code.isdigit() else ''}{code}"
            if is_trying and code
            else self.look.words
        )

    @property
    def delivered_ago(self) -> str:
        """How long ago something arrived, in words; "" where nothing did."""
        return time_ago(self.delivery.delivered_at) if self.delivery.delivered_at else ""

    @property
    def said(self) -> str:
        """What it answered last, as the beginning of a sentence."""
        return (self.delivery.last_message or self.words).rstrip(".")

    @property
    def lag_words(self) -> str:
        """How far behind, in the largest unit that says enough; a dash for one that is off, which is not late."""
        return "–" if self.is_off else time_words(self.lag or timedelta())

    @property
    def is_refusing(self) -> bool:
        """One event is refused by itself, and the others wait for it."""
        own = self.delivery
        ends = (own.suspect_end, own.batch_end)
        return own.last_outcome == Outcome.REFUSED and own.next_index + 1 in ends


def time_ago(at: datetime) -> str:
    """How long ago that was, in its largest unit."""
    return "just now" if clock.now() - at < timedelta(minutes=1) else f"{timesince(at, clock.now(), depth=1)} ago"


def time_words(time: timedelta) -> str:
    """A length of time in the largest unit that says enough."""
    seconds = time.total_seconds()
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, hours = seconds / MINUTE, seconds / (MINUTE * MINUTE)
    if hours < 1:
        return f"{minutes:.0f} min"
    return f"{hours:.0f} h" if hours < 2 * HOURS else f"{hours / HOURS:.0f} d"


def state_of(destination: Destination, delivery: Delivery) -> State:
    """The state of a destination by what was done to it and what came of its last tries."""
    if not destination.is_enabled:
        return State.DISABLED
    if destination.paused_at:
        return State.PAUSED
    if delivery.last_outcome == Outcome.AUTH:
        return State.AUTH_ERROR
    if delivery.failures >= FAILING_AFTER:
        return State.FAILING
    return State.DEGRADED if delivery.failures else State.ACTIVE


def health_of(destinations: Sequence[Destination]) -> list[Health]:
    """How these destinations of one workspace are doing, in their order; four queries for all of them."""
    if not destinations:
        return []
    workspace_id, ids = destinations[0].workspace_id, [one.id for one in destinations]
    of = {"workspace_id": workspace_id, "destination_id__in": ids}
    lanes = {one.destination_id: one for one in Delivery.objects.filter(**of, lane=OWN_LANE)}
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [workspace_id, ids])
        waiting: dict[str, tuple[int, datetime | None]] = {
            row[0]: (max(row[1], 0), row[2]) for row in cursor.fetchall()
        }
    counts = _counts(of)
    set_aside = DeadLetter.objects.filter(**of, replayed_at=None).values_list("destination_id")
    letters = dict(set_aside.annotate(letters=Count("index")).order_by("destination_id"))
    now = clock.now()
    found = []
    for one in destinations:
        events, oldest_at = waiting.get(one.id, (0, None))
        stopped, hours = counts.get(one.id, ({}, [0] * HOURS))
        found.append(
            Health(
                destination=one,
                delivery=lanes[one.id],
                state=state_of(one, lanes[one.id]),
                waiting=events,
                lag=max(now - oldest_at, timedelta()) if oldest_at else None,
                delivered=sum(hours),
                stopped=stopped,
                dead_letters=letters.get(one.id, 0),
                hours=hours,
            )
        )
    return found


def _counts(of: dict[str, Any]) -> dict[str, tuple[dict[str, int], list[int]]]:
    """By destination: what was stopped, by code, and what was delivered, by the hour."""
    start = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    found: dict[str, tuple[dict[str, int], list[int]]] = {}
    rows = DeliveryCount.objects.filter(**of, hour__gte=start)
    for destination_id, hour, code, events in rows.values_list("destination_id", "hour", "code", "events"):
        stopped, hours = found.setdefault(destination_id, ({}, [0] * HOURS))
        place = (hour - start) // timedelta(hours=1)
        if code == DELIVERED and 0 <= place < HOURS:
            hours[place] += events
        elif code not in (DELIVERED, DEAD_LETTER):
            stopped[code] = stopped.get(code, 0) + events
    return found
