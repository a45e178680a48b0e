"""What was tried and what was set aside, for the pages; and where one event of the inbox went."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from django.db import connection
from django.db.models import QuerySet, Sum

from auditapp.lib.errors import NotFound
from auditapp.pipeline.delivery.models import DeadLetter, Delivery, DeliveryAttempt, DeliveryCount, Replay
from auditapp.pipeline.delivery.positions import OWN_LANE
from auditapp.pipeline.delivery.settling import DELIVERED, SKIPPED
from auditapp.pipeline.destination_filters.queries import filters_of
from auditapp.pipeline.destinations.models import Destination
from auditapp.sources.inbox import ACCEPTED, InboxEvent, read_inbox

Which = Literal["all", "failed", "delivered", "skipped"]
WHICH: Final[tuple[tuple[Which, str], ...]] = (
    ("all", "All"),
    ("failed", "Failed"),
    ("delivered", "Delivered"),
    ("skipped", "Kept back"),
)
PAGE: Final = 50
MOST_LETTERS: Final = 200
_MOST_TRIES: Final = 200
# Of each destination the last tries that began at this event or before it, which are few: batches follow each other.
WITH_IT = """
SELECT a.id FROM unnest(%(ids)s::text[]) AS d (id) CROSS JOIN LATERAL (
    SELECT id, "end" FROM delivery_attempt WHERE workspace_id = %(workspace_id)s AND destination_id = d.id AND start <= %(index)s
    ORDER BY start DESC, at DESC LIMIT %(limit)s
) AS a WHERE a."end" > %(index)s
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Attempts, newest first, and the key of the next older page."""

    attempts: list[DeliveryAttempt]
    older: str


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one event at one destination; `attempts` are those that had it in their batch, newest first."""

    destination: Destination
    state: Literal["delivered", "waiting", "retrying", "kept_back", "dead_letter", "before", "expired"]
    code: str = ""
    message: str = ""
    filter_id: str = ""
    attempts: tuple[DeliveryAttempt, ...] = ()


def attempts_of(destination: Destination) -> QuerySet[DeliveryAttempt]:
    """Every try, newest first."""
    found = DeliveryAttempt.objects.filter(workspace_id=destination.workspace_id, destination_id=destination.id)
    return found.order_by("-at", "-id")


def letters_of(destination: Destination) -> QuerySet[DeadLetter]:
    """Dead letters that were not replayed yet, the newest first."""
    letters = DeadLetter.objects.filter(
        workspace_id=destination.workspace_id, destination_id=destination.id, replayed_at=None
    )
    return letters.order_by("-at", "-index")


def replays_query(destination: Destination) -> QuerySet[Replay]:
    """Every replay, newest first."""
    found = Replay.objects.filter(workspace_id=destination.workspace_id, destination_id=destination.id)
    return found.order_by("-asked_at", "id")


def counts_of(destination: Destination, since: datetime) -> dict[str, int]:
    """How many events were delivered or kept back since an hour, by code."""
    rows = DeliveryCount.objects.filter(
        workspace_id=destination.workspace_id, destination_id=destination.id, hour__gte=since
    )
    return dict(rows.values_list("code").annotate(sum=Sum("events")).order_by("code"))


@dataclass(frozen=True, slots=True)
class Place:
    """How far a destination has read: everything below `next_index` is done with."""

    source_id: str
    destination_id: str
    next_index: int
    is_failing: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """An event of the inbox, and what kept it out of the batch: a filter by its title, a verdict by its code; "" where it was in."""

    stored: InboxEvent
    kept_back: str


def latest_attempts(destination: Destination, *, limit: int) -> list[DeliveryAttempt]:
    """The last tries, newest first."""
    return list(attempts_of(destination)[:limit])


def attempts_page(destination: Destination, *, which: Which = "all", older: str = "") -> Page:
    """A page of tries.

    Takes:   older, the id of the attempt after which to go on
    """
    found = attempts_of(destination)
    if which == "failed":
        found = found.exclude(outcome__in=[DELIVERED, SKIPPED])
    elif which == "delivered":
        found = found.filter(outcome=DELIVERED)
    elif which == "skipped":
        found = found.exclude(skipped=[])
    last = attempts_of(destination).filter(id=older).first() if older else None
    if last:
        found = found.filter(at__lte=last.at).exclude(at=last.at, id__gte=last.id)
    rows = list(found[: PAGE + 1])
    return Page(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else "")


def attempt_for(destination: Destination, attempt_id: str) -> DeliveryAttempt:
    """One try.

    Raises:  NotFound
    """
    found = attempts_of(destination).filter(id=attempt_id).first()
    if found is None:
        raise NotFound
    return found


def events_of_attempt(destination: Destination, attempt: DeliveryAttempt, *, limit: int = 20) -> list[Tried]:
    """The first events of the piece of the inbox that a batch was made of, as far as the inbox still has them."""
    stored = read_inbox(
        destination.workspace_id,
        destination.source_id,
        attempt.start,
        limit=min(limit, max(attempt.end - attempt.start, 1)),
    )
    titles = dict(filters_of(destination).values_list("id", "title"))
    why = {
        index: titles.get(group["filter"]) or group["message"] or group["code"]
        for group in attempt.skipped
        for index in group["indexes"]
    }
    return [Tried(one, why.get(one.index) or ("" if one.verdict == ACCEPTED else one.verdict)) for one in stored]


def waiting_letters(destination: Destination) -> list[DeadLetter]:
    """Dead letters that were not replayed yet, the newest first, the first 200."""
    return list(letters_of(destination)[:MOST_LETTERS])


def replays_of(destination: Destination, *, limit: int = 10) -> list[tuple[Replay, int]]:
    """The last replays with how many per cent of the way they are, those under way first."""
    where: dict[str, Any] = {"workspace_id": destination.workspace_id, "destination_id": destination.id}
    lanes = {one.lane: one for one in Delivery.objects.filter(**where).exclude(lane="")}
    return sorted(
        ((one, _percent(one, lanes.get(one.id))) for one in replays_query(destination)[:limit]),
        key=lambda pair: pair[0].ended_at is not None,
    )


def fate_of(destination: Destination, index: int) -> Fate:
    """What became of an event of the inbox at a destination of its source."""
    return fates_of([destination], index)[0]


def fates_of(destinations: Sequence[Destination], index: int) -> list[Fate]:
    """What became of one event of the inbox at each of these destinations of its source; four queries for all of them."""
    if not destinations:
        return []
    ids = [one.id for one in destinations]
    of: dict[str, Any] = {"workspace_id": destinations[0].workspace_id, "destination_id__in": ids}
    own = {one.destination_id: one for one in Delivery.objects.filter(**of, lane=OWN_LANE)}
    letters = {one.destination_id: one for one in DeadLetter.objects.filter(**of, index=index)}
    with connection.cursor() as cursor:
        cursor.execute(WITH_IT, {"workspace_id": of["workspace_id"], "ids": ids, "index": index, "limit": _MOST_TRIES})
        attempt_ids = [row[0] for row in cursor.fetchall()]
    tried: dict[str, list[DeliveryAttempt]] = {}
    for attempt in DeliveryAttempt.objects.filter(**of, id__in=attempt_ids).order_by("-at", "-id"):
        tried.setdefault(attempt.destination_id, []).append(attempt)
    return [_fate(one, index, own[one.id], letters.get(one.id), tuple(tried.get(one.id, ()))) for one in destinations]


def places_of(workspace_id: int, source_ids: Collection[str]) -> list[Place]:
    """How far each destination of these sources has read."""
    rows = Delivery.objects.filter(workspace_id=workspace_id, source_id__in=source_ids, lane=OWN_LANE)
    found = rows.values_list("source_id", "destination_id", "next_index", "failures")
    return [Place(source_id, id_, next_index, failures > 0) for source_id, id_, next_index, failures in found]


def letters_among(workspace_id: int, destination_ids: Sequence[str], indexes: Sequence[int]) -> list[tuple[str, int]]:
    """Which of these events are dead letters that nobody replayed, each as destination and index."""
    if not destination_ids:
        return []
    of = {"workspace_id": workspace_id, "destination_id__in": destination_ids, "index__in": indexes}
    return list(DeadLetter.objects.filter(**of, replayed_at=None).values_list("destination_id", "index"))


def _fate(
    destination: Destination, index: int, own: Delivery, letter: DeadLetter | None, tried: tuple[DeliveryAttempt, ...]
) -> Fate:
    """Of the tries that had the event in their batch, the newest first."""
    if letter and letter.replayed_at is None:
        return Fate(destination, "dead_letter", letter.code, letter.message, attempts=tried)
    for attempt in tried:
        for group in attempt.skipped:
            if index in group["indexes"]:
                return Fate(destination, "kept_back", group["code"], group["message"], group["filter"], tried)
        if attempt.outcome == DELIVERED:
            return Fate(destination, "delivered", attempt.code, attempt.message, attempts=tried)
    if index >= own.next_index:
        is_trying = any(one.outcome != DELIVERED for one in tried)
        code, message = (own.last_code, own.last_message) if is_trying else ("", "")
        return Fate(destination, "retrying" if is_trying else "waiting", code, message, attempts=tried)
    expired = next((one for one in tried if one.outcome == "expired"), None)
    return Fate(destination, "expired" if expired else "before", attempts=tried)


def _percent(replay: Replay, lane: Delivery | None) -> int:
    if lane is None or replay.end <= replay.start:
        return 100
    return 100 * (lane.next_index - replay.start) // (replay.end - replay.start)
