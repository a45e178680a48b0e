"""What a message says: of one notice, for one reader, who is told no more of its events than they may see.

Text of events is made plain here, one line each; escaping for a medium stays with the medium in messages.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from auditapp.access.models import Workspace
from auditapp.alerts.models import AlertNotice, AlertRule, By, Trigger
from auditapp.catalogue.types import Risk
from auditapp.lib.visible_text import terminal_safe
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer
from auditapp.trail.dressing import plain_text
from auditapp.trail.moments import PageTime, zone_named

MOST_SAID: Final = 300
UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One event in a line, when it happened, and where it is."""

    row: EventRow
    sentence: str
    at: str
    link: str

    @property
    def is_grave(self) -> bool:
        return self.row.event.outcome == "failure" or self.row.type.risk is Risk.RISKY


@dataclass(frozen=True, slots=True)
class Told:
    """A notice in words. `more` is how many firings it stands for beside the events that are named."""

    rule: str
    workspace: str
    headline: str
    events: Sequence[ToldEvent]
    more: int
    firings: int
    link: str

    @property
    def more_words(self) -> str:
        """Of what is not named, "" where all is."""
        if not self.more:
            return ""
        return (
            f"and {self.more:,} more"
            if self.events
            else f"{self.more:,} {'event' if self.more == 1 else 'events'} that your role does not show"
        )


def told(
    rule: AlertRule,
    notice: AlertNotice,
    viewer: Viewer,
    workspace: Workspace,
    *,
    seen: Mapping[UUID, EventRow] | None = None,
) -> Told:
    """What this viewer is told of a notice.

    Takes:   seen, the events of it that they may see, where those were read already
    """
    time = PageTime.in_zone(zone_named(workspace.time_zone))
    if seen is None:
        seen = visible_events(viewer).many(notice.event_ids)
    rows = [seen[one] for one in notice.event_ids if one in seen]
    events = [
        ToldEvent(
            row,
            plain(plain_text(row)),
            time.exact(row.event.occurred_at),
            link_to("trail:event_page", workspace, row.key),
        )
        for row in rows
    ]
    if notice.quiet_since and not notice.event_ids:
        headline = f"Nothing came for {lasting(rule.window_s)}, since {time.exact(notice.quiet_since)}"
    elif events:
        headline = events[0].sentence
    else:
        headline = "Something happened that your role does not show"
    is_silence = not notice.event_ids
    return Told(
        rule=plain(rule.name),
        workspace=plain(workspace.name),
        headline=headline,
        events=events,
        more=0 if is_silence else notice.firings - len(events),
        firings=notice.firings,
        link=link_to("alerts:rule", workspace, rule.id),
    )


def plain(said: str) -> str:
    """Text on one line, without what steers or hides."""
    line = terminal_safe(" ".join(said[: MOST_SAID * 2].split()))
    return line if len(line) <= MOST_SAID else f"{line[: MOST_SAID - 1]}…"


def link_to(name: str, workspace: Workspace, *ids: str) -> str:
    """An address as a message has it; "" in a project of its own that has no such page."""
    try:
        return str(settings.PUBLIC_URL) + reverse(name, args=[workspace.slug, *ids])
    except NoReverseMatch:
        return ""


def lasting(seconds: int) -> str:
    """`3 days`, `10 minutes`: in the largest unit that fits."""
    size, unit = next(((size, unit) for size, unit in UNITS if seconds % size == 0 and seconds >= size), (1, "second"))
    count = timedelta(seconds=seconds) // timedelta(seconds=size)
    return f"{count:,} {unit}{'' if count == 1 else 's'}"


def when_words(rule: AlertRule) -> str:
    """When a rule fires, as its page says it."""
    if rule.trigger == Trigger.EACH:
        return "At each event"
    if rule.trigger == Trigger.SILENCE:
        return f"When none came for {lasting(rule.window_s)}"
    of = "" if rule.by == By.ALL else f" {By(rule.by).label}"
    return f"At {rule.threshold:,} events{of} within {lasting(rule.window_s)}"
