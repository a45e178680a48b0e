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
from auditapp.alerts.attempts import attempt_of
from auditapp.alerts.models import AlertFiring, AlertNotice, AlertRule, By, Hold, Trigger
from auditapp.alerts.seen import may_count, told_ids_of
from auditapp.catalogue.types import Risk
from auditapp.lib.visible_text import terminal_safe
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer
from auditapp.trail.dressing import plain_text
from auditapp.trail.moments import PageTime, zone_named

MOST_SAID: Final = 300
# Of one task in a message.
MOST_ATTEMPTS: Final = 20
UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """One event in a line, when it happened, and where it is. `attempts` are those that were held until it, `last` is what it says of
    its own attempt, each in a line.
    """

    row: EventRow
    sentence: str
    at: str
    link: str
    attempts: Sequence[str] = ()
    last: str = ""

    @property
    def tries(self) -> list[str]:
        """Every attempt, the last one too."""
        return [*self.attempts, *([self.last] if self.last else [])]

    @property
    def reason(self) -> str:
        """Why somebody did it, in their words; nothing where the reader may not see them."""
        said = self.row.event.context.get("reason")
        return plain(said) if isinstance(said, str) else ""

    @property
    def is_grave(self) -> bool:
        return self.row.event.outcome == "failure" or self.row.type.risk is Risk.RISKY


@dataclass(frozen=True, slots=True)
class Told:
    """A notice in words. `more` is how many firings it stands for beside the events that are named, `more_recovered` how many tasks
    recovered beside those that are named. `is_own` of what a member chose to be told of by area.
    """

    rule: str
    workspace: str
    headline: str
    events: Sequence[ToldEvent]
    more: int
    firings: int
    link: str
    recovered: Sequence[ToldEvent] = ()
    more_recovered: int = 0
    is_own: bool = False
    is_silence: bool = False

    @property
    def tells_nothing(self) -> bool:
        """Whether nothing of it may be told to this reader; then they are told nothing at all."""
        return not (self.events or self.recovered or self.is_silence or self.more or self.more_recovered)

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

    @property
    def recovered_words(self) -> str:
        """How many tasks recovered of which a failure was told, "" where none did."""
        count = len(self.recovered) + self.more_recovered
        if not count:
            return ""
        return (
            "It recovered since you were told of a failure"
            if count == 1
            else f"{count:,} tasks recovered of which failures were told"
        )


def told(
    rule: AlertRule,
    notice: AlertNotice,
    viewer: Viewer,
    workspace: Workspace,
    *,
    seen: Mapping[UUID, EventRow] | None = None,
    is_closing: bool = False,
) -> Told:
    """What this viewer is told of a notice.

    Takes:   seen, the events of it that they may see, where those were read already; then no attempts before the last are told
             is_closing, to tell of what recovered alone
    """
    time = PageTime.in_zone(zone_named(workspace.time_zone))
    firings = 0 if is_closing else notice.firings
    tries: Mapping[UUID, Sequence[str]] = {}
    is_read = seen is not None
    if seen is None:
        seen = visible_events(viewer).many([*([] if is_closing else notice.event_ids), *notice.recovered_ids])
    event_ids = [] if is_closing else told_ids_of(viewer, notice, seen)
    if others := [one for one in event_ids if one not in notice.event_ids]:
        seen = {**seen, **visible_events(viewer).many(others)}
    if not is_read:
        tries = _attempts(notice, viewer, [seen[one] for one in event_ids if one in seen], time)

    def said(one: UUID, row: EventRow, ending: str) -> ToldEvent:
        sentence = plain(plain_text(row)) + ending
        link = link_to("trail:event_page", workspace, row.key)
        before = tries.get(one, ())
        last = _try(row, time) if before or _is_told_whole(row, notice) else ""
        return ToldEvent(row, sentence, time.exact(row.event.occurred_at), link, before, last)

    events = [said(one, seen[one], _ending(seen[one], notice)) for one in event_ids if one in seen]
    recovered = [said(one, seen[one], "") for one in notice.recovered_ids if one in seen]
    if notice.quiet_since and not notice.event_ids and not is_closing:
        headline = f"Nothing came for {lasting(rule.window_s)}, since {time.exact(notice.quiet_since)}"
    elif events or recovered:
        headline = (events or recovered)[0].sentence
    else:
        headline = "Something happened that your role does not show"
    is_silence, counts = not notice.event_ids or is_closing, may_count(viewer, rule, notice, seen)
    return Told(
        rule=plain(rule.name),
        is_own=bool(rule.own),
        is_silence=notice.quiet_since is not None and not notice.event_ids and not is_closing,
        workspace=plain(workspace.name),
        headline=headline,
        events=events,
        more=firings - len(events) if counts and not is_silence else 0,
        firings=firings if counts else len(events),
        link=link_to("alerts:preferences", workspace) if rule.own else link_to("alerts:rule", workspace, rule.id),
        recovered=recovered,
        more_recovered=notice.recovered - len(recovered) if counts else 0,
    )


def _ending(row: EventRow, notice: AlertNotice) -> str:
    """What is to be said of the task of a failed attempt: that it failed for good, or that nothing more was heard of it."""
    if row.id in notice.silent_ids:
        return ". Since then nothing was heard of it, for 24 hours"
    if not _is_last_failure(row):
        return ""
    number = row.event.meta["attempt"]
    return f": failed for good after {number:,} attempt{'' if number == 1 else 's'}"


def _is_last_failure(row: EventRow) -> bool:
    attempt = attempt_of(row.event)
    return attempt is not None and attempt.is_failure and attempt.is_final


def _is_told_whole(row: EventRow, notice: AlertNotice) -> bool:
    """Whether this event ends the story of a task, so that what went wrong at last belongs to it."""
    return row.id in notice.silent_ids or _is_last_failure(row)


def _attempts(notice: AlertNotice, viewer: Viewer, last: Sequence[EventRow], time: PageTime) -> dict[UUID, list[str]]:
    """The attempts that were held until these events told of their tasks, by the event, as the viewer may see them."""
    tasks = {attempt.task: row.id for row in last if (attempt := attempt_of(row.event))}
    if not tasks:
        return {}
    held = AlertFiring.objects.filter(workspace_id=notice.workspace_id, rule_id=notice.rule_id, notice_id=notice.id)
    held = held.filter(task__in=tasks).exclude(hold=Hold.NONE)
    found: dict[UUID, list[str]] = {}
    rows = list(held.order_by("index").values_list("task", "event_id")[: MOST_ATTEMPTS * len(tasks)])
    seen = visible_events(viewer).many([event_id for _, event_id in rows if event_id])
    for task, event_id in rows:
        if event_id in seen and event_id != tasks[task]:
            found.setdefault(tasks[task], []).append(_try(seen[event_id], time))
    return found


def _try(row: EventRow, time: PageTime) -> str:
    """One attempt: which, when, and what went wrong."""
    number, reason = row.event.meta.get("attempt"), row.event.meta.get("reason")
    which = f"Attempt {number:,}" if isinstance(number, int) else "An attempt"
    why = f": {reason}" if isinstance(reason, str) and reason else ""
    return plain(f"{which}, {time.exact(row.event.occurred_at)}{why}")


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
