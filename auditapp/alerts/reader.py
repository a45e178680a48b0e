"""The reader of the sealed log that looks for rules: which of them fire at which place of it.

Firings, what thresholds count, and the reader's new position are one transaction: none fires twice, none is left out.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Q

from auditapp.alerts.attempts import Attempt, attempt_of, tells_of_task
from auditapp.alerts.holding import Firing, Found, News, hold
from auditapp.alerts.models import AlertReading, AlertRule, AlertWindow, By, Trigger
from auditapp.alerts.notices import store_firings
from auditapp.alerts.own_events import is_worth_it
from auditapp.alerts.queries import viewer_of
from auditapp.alerts.rule_index import RuleIndex, Shape, Watch
from auditapp.alerts.windows import counted
from auditapp.catalogue.types import Risk
from auditapp.record.drafts import EventDraft
from auditapp.record.envelope import FIRST_UNITS, opened
from auditapp.record.event_matches import Looked, matches
from auditapp.record.event_types import known_types
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.readers import Forward, move_reader, read_forward, reader_position

BATCH: Final = 500
# Rules as filters, by the revision of a workspace's rules.
_INDEXES_KEPT: Final = 200
_indexes: dict[tuple[int, str], RuleIndex] = {}

WAITING = """
SELECT a.workspace_id FROM alert_reading AS a
JOIN tree_head AS h ON h.workspace_id = a.workspace_id
LEFT JOIN reader AS r ON r.workspace_id = a.workspace_id AND r.name = 'alerts-' || a.generation
WHERE greatest(coalesce(r.position, 0), a.start_index) < h.size
  AND EXISTS (SELECT FROM alert_rule AS u WHERE u.workspace_id = a.workspace_id AND u.is_enabled) ORDER BY a.workspace_id
"""


class _Hit(NamedTuple):
    """An event that a rule looks for, and the attempt that it tells of, if it does."""

    watch: Watch
    place: int
    event: EventDraft
    attempt: Attempt | None


@dataclass(slots=True)
class _Round:
    """One batch: what matched in it, and what the rules see while it lasts."""

    reading: AlertReading
    viewers: dict[str, Viewer] = field(default_factory=dict)
    hits: list[_Hit] = field(default_factory=list)
    news: list[News] = field(default_factory=list)

    @property
    def workspace_id(self) -> int:
        return self.reading.workspace_id

    def viewer(self, owner_id: str) -> Viewer:
        """What an owner may see now: a role that was taken away counts from the next batch on."""
        if owner_id not in self.viewers:
            self.viewers[owner_id] = viewer_of(self.workspace_id, owner_id)
        return self.viewers[owner_id]


def waiting_workspaces() -> list[int]:
    """The workspaces with events that no rule has seen; asked outside of any, as the worker."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return [row[0] for row in cursor.fetchall()]


def evaluate_batch(workspace_id: int, *, limit: int = BATCH) -> int:
    """Let the rules of a workspace see the next events.

    Gives:   how many places of the log the reader went on; none where another worker has it in hand
    Writes:  Reader, AlertWindow and what `store_firings` writes; one transaction
    """
    with in_workspace(workspace_id):
        reading = AlertReading.objects.select_for_update(skip_locked=True).filter(workspace_id=workspace_id).first()
        if reading is None:
            return 0
        name = reading.reader_name
        position = reader_position(workspace_id, name)
        if position < reading.start_index:
            move_reader(workspace_id, name, start=position, end=reading.start_index)
        ahead = read_forward(workspace_id, name, limit)
        if not ahead.events:
            return 0
        store_firings(workspace_id, firings_in(reading, ahead))
        move_reader(workspace_id, name, start=ahead.start, end=ahead.end)
        return len(ahead.events)


def index_of(reading: AlertReading) -> RuleIndex:
    """The enabled rules of a workspace; made anew where one was changed."""
    key = (reading.workspace_id, reading.revision)
    index = _indexes.get(key)
    if index is None:
        if len(_indexes) >= _INDEXES_KEPT:
            _indexes.clear()
        rules = AlertRule.objects.filter(workspace_id=reading.workspace_id, is_enabled=True).order_by("id")
        index = _indexes[key] = RuleIndex(rules)
    return index


def firings_in(reading: AlertReading, ahead: Forward) -> Found:
    """What fires at these places of the log, and which tasks ended there. Thresholds and silences are counted on in the caller's transaction."""
    workspace_id, index, round_ = reading.workspace_id, index_of(reading), _Round(reading)
    stored = [(one.index, one.stored, one.stored.parsed()) for one in ahead.events if one.stored]
    kinds = known_types(workspace_id, {envelope["type"] for _, _, envelope in stored})
    for place, event, envelope in stored:
        kind = kinds[envelope["type"]]
        watches = index.candidates(Shape.sealed(envelope, kind.risk), envelope["actor"])
        # Most events concern nobody, and are not opened.
        if watches or tells_of_task(event.units):
            find_hits(round_, watches, place, opened(envelope, event.units[: len(FIRST_UNITS)]), kind.risk)
    return Found(_fired(round_), round_.news)


def find_hits(round_: _Round, watches: Sequence[Watch], place: int, event: EventDraft, risk: Risk) -> None:
    """Note which of these rules one event matches, and what it says of a task."""
    attempt, looked = attempt_of(event), Looked(event)
    if attempt and attempt.is_final:
        round_.news.append(News(place, attempt, event))
    for watch in watches:
        rule = watch.rule
        if not (place >= rule.start_index and is_worth_it(rule, event, attempt)):
            continue
        if matches(watch.rest, event, round_.viewer(rule.owner_id), risk=risk, looked=looked):
            round_.hits.append(_Hit(watch, place, event, attempt))


def _fired(round_: _Round) -> list[Firing]:
    windows = _windows(round_)
    found = []
    for watch, place, event, attempt in round_.hits:
        rule, holds = watch.rule, round_.reading.holds_at(place)
        is_failure = attempt is not None and attempt.is_failure
        if rule.trigger == Trigger.EACH:
            firing = _firing(rule, place, event, 1)
            found.append(hold(firing, attempt, event, holds=holds) if attempt and is_failure else firing)
            continue
        if rule.trigger == Trigger.THRESHOLD and holds and attempt and is_failure and not attempt.is_final:
            continue  # only what failed for good counts
        window = windows[rule.id, key_of(rule, event)]
        window.index = max(window.index, place)
        if rule.trigger == Trigger.SILENCE:
            window.times, window.is_told = [max([event.occurred_at, *window.times])], False
            continue
        lasting = timedelta(seconds=rule.window_s)
        window.times, is_reached = counted(window.times, event.occurred_at, threshold=rule.threshold, window=lasting)
        if is_reached:
            found.append(_firing(rule, place, event, rule.threshold))
    AlertWindow.objects.bulk_create(
        windows.values(),
        update_conflicts=True,
        unique_fields=["workspace_id", "rule_id", "key"],
        update_fields=["times", "index", "is_told"],
    )
    return found


def _windows(round_: _Round) -> dict[tuple[str, str], AlertWindow]:
    """What was counted so far of all that the batch counts on."""
    keys: dict[str, set[str]] = defaultdict(set)
    for watch, _, event, _ in round_.hits:
        if watch.rule.trigger != Trigger.EACH:
            keys[watch.rule.id].add(key_of(watch.rule, event))
    if not keys:
        return {}
    asked = Q()
    for rule_id, of_rule in keys.items():
        asked |= Q(rule_id=rule_id, key__in=of_rule)
    known = AlertWindow.objects.filter(asked, workspace_id=round_.workspace_id)
    found = {(one.rule_id, one.key): one for one in known}
    for rule_id, of_rule in keys.items():
        for key in of_rule:
            found.setdefault((rule_id, key), AlertWindow(workspace_id=round_.workspace_id, rule_id=rule_id, key=key))
    return found


def key_of(rule: AlertRule, event: EventDraft) -> str:
    """What a threshold counts an event by."""
    if rule.trigger == Trigger.SILENCE or rule.by == By.ALL:
        return ""
    if rule.by == By.ACTOR:
        return event.actor.doer.id
    return f"{event.targets[0].type}:{event.targets[0].id}" if event.targets else ""


def _firing(rule: AlertRule, place: int, event: EventDraft, events: int) -> Firing:
    is_of_one = rule.trigger == Trigger.EACH or rule.by == By.ACTOR
    return Firing(
        rule=rule,
        index=place,
        event_id=event.id,
        occurred_at=event.occurred_at,
        events=events,
        actor_id=event.actor.doer.id if is_of_one else "",
    )
