"""How events broke a plan, for the pages: by event, then by kind, with some of them to look at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Max, QuerySet, Sum

from auditapp.lib import clock
from auditapp.pipeline.plans.models import TrackingPlan, ViolationCount, ViolationSample
from auditapp.pipeline.plans.violations import MAX_VIOLATIONS
from auditapp.sources.models import Source

WINDOWS: Final = {
    "1h": ("Last hour", timedelta(hours=1)),
    "24h": ("Last 24 hours", timedelta(hours=24)),
    "7d": ("Last 7 days", timedelta(days=7)),
}
DAY: Final = "24h"
MAX_LISTED: Final = 200
SAMPLES_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class BrokenEvent:
    """An event of a source that broke the plan, with its numbers in a window."""

    source_id: str
    type: str
    name: str
    violations: int
    kinds: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ViolationKind:
    """One way in which it did."""

    violation_type: str
    field: str
    description: str
    violations: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SampleEvent:
    """An event that broke the plan, with all that was kept of what was wrong with it."""

    sample: ViolationSample
    descriptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """What is looked at. Violations are counted by the hour, so a window begins with a whole one."""

    key: str
    name: str
    since: datetime


def window_of(key: str) -> Window:
    """The window with this key; a day where there is none."""
    key = key if key in WINDOWS else DAY
    name, length = WINDOWS[key]
    since = (clock.now() - length).replace(minute=0, second=0, microsecond=0)
    return Window(key, name, since)


def broken_events(about: TrackingPlan | Source, window: Window) -> list[BrokenEvent]:
    """The events that broke a plan, or those of a source that broke any, the most often first."""
    rows = _counts(about, window).values("source_id", "type", "name")
    numbers = rows.annotate(number=Sum("violations"), kinds=Count("kind", distinct=True), last=Max("last_at"))
    found = numbers.order_by("-number", "name", "type", "source_id")[:MAX_LISTED]
    return [
        BrokenEvent(row["source_id"], row["type"], row["name"], row["number"], row["kinds"], row["last"])
        for row in found
    ]


def violation_kinds(about: TrackingPlan | Source, window: Window, event: tuple[str, str, str]) -> list[ViolationKind]:
    """How one event broke the plan, the most often first.

    Takes:   event, the source's id, the type of the call and its name
    """
    rows = _of(_counts(about, window), event).values("kind", "violation_type", "field", "description")
    numbers = rows.annotate(number=Sum("violations"), last=Max("last_at"))
    return [
        ViolationKind(row["violation_type"], row["field"], row["description"], row["number"], row["last"])
        for row in numbers.order_by("-number", "field", "description")[:MAX_LISTED]
    ]


def violation_samples(about: TrackingPlan | Source, window: Window, event: tuple[str, str, str]) -> list[SampleEvent]:
    """The newest of one event that were kept to look at."""
    samples = ViolationSample.objects.filter(**_about(about), at__gte=window.since)
    newest = _of(samples, event).order_by("-at", "-index", "number")
    found: dict[int, list[ViolationSample]] = {}
    for one in newest[: SAMPLES_SHOWN * MAX_VIOLATIONS]:
        found.setdefault(one.index, []).append(one)
    listed = [SampleEvent(kept[0], tuple(one.description for one in kept)) for kept in found.values()]
    return listed[:SAMPLES_SHOWN]


def _counts(about: TrackingPlan | Source, window: Window) -> QuerySet[ViolationCount]:
    return ViolationCount.objects.filter(**_about(about), hour__gte=window.since)


def _about(about: TrackingPlan | Source) -> dict[str, Any]:
    field = "plan_id" if isinstance(about, TrackingPlan) else "source_id"
    return {"workspace_id": about.workspace_id, field: about.id}


def _of(rows: QuerySet[Any], event: tuple[str, str, str]) -> QuerySet[Any]:
    source_id, kind, name = (text.replace("\x00", "") for text in event)
    return rows.filter(source_id=source_id, type=kind, name=name)
