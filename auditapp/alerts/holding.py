"""What failed attempts of tasks come to: told at once, held until the last one, closed when the task recovers. Pure.

All of it is decided by the order of the log, so it comes to the same however often a worker begins anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from auditapp.alerts.attempts import LONGEST_HELD, Attempt
from auditapp.alerts.models import AlertFiring, AlertRule, Hold
from auditapp.record.drafts import EventDraft


@dataclass(slots=True)
class Firing:
    """A rule that fires. Of a silence there is no event, `index` is the place of the last one before it, and `occurred_at` its time.

    `stored` is its row, where it was written down before.
    """

    rule: AlertRule
    index: int
    event_id: UUID | None
    occurred_at: datetime
    events: int = 1
    actor_id: str = ""
    task: str = ""
    is_open: bool = False
    hold: str = Hold.NONE
    held_until: datetime | None = None
    notice_id: str = ""
    stored: AlertFiring | None = None


@dataclass(frozen=True, slots=True)
class News:
    """A task that failed for good or recovered, at one place of the log."""

    index: int
    attempt: Attempt
    event: EventDraft


@dataclass(slots=True)
class Found:
    """What a stretch of the log comes to, in its order."""

    firings: list[Firing] = field(default_factory=list)
    news: list[News] = field(default_factory=list)

    @property
    def tasks(self) -> set[str]:
        """The tasks whose earlier firings matter."""
        return {one.attempt.task for one in self.news}


@dataclass(slots=True)
class Say:
    """What the next message of a rule tells: firings, of which each counts; held ones that go with them; and tasks that recovered."""

    rule: AlertRule
    actors: list[str] = field(default_factory=list)
    event_ids: list[UUID] = field(default_factory=list)
    quiet_since: datetime | None = None
    firings: list[Firing] = field(default_factory=list)
    recovered_ids: list[UUID] = field(default_factory=list)
    silent_ids: list[UUID] = field(default_factory=list)
    told_before: set[str] = field(default_factory=set)

    def tell(self, event_id: UUID | None, actor_id: str) -> None:
        """Count one more thing to tell of."""
        self.actors.append(actor_id)
        self.event_ids += [event_id] if event_id else []


def hold(firing: Firing, attempt: Attempt, event: EventDraft, *, holds: bool) -> Firing:
    """A firing at a failed attempt, held where only the last one is told of and this is not it."""
    firing.task, firing.is_open = attempt.task, True
    if holds and not attempt.is_final:
        firing.hold, firing.held_until = Hold.HELD, event.received_at + LONGEST_HELD
    return firing


def settle(found: Found, stored: Iterable[Firing]) -> list[Say]:
    """Go through a stretch of the log, with the open firings of its tasks from before; gives what is told by each rule."""
    open_: dict[str, dict[str, list[Firing]]] = {}
    says: dict[str, Say] = {}
    for firing in stored:
        open_.setdefault(firing.task, {}).setdefault(firing.rule.id, []).append(firing)
    # Of one place, what fires there comes before what that place says of its task.
    moments: Sequence[Firing | News] = sorted([*found.firings, *found.news], key=lambda one: one.index)
    for one in moments:
        if isinstance(one, Firing):
            if one.task:
                open_.setdefault(one.task, {}).setdefault(one.rule.id, []).append(one)
            if one.hold != Hold.HELD:
                _tell(says, one)
        elif one.attempt.is_failure:
            for of_rule in open_.get(one.attempt.task, {}).values():
                _fail(says, of_rule, one)
        else:
            for of_rule in open_.pop(one.attempt.task, {}).values():
                _recover(says, of_rule, one)
    return list(says.values())


def give_up(overdue: Iterable[Firing]) -> list[Say]:
    """Tell of what was held for too long: each task once, by its last attempt."""
    says: dict[str, Say] = {}
    of_tasks: dict[tuple[str, str], list[Firing]] = {}
    for firing in overdue:
        of_tasks.setdefault((firing.rule.id, firing.task), []).append(firing)
    for of_task in of_tasks.values():
        last, say = of_task[-1], _say(says, of_task[0])
        _let_go(say, of_task, Hold.SILENT)
        say.tell(last.event_id, last.actor_id)
        say.silent_ids += [last.event_id] if last.event_id else []
    return list(says.values())


def _say(says: dict[str, Say], firing: Firing) -> Say:
    return says.setdefault(firing.rule.id, Say(firing.rule))


def _tell(says: dict[str, Say], firing: Firing) -> None:
    say = _say(says, firing)
    say.tell(firing.event_id, firing.actor_id)
    say.firings.append(firing)
    if firing.event_id is None:
        say.quiet_since = firing.occurred_at


def _fail(says: dict[str, Say], of_rule: Sequence[Firing], last: News) -> None:
    """The last attempt failed: what was held goes with it. It may be of another sort than the rule looks for, and is told of all the same."""
    held = [one for one in of_rule if one.hold == Hold.HELD]
    if not held:
        return
    say = _say(says, held[0])
    _let_go(say, held, Hold.FAILED)
    if not any(one.index == last.index for one in of_rule):
        say.tell(last.event.id, last.event.actor.doer.id)


def _recover(says: dict[str, Say], of_rule: Sequence[Firing], recovery: News) -> None:
    """The task recovered: nobody hears of what was held, and who was told of a failure is told so."""
    told = [one for one in of_rule if one.hold != Hold.HELD]
    for one in of_rule:
        one.is_open, one.held_until = False, None
        one.hold = Hold.RECOVERED if one.hold == Hold.HELD else one.hold
    if told:
        say = _say(says, told[0])
        say.recovered_ids.append(recovery.event.id)
        say.told_before |= {one.notice_id for one in told if one.notice_id}


def _let_go(say: Say, held: Iterable[Firing], how: Hold) -> None:
    for one in held:
        one.hold, one.held_until = how, None
        say.firings.append(one)
