"""The strip of Audit Forwarding: the trail before the stages of the source that it feeds, and how long the whole way takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse

from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.forwarding.models import NAME, Forwarding
from auditapp.forwarding.queries import Progress, echo_since, forwarding_of, matching_since, progress_of
from auditapp.lib import clock
from auditapp.pipeline.delivery.health import Health, time_words
from auditapp.pipeline.flow.figures import usually_within
from auditapp.pipeline.flow.spans import Span
from auditapp.pipeline.flow.strip import Stage, Strip, strip_of
from auditapp.pipeline.flow.upstream import Upstream
from auditapp.record.viewer import Viewer
from auditapp.sources.models import Source


@dataclass(frozen=True, slots=True)
class WholeWay:
    """From the trail to the last destination: how long the event that waits longest is on its way, and how many wait where."""

    lag: timedelta | None  # None where nothing is on its way
    in_trail: int
    at_destinations: int
    dead_letters: int
    usual: timedelta | None  # 95 of 100 batches, from the source on
    delivered_at: datetime | None
    healths: Sequence[Health]

    @property
    def lag_words(self) -> str:
        return "–" if self.lag is None else time_words(self.lag)

    @property
    def destinations(self) -> int:
        """How many are on."""
        return sum(not one.is_off for one in self.healths)

    @property
    def usual_words(self) -> str:
        return time_words(self.usual) if self.usual else ""

    @property
    def with_letters(self) -> list[Health]:
        return [one for one in self.healths if one.dead_letters]


def forwarding_strip(
    request: WorkspaceRequest, forwarding: Forwarding, target: Source | None, progress: Progress
) -> Strip:
    """The trail and what comes after it, of a day; without a source only that it is missing."""
    span, slug = Span.DAY, request.workspace.slug
    first = trail_stage(request.viewer, forwarding, progress, span, slug=slug)
    if target is not None:
        return strip_of(request.member_permissions, target, span, slug=slug).after(first)
    words, tone = ("Gone", "bad") if forwarding.source_id and forwarding.is_on else ("None", "")
    return Strip(
        [first, Stage("source", "Source", "source", None, "none is chosen", words, tone)],
        span,
        span.since,
        clock.now(),
        [],
    )


def trail_stage(viewer: Viewer, forwarding: Forwarding, progress: Progress, span: Span, *, slug: str) -> Stage:
    """How many events of the trail the forwarding asks for, of those that the viewer sees, without the source's own echo."""
    count = matching_since(viewer, forwarding.query, span.since)
    echo = echo_since(viewer, forwarding.query, forwarding.source_id, span.since).events if forwarding.source_id else 0
    words, tone = ("Flowing", "good") if forwarding.is_on else ("Off", "")
    if forwarding.is_on and progress.waiting:
        words, tone = f"{progress.waiting:,} waiting", "warn"
    url = reverse("trail:event_list", args=[slug])
    note = "events match its query" if forwarding.query else "events in the trail"
    note += f", without {echo:,} that the source itself caused" if echo else ""
    events = max(count.events - echo, 0)
    return Stage("trail", "Audit Trail", "trail", events, note, words, tone, url, is_more=count.is_more)


def whole_way(forwarding: Forwarding, progress: Progress, strip: Strip) -> WholeWay:
    """How long events take from the trail to the last destination that is on."""
    on = [one for one in strip.healths if not one.is_off]
    lags = [one.lag for one in on if one.lag] + ([progress.lag] if forwarding.is_on else [])
    return WholeWay(
        lag=max(lags, default=None),
        in_trail=progress.waiting if forwarding.generation else 0,
        at_destinations=sum(one.waiting for one in on),
        dead_letters=sum(one.dead_letters for one in strip.healths),
        usual=usually_within(on, strip.since),
        delivered_at=max(
            (one.delivery.delivered_at for one in strip.healths if one.delivery.delivered_at), default=None
        ),
        healths=strip.healths,
    )


def find_upstream(request: WorkspaceRequest, source: Source, span: Span) -> Upstream | None:
    """For the page of a source: whether audit events come into it, told to those who may open Audit Forwarding."""
    if not request.member_permissions.can(Permission.WORKSPACE_MANAGE):
        return None
    forwarding = forwarding_of(source.workspace_id)
    if not forwarding.is_on or forwarding.source_id != source.id:
        return None
    slug = request.workspace.slug
    stage = trail_stage(request.viewer, forwarding, progress_of(forwarding), span, slug=slug)
    return Upstream(NAME, reverse("forwarding:forwarding", args=[slug]), stage)
