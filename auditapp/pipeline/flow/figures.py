"""What came into a source and what became of it since a moment: sums of the counts that the stages themselves write."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Max, Q, QuerySet, Sum

from auditapp.pipeline.delivery.health import Health
from auditapp.pipeline.delivery.models import DeliveryCount, Replay
from auditapp.pipeline.delivery.settling import DEAD_LETTER, DELIVERED, EXPIRED
from auditapp.pipeline.flow.counting import APPLIED
from auditapp.pipeline.flow.models import StageCount
from auditapp.pipeline.plans.models import ViolationCount
from auditapp.pipeline.verdicts import Verdict
from auditapp.sources.inbox import ACCEPTED
from auditapp.sources.models import Source, SourceCount

PLAN_CODES: Final = {
    Verdict.EVENT_SETTING,
    Verdict.UNPLANNED,
    Verdict.SCHEMA_VIOLATION,
    Verdict.UNPLANNED_AND_SCHEMA_VIOLATION,
    Verdict.COMMON_SCHEMA_VIOLATION,
}
TRANSFORMATION_CODES: Final = {Verdict.DROPPED_BY_TRANSFORMATION, Verdict.TRANSFORMATION_FAILED}
# What comes after the filters: transformations and functions by the beginnings of their ids; "" could not be rendered.
AFTER_FILTERS: Final = Q(item_id__startswith="trf_") | Q(item_id__startswith="fu") | Q(item_id="")
LATEST_TRIES: Final = 200
# From the door of the source to the answer of the other side, of the last batches of each destination; replays are no measure.
TOOK = """
SELECT percentile_disc(0.95) WITHIN GROUP (ORDER BY a.at - a.oldest_at)
FROM unnest(%(ids)s::text[]) AS d (id) CROSS JOIN LATERAL (
    SELECT at, oldest_at FROM delivery_attempt
    WHERE workspace_id = %(workspace_id)s AND destination_id = d.id AND at >= %(since)s
          AND outcome = 'delivered' AND lane = '' AND oldest_at IS NOT NULL
    ORDER BY at DESC LIMIT %(limit)s
) AS a
"""


@dataclass(frozen=True, slots=True)
class Intake:
    """What came to a source: taken into its inbox, by verdict, and refused at the door."""

    verdicts: Counter[str]
    rejected: int
    last_at: datetime | None

    @property
    def received(self) -> int:
        return self.verdicts.total()

    @property
    def accepted(self) -> int:
        return self.verdicts[ACCEPTED]

    @property
    def by_plan(self) -> int:
        """Stopped by the tracking plan, or by somebody who blocked the event."""
        return sum(self.verdicts[code] for code in PLAN_CODES)

    @property
    def by_transformations(self) -> int:
        return sum(self.verdicts[code] for code in TRANSFORMATION_CODES)

    @property
    def by_others(self) -> int:
        """Stopped before the plan was asked."""
        return self.received - self.accepted - self.by_plan - self.by_transformations


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What became of events at all destinations of a source together: each event counts once for each."""

    codes: Counter[str] = field(default_factory=Counter)
    after_filters: int = 0  # stopped by a transformation or function of the destination, or not to be rendered
    has_replays: bool = False  # what was sent again counts again

    @property
    def delivered(self) -> int:
        return self.codes[DELIVERED]

    @property
    def filtered(self) -> int:
        settled = self.delivered + self.codes[DEAD_LETTER] + self.codes[EXPIRED]
        return self.codes.total() - settled - self.after_filters

    @property
    def considered(self) -> int:
        """How often a destination was to have an event, of those that were still there."""
        return self.codes.total() - self.codes[EXPIRED]


class Applied(NamedTuple):
    """How often transformations changed an event: once for all destinations, or for one of them."""

    on_the_way_in: int
    for_a_destination: int


def intake_of(source: Source, since: datetime) -> Intake:
    """What came to a source."""
    rows = SourceCount.objects.filter(workspace_id=source.workspace_id, source_id=source.id, hour__gte=since)
    verdicts: Counter[str] = Counter()
    rejected, last_at = 0, None
    for kind, verdict, events, at in rows.values_list("type", "verdict").annotate(Sum("events"), Max("last_at")):
        if kind:
            verdicts[verdict] += events
            last_at = max(filter(None, (at, last_at)))
        else:  # refused at the door: it never became an event of some type
            rejected += events
    return Intake(verdicts, rejected, last_at)


def violations_of(source: Source, since: datetime) -> int:
    """How often events of a source broke its plan."""
    rows = ViolationCount.objects.filter(workspace_id=source.workspace_id, source_id=source.id, hour__gte=since)
    found: int | None = rows.aggregate(all=Sum("violations"))["all"]
    return found or 0


def deliveries_of(source: Source, destination_ids: Sequence[str], since: datetime) -> Deliveries:
    """What became of events at these destinations."""
    rows = DeliveryCount.objects.filter(
        workspace_id=source.workspace_id, destination_id__in=destination_ids, hour__gte=since
    )
    codes = Counter(dict(rows.order_by().values_list("code").annotate(Sum("events"))))
    items = _stage_counts(source, since).exclude(destination_id="").exclude(outcome=APPLIED)
    after_filters: int = items.filter(AFTER_FILTERS).aggregate(all=Sum("events"))["all"] or 0
    replays = Replay.objects.filter(workspace_id=source.workspace_id, destination_id__in=destination_ids)
    has_replays = replays.filter(Q(ended_at=None) | Q(ended_at__gte=since)).exists()
    return Deliveries(codes, after_filters, has_replays)


def applied_in(source: Source, since: datetime) -> Applied:
    """How often a transformation changed an event of a source."""
    rows = _stage_counts(source, since).filter(outcome=APPLIED).values_list("destination_id")
    sums = dict(rows.annotate(Sum("events")).order_by())
    on_the_way_in = sums.pop("", 0)
    return Applied(on_the_way_in, sum(sums.values()))


def usually_within(healths: Sequence[Health], since: datetime) -> timedelta | None:
    """Within what time 95 of 100 of the last batches were delivered, from the door of the source on; None before the first."""
    if not healths:
        return None
    asked: dict[str, Any] = {
        "workspace_id": healths[0].destination.workspace_id,
        "ids": [one.destination.id for one in healths],
        "since": since,
        "limit": LATEST_TRIES,
    }
    with connection.cursor() as cursor:
        cursor.execute(TOOK, asked)
        found: timedelta | None = cursor.fetchone()[0]
    return found


def _stage_counts(source: Source, since: datetime) -> QuerySet[StageCount]:
    return StageCount.objects.filter(workspace_id=source.workspace_id, source_id=source.id, hour__gte=since)
