"""The door to a source: what is decided about an event as it comes in, once for all destinations, and then its place in the inbox.

Who sends, and in which shape, is known above: the HTTP API and forwarding bring events of one shape.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import orjson

from auditapp.lib import clock
from auditapp.pipeline.flow.counting import Done, count_stages
from auditapp.pipeline.functions.placed import AT_THE_DOOR_S, through_source_function
from auditapp.pipeline.plans.following import Following, followed_by
from auditapp.pipeline.plans.novelties import tell_novelties
from auditapp.pipeline.plans.onward import blocked_event, violation_events
from auditapp.pipeline.plans.plan import Checked
from auditapp.pipeline.plans.violation_store import Broken, keep_violations
from auditapp.pipeline.transformations.engine import Transformation
from auditapp.pipeline.transformations.running import enabled_transformations, transformed_at_source
from auditapp.pipeline.verdicts import Verdict
from auditapp.sources.inbox import Incoming, append, lock_heads
from auditapp.sources.models import SeenEvent, Source
from auditapp.sources.schema import EventName, event_name, observe

# Segment's code for an event that somebody blocked on the page of the schema.
BLOCKED: Final = Verdict.EVENT_SETTING.value
# For the function of a source that another one sends on to: the inboxes of both are locked meanwhile.
SENT_ON_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Judged:
    """An event as it came, its name, and what was decided about it."""

    event: Mapping[str, Any]
    name: EventName
    checked: Checked
    is_stopped: bool = False  # by the function of the source, before anything else was asked


def take_in(source: Source, events: Sequence[dict[str, Any]], *, is_sent_on: bool = False) -> list[int | None]:
    """Put events into the inbox of a source in the caller's transaction; blocked ones too, marked as such.

    Takes:   is_sent_on, whether another source sends these on: then this one sends nothing on because of them, so that sources
             that send to each other never turn in a circle
    Gives:   the index of each; None for one that came in before
    Raises:  SourceGone, NoProcessFree
    Writes:  SourceEvent, SourceHead, SourceCount, SeenEvent, StageCount, ViolationCount, ViolationSample;
             source.new_event_allowed or what the source's plan says of new events and fields, function.run_failed
    """
    # Before any row is locked, but for events that another source sends on: a function takes its time.
    came = through_source_function(source, events, budget_s=SENT_ON_S if is_sent_on else AT_THE_DOOR_S)
    follows = followed_by(source)
    blocked = _blocked(source)
    judged = [_judged(event, verdict, blocked, follows) for event, verdict in came]
    passed = [one for one in judged if not one.is_stopped]
    targets = {} if is_sent_on else _targets(source, follows, passed)
    if targets:
        lock_heads(source.workspace_id, [source.id, *targets])
    observed = observe(source, [one.event for one in passed])
    tell_novelties(source, follows, observed, [(one.name, one.checked) for one in passed])
    changing = enabled_transformations(source.workspace_id, source.id)
    incoming = [_incoming(one, observed.overflow, changing) for one in judged]
    indexes = append(source.workspace_id, source.id, [one for one, _ in incoming])
    # What came in before was told of before.
    new = [(one, index) for one, index in zip(judged, indexes, strict=True) if index is not None]
    done = [done for (_, done), index in zip(incoming, indexes, strict=True) if index is not None]
    count_stages(source.workspace_id, source.id, Counter(chain.from_iterable(done)), at=clock.now())
    if follows.origin:
        keep_violations(source, follows.origin.plan_id, [_broken(*one) for one in new if one[0].checked.violations])
    if targets:
        for target_id, sent_on in _sent_on(source, follows, (one for one, _ in new if not one.is_stopped)).items():
            if target := targets.get(target_id):
                take_in(target, sent_on, is_sent_on=True)
    return indexes


def _blocked(source: Source) -> set[EventName]:
    rows = SeenEvent.objects.filter(workspace_id=source.workspace_id, source_id=source.id, is_allowed=False)
    return {EventName(*row) for row in rows.values_list("type", "name")}


def _judged(event: Mapping[str, Any], verdict: Verdict, blocked: set[EventName], follows: Following) -> Judged:
    name = event_name(event)
    if verdict is not Verdict.ACCEPTED:
        return Judged(event, name, Checked(event, verdict), is_stopped=True)
    if name in blocked:
        return Judged(event, name, Checked(event, Verdict.EVENT_SETTING))
    if follows.plan is None:
        return Judged(event, name, Checked(event))
    return Judged(event, name, follows.plan.check(event, follows.settings))


def _incoming(
    one: Judged, overflow: frozenset[EventName], changing: Sequence[Transformation]
) -> tuple[Incoming, tuple[Done, ...]]:
    """The event as it goes into the inbox, and what the transformations of the source did to it."""
    kept, verdict = one.checked.event, one.checked.verdict
    done: tuple[Done, ...] = ()
    if changing and verdict is Verdict.ACCEPTED:
        kept, verdict, done = transformed_at_source(changing, dict(kept))
    name = event_name(kept)
    incoming = Incoming(
        message_id=one.event["messageId"],
        type=name.type,
        name=name.name,
        payload=orjson.dumps(kept),
        verdict=verdict.value,
        # Under the name that the schema knows it by, also where it goes on under another.
        counted_as="" if one.name in overflow else one.name.name,
    )
    return incoming, done


def _broken(one: Judged, index: int) -> Broken:
    checked = one.checked
    return Broken(index, one.event["messageId"], *one.name, checked.verdict.value, checked.violations)


def _targets(source: Source, follows: Following, judged: Iterable[Judged]) -> dict[str, Source]:
    """The sources that something of this goes on to, by id; none that is turned off, and never the source itself."""
    wanted = set()
    for one in judged:
        if follows.blocked_to and one.checked.verdict is not Verdict.ACCEPTED:
            wanted.add(follows.blocked_to)
        if follows.violations_to and one.checked.violations:
            wanted.add(follows.violations_to)
    if not (wanted := wanted - {source.id}):
        return {}
    found = Source.objects.filter(workspace_id=source.workspace_id, id__in=wanted, is_enabled=True)
    return {target.id: target for target in found}


def _sent_on(source: Source, follows: Following, new: Iterable[Judged]) -> Mapping[str, list[dict[str, Any]]]:
    sent_on: dict[str, list[dict[str, Any]]] = defaultdict(list)
    now = clock.now()
    for one in new:
        if follows.blocked_to and one.checked.verdict is not Verdict.ACCEPTED:
            sent_on[follows.blocked_to].append(blocked_event(one.event, one.checked.violations, source.id))
        if follows.violations_to and follows.origin:
            sent_on[follows.violations_to] += violation_events(
                one.event, one.checked.violations, follows.origin, at=now
            )
    return sent_on
