"""The strip of a source: a stage each from the door to its destinations, with what came through, what did not, and how it is doing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from django.urls import reverse

from auditapp.access.permissions import Access, Permission
from auditapp.lib import clock
from auditapp.pipeline.delivery.health import Health, State, health_of, time_ago
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destinations.queries import destinations_of
from auditapp.pipeline.flow.figures import (
    Deliveries,
    Intake,
    applied_in,
    deliveries_of,
    intake_of,
    violations_of,
)
from auditapp.pipeline.flow.spans import Span
from auditapp.pipeline.flow.warehouse_stage import Fed, fed_by
from auditapp.pipeline.plans.models import TrackingPlan
from auditapp.pipeline.plans.queries import plan_of
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.sources.models import Source

_ICONS: Final = {"good": "check-circle", "warn": "warning", "bad": "stop", "": "dash-circle"}
_REPLAYS: Final = ", replays counted too"
_NODES: Final = {"warn": " node--watch", "bad": " node--grave"}
# The worst first; what somebody turned off is no trouble.
_BY_TROUBLE: Final = (State.AUTH_ERROR, State.FAILING, State.DEGRADED, State.PAUSED, State.ACTIVE, State.DISABLED)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: how many came through it, a word on that, and its state. `count` is None where there is nothing to count."""

    key: str
    name: str
    icon: str
    count: int | None
    note: str
    words: str
    tone: str = ""
    url: str = ""
    is_more: bool = False  # there are more than `count`
    last_at: datetime | None = None

    @property
    def last_words(self) -> str:
        return time_ago(self.last_at) if self.last_at else ""

    @property
    def node(self) -> str:
        return _NODES.get(self.tone, "")

    @property
    def status_icon(self) -> str:
        return _ICONS[self.tone]


@dataclass(frozen=True, slots=True)
class Strip:
    """All stages of a source as of `at`, counted from `since` on, and its destinations, the worst of which is told of."""

    stages: Sequence[Stage]
    span: Span
    since: datetime
    at: datetime
    healths: Sequence[Health]

    @property
    def worst(self) -> Health | None:
        """The destination in most trouble; None where none is in any."""
        worst = worst_of(self.healths)
        return worst if worst and worst.look.tone in ("bad", "warn") else None

    def after(self, first: Stage | None) -> "Strip":
        """The same with a stage before the others."""
        return replace(self, stages=[first, *self.stages]) if first else self


def strip_of(access: Access, source: Source, span: Span, *, slug: str) -> Strip:
    """The stages of a source that this person may see; some twenty small queries, however much came in.

    Takes:   slug, the workspace's, for the links to where each stage is set up
    """
    since = span.since
    healths = health_of(list(destinations_of(source)))
    intake = intake_of(source, since)
    deliveries = deliveries_of(source, [one.destination.id for one in healths], since)
    here = [slug, source.id]
    stages = [
        _door(source, intake, reverse("sources:source_debugger", args=here)),
        _plan(access, source, intake, since, reverse("sources:source_plan", args=here)),
        _filters(deliveries, healths, reverse("sources:source_destinations", args=here), slug),
        _transformations(source, intake, deliveries, since, slug),
        _destinations(deliveries, healths, reverse("sources:source_destinations", args=here)),
    ]
    if fed := fed_by(access, source, since):
        stages.append(_warehouses(fed, slug))
    return Strip(stages, span, since, clock.now(), healths)


def worst_of(healths: Sequence[Health]) -> Health | None:
    """The one in most trouble, of those that are the same the one that fails longest."""

    def trouble(one: Health) -> tuple[int, bool, float]:
        since = one.delivery.failing_since
        state = State.DEGRADED if one.is_gone else one.state
        return (_BY_TROUBLE.index(state), since is None, since.timestamp() if since else 0.0)

    return min(healths, key=trouble, default=None)


def _door(source: Source, intake: Intake, url: str) -> Stage:
    words, tone = ("Receiving", "good") if intake.received else ("Nothing yet", "")
    if not source.is_enabled:
        words, tone = "Turned off", "bad"
    told = [f"{intake.rejected:,} refused"] if intake.rejected else []
    told += [f"{intake.by_others:,} stopped by its function"] if intake.by_others else []
    note = ", ".join([f"received by {source.name}", *told])
    return Stage("source", "Source", "source", intake.received, note, words, tone, url, last_at=intake.last_at)


def _plan(access: Access, source: Source, intake: Intake, since: datetime, url: str) -> Stage:
    plan: TrackingPlan | None = plan_of(source)
    violations = violations_of(source, since) if plan else 0
    stopped = f"{intake.by_plan:,} stopped" if intake.by_plan else ""
    if plan is None:
        note, words = "no plan is connected", stopped or "Not checked"
    else:
        may_see = access.can(Permission.TRACKING_PLAN_READ, plan.id)
        note = f"by {plan.name}" if may_see else "a plan is connected"
        words = _many(violations, "violation") if violations else stopped or "As planned"
        note += f", {stopped}" if violations and stopped else ""
    tone = "warn" if violations or intake.by_plan else "good" if plan and intake.received else ""
    through = intake.received - intake.by_plan - intake.by_others
    return Stage("plan", "Tracking plan", "tracking-plan", through, note, words, tone, url)


def _filters(deliveries: Deliveries, healths: Sequence[Health], url: str, slug: str) -> Stage:
    """Counted in deliveries: each event once for each destination that read it."""
    ids = [one.destination.id for one in healths]
    if not healths:
        return Stage("filters", "Filters", "funnel", None, "no destination to filter for", "None", "", url)
    kept = deliveries.considered - deliveries.filtered
    if len(ids) == 1:
        url = reverse("destinations:filter_list", args=[slug, *ids])
    own = DestinationFilter.objects.filter(workspace_id=healths[0].destination.workspace_id, destination_id__in=ids)
    on = own.filter(is_enabled=True).count()
    note = f"of {deliveries.considered:,} {'delivery' if deliveries.considered == 1 else 'deliveries'} let through"
    note += f" by {_many(on, 'filter')}" if on else ""
    note += _REPLAYS if deliveries.has_replays else ""
    words = f"{deliveries.filtered:,} kept back" if deliveries.filtered else "Nothing kept back"
    return Stage("filters", "Filters", "funnel", kept, note, words, "good" if deliveries.considered else "", url)


def _transformations(source: Source, intake: Intake, deliveries: Deliveries, since: datetime, slug: str) -> Stage:
    url = f"{reverse('transformations:transformation_list', args=[slug])}?source={source.id}"
    own = SavedTransformation.objects.filter(workspace_id=source.workspace_id, source_id=source.id, is_enabled=True)
    places = list(own.values_list("destination_id", flat=True))
    on, on_the_way_in = len(places), places.count("")
    stopped = intake.by_transformations + deliveries.after_filters
    applied = applied_in(source, since)
    words, tone = ("No errors", "good") if on else ("None", "")
    if stopped:
        words, tone = f"{stopped:,} stopped", "warn"
    told = [
        f"{where}: {_many(changes, 'change')} by {_many(those, 'transformation')}"
        for where, changes, those in (
            ("on the way in", applied.on_the_way_in, on_the_way_in),
            ("for a destination", applied.for_a_destination, on - on_the_way_in),
        )
        if changes or those
    ]
    note = "; ".join(told) or "none is on"
    through: int | None = deliveries.considered - deliveries.filtered - deliveries.after_filters
    if not through and any(applied):  # what changed on the way in is no delivery yet
        through = None
    return Stage("transformations", "Transformations", "shuffle", through, note, words, tone, url)


def _destinations(deliveries: Deliveries, healths: Sequence[Health], url: str) -> Stage:
    if not healths:
        return Stage("destinations", "Destinations", "destination", None, "nothing gets these events", "None", "", url)
    on, off = [one for one in healths if not one.is_off], [one for one in healths if one.is_off]
    waiting, letters = sum(one.waiting for one in on), sum(one.dead_letters for one in healths)
    told = [f"{waiting:,} waiting"] if waiting else []
    told += [_many(letters, "dead letter")] if letters else []
    with_waiting = sum(one.waiting > 0 for one in off)
    told += [f"{len(off):,} off" + (f" ({with_waiting:,} with events waiting)" if with_waiting else "")] if off else []
    name = _many(len(healths), "destination")
    words, tone = _worst_words(healths, letters)
    note = ", ".join([f"delivered{_REPLAYS if deliveries.has_replays else ''}", *told])
    return Stage("destinations", name, "destination", deliveries.delivered, note, words, tone, url)


def _warehouses(fed: Fed, slug: str) -> Stage:
    """Rows, of which an event may be several."""
    url = reverse("warehouses:warehouse_list", args=[slug])
    if len(fed.warehouses) == 1:
        url = reverse("warehouses:warehouse", args=[slug, fed.worst.id])
    note = f"rows loaded, {fed.waiting:,} waiting for a sync" if fed.waiting else "rows loaded"
    name = _many(len(fed.warehouses), "warehouse")
    return Stage("warehouses", name, "warehouse", fed.rows, note, fed.words, fed.tone, url)


def _worst_words(healths: Sequence[Health], letters: int) -> tuple[str, str]:
    """The state of the destination in most trouble, by its name where there are several."""
    worst = worst_of(healths)
    assert worst is not None
    gone, off = sum(one.is_gone for one in healths), sum(one.is_off for one in healths)
    if worst.is_gone and gone > 1:
        return f"{gone:,} turned off, answered 410", worst.look.tone
    if worst.is_off and not gone:
        return ("Off" if len(healths) == 1 else "All are off"), ""
    if worst.state is State.ACTIVE:
        healthy = f"{len(healths) - off:,} healthy, {off:,} off" if off else "All healthy"
        return (worst.words if len(healths) == 1 else healthy), "warn" if letters else "good"
    words = worst.words if len(healths) == 1 else f"{worst.destination.name}: {worst.words.lower()}"
    return words, worst.look.tone


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
