"""A rule tried on the last 30 days before it is saved: what it would have found, and when it would have fired. Bounded, and it says so."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

from auditapp.alerts.models import AlertRule, Trigger
from auditapp.alerts.queries import DAYS_SHOWN, wanted_by
from auditapp.alerts.reader import key_of
from auditapp.alerts.windows import COLLAPSE, reached_at, silent_at
from auditapp.lib import clock
from auditapp.lib.keyset import PageKey
from auditapp.record.event_query import visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer

PAGE: Final = 500
MOST_READ: Final = 5_000
SECONDS: Final = 1.0
SAMPLES: Final = 5
TIMES_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a trial. Where it was cut, only events since `since` were looked at, and there are more before.

    `days` are firings by day, the oldest first; `messages` is what they come to where a storm is one message in five minutes.
    """

    events: int
    samples: Sequence[EventRow]
    fired: Sequence[datetime]
    messages: int
    days: tuple[int, ...]
    since: datetime
    is_cut: bool

    @property
    def latest(self) -> list[datetime]:
        return list(reversed(self.fired[-TIMES_SHOWN:]))


def try_rule(rule: AlertRule, viewer: Viewer) -> Trial:
    """What this rule would have done for a viewer in the last 30 days.

    Takes:   rule, as it would be saved; it need not be
    """
    now = clock.now()
    first = now - timedelta(days=DAYS_SHOWN)
    rows, reached = _read(rule, viewer, first)
    since = reached or first
    oldest_first = rows[::-1]
    times = [row.event.occurred_at for row in oldest_first]
    window = timedelta(seconds=rule.window_s)
    if rule.trigger == Trigger.THRESHOLD:
        keyed = [(row.event.occurred_at, key_of(rule, row.event)) for row in oldest_first]
        fired = reached_at(keyed, threshold=rule.threshold, window=window)
    elif rule.trigger == Trigger.SILENCE:
        fired = silent_at(times, since=since, until=now, window=window)
    else:
        fired = times
    return Trial(len(rows), rows[:SAMPLES], fired, _messages(fired), _by_day(fired, now), since, reached is not None)


def _read(rule: AlertRule, viewer: Viewer, first: datetime) -> tuple[list[EventRow], datetime | None]:
    """The events that match, newest first, and since when where it is not all of them."""
    wanted = replace(wanted_by(rule), since=first)
    until, rows = monotonic() + SECONDS, list[EventRow]()
    older: PageKey | None = None
    while True:
        page = visible_events(viewer).page(wanted, older=older, size=PAGE)
        rows += page.rows
        older = page.searched_to or page.older
        if older is None:
            return rows, None
        if len(rows) >= MOST_READ or monotonic() > until:
            return rows, older.occurred_at


def _messages(fired: Sequence[datetime]) -> int:
    """How many messages these firings come to: what comes within five minutes of one waits for the next."""
    count, last = 0, None
    for moment in fired:
        if last is None or moment >= last + COLLAPSE:
            count, last = count + 1, moment
        elif moment > last:
            count, last = count + 1, last + COLLAPSE
    return count


def _by_day(fired: Sequence[datetime], now: datetime) -> tuple[int, ...]:
    days = [0] * DAYS_SHOWN
    for moment in fired:
        days[max(DAYS_SHOWN - 1 - (now - moment).days, 0)] += 1
    return tuple(days)
