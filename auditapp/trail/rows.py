"""The rows of the list as one escaped function: a template takes five times as long for them (README, bench table).

What a row says is in dressing.py; frame and pager are templates.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from auditapp.catalogue.types import Risk
from auditapp.lib.keyset import PageKey
from auditapp.lib.markup import format_html, format_html_join
from auditapp.lib.visible_text import visible
from auditapp.record.event_row import EventRow
from auditapp.trail.address import Address
from auditapp.trail.dressing import Html, actor_tag, area_tag, icon, sentence, short_address, shown
from auditapp.trail.fold_rows import BODY_BEGINS, BODY_ENDS, attempt_rows, node_of_task, told_of
from auditapp.trail.folding import Fold
from auditapp.trail.moments import PageTime
from auditapp.trail.parts import Mark
from auditapp.trail.refine import refinement
from auditapp.trail.short_changes import short_changes

Marks = Mapping[UUID, Sequence[Mark]]
Folds = Mapping[UUID, Fold]
NODE_OF_RISK: Final = {Risk.RISKY: " node--grave", Risk.NOTABLE: " node--watch", Risk.ROUTINE: ""}

# Links carry nothing but our own ids, and the text of the event stands under hx-disable: htmx reads no attribute of it.
EVENT: Final = """<tr class="trail__event{state}" role="row" data-event="{key}"{current}>
<td role="cell" class="trail__cell-thread"><span class="node{node}">{icon}</span><span class="visually-hidden">{seal}</span></td>
<td role="cell" class="trail__cell-time"><time class="trail__time has-tip" datetime="{iso}"><span class="trail__clock">{clock}</span> \
<span class="trail__ago">{ago}</span><span class="tip">{exact}<br>{utc}</span></time></td>
<td role="cell" class="trail__cell-actor" hx-disable>{actor}</td>
<td role="cell" class="trail__cell-what"><span class="trail__what"><a class="trail__link" href="{link}" hx-get="{link}">\
<span hx-disable>{sentence}</span></a>{changed}{reason}{notes}</span></td>
<td role="cell" class="trail__cell-area" hx-disable>{area}</td>
<td role="cell" class="trail__cell-ip" hx-disable>{ip}</td>
<td role="cell" class="trail__cell-marks"><span class="trail__marks">{marks}</span></td>
</tr>
"""
DAY: Final = (
    '<tr class="trail__day" role="row"><th aria-hidden="true"></th>'
    '<th colspan="6" role="rowheader"><b>{}</b> <span>{}</span></th></tr>'
)
CHECKPOINT: Final = (
    '<tr class="trail__checkpoint" role="row"><td role="cell"><span class="node node--diamond">{}</span></td>'
    '<td role="cell" colspan="6">Checkpoint {}at {} seals everything below</td></tr>'
)
CHANGES: Final = '<span class="mark has-tip">±{}<span class="tip tip--end">{}</span></span>'
MARK: Final = '<span class="mark has-tip{}">{}<span class="tip tip--end">{}</span></span>'
CHANGED: Final = '<span class="trail__changed" hx-disable><bdi>{}</bdi></span>'
REASON: Final = '<span class="trail__changed trail__reason" hx-disable title="Reason">“<bdi>{}</bdi>”</span>'
ADDRESS: Final = '<span class="trail__ip">{}</span>'
# Quick ways to narrow the list, for a pointer: by keyboard they are in the event itself, and a row stays one stop.
REFINE: Final = (
    '{}<span class="refine"><a class="refine__link" tabindex="-1" href="{}" aria-label="Only this {}">{}</a>'
    '<a class="refine__link" tabindex="-1" href="{}" aria-label="Leave out this {}">{}</a></span>'
)
TAG: Final = ' <span class="trail__tries"><span class="status" title="{}">{}{}</span></span>'
NOTE: Final = ' <span class="trail__tries"><span class="status{}">{}{}</span></span>'


@dataclass(frozen=True, slots=True)
class Seals:
    """Which rows of a page the latest checkpoint covers, by leaf index, and which of them no longer match it.

    `is_counted` where whoever looks sees every event: to others places in the log would tell how many there are that they do not.
    """

    leaves: Mapping[UUID, int]
    size: int = 0
    at: datetime | None = None
    broken: frozenset[UUID] = frozenset()
    is_counted: bool = True

    def covers(self, event_id: UUID) -> bool:
        return self.leaves.get(event_id, self.size) < self.size


def event_rows(
    rows: Sequence[EventRow],
    *,
    address: Address,
    time: PageTime,
    seals: Seals,
    current: UUID | None = None,
    with_checkpoint: bool = False,
    after: PageKey | None = None,
    marks: Marks | None = None,
    folds: Folds | None = None,
) -> Html:
    """Table rows of these events, newest first, under a heading for each day.

    Takes:   address, of the list, which each row opens an event in; current, the open event; with_checkpoint, whether
             the line of the latest checkpoint is drawn where everything below it is sealed; after, the place from which
             on rows are new to the reader; marks, what stands at the ends of rows beside the number of changes; folds, of rows
             that tell of a task, its attempts
    """
    folds = folds or {}
    line_at = _checkpoint_place(rows, seals, folds) if with_checkpoint else None
    lines = _lines(rows, address, time, seals, current, line_at, after, marks or {}, folds)
    return format_html_join("", "{}", ((html,) for html in lines))


def _lines(
    rows: Sequence[EventRow],
    address: Address,
    time: PageTime,
    seals: Seals,
    current: UUID | None,
    line_at: int | None,
    after: PageKey | None,
    marks: Marks,
    folds: Folds,
) -> Iterator[Html]:
    day: date | None = None
    cells = _Cells(address.without("open"))
    for number, row in enumerate(rows):
        row_day = time.local(row.event.occurred_at).date()
        if row_day != day:
            day = row_day
            yield format_html(DAY, *time.day_heading(day))
        if number == line_at and seals.at:
            at = time.local(seals.at)
            when = f"{at:%H:%M:%S}" if at.date() == time.today else f"{time.short(seals.at)}, {at:%H:%M:%S}"
            yield format_html(CHECKPOINT, icon("checkpoint"), f"{seals.size:,} " if seals.is_counted else "", when)
        is_new = after is not None and row.page_key > after
        fold = folds.get(row.id)
        own, told = marks.get(row.id, ()), told_of(fold, time, current) if fold else ""
        html = _event(row, cells, address, time, seals, own, fold, told, is_current=row.id == current, is_new=is_new)
        if fold is None or len(fold.attempts) < 2:
            yield html
            continue
        yield BODY_BEGINS
        yield html
        sealed = [(state, words) for state, _, _, words in (_seal(one, seals) for one in fold.attempts)]
        yield from attempt_rows(fold, sealed, address=address, time=time, current=current)
        yield BODY_ENDS


def _checkpoint_place(rows: Sequence[EventRow], seals: Seals, folds: Folds) -> int | None:
    """The first row from which on all are sealed, also what is folded; None where not even the last is."""
    place = len(rows)
    while place and _is_covered(rows[place - 1], seals, folds):
        place -= 1
    return place if place < len(rows) else None


def _is_covered(row: EventRow, seals: Seals, folds: Folds) -> bool:
    fold = folds.get(row.id)
    return all(seals.covers(one.id) for one in (fold.attempts if fold else (row,)))


def _event(
    row: EventRow,
    cells: "_Cells",
    address: Address,
    time: PageTime,
    seals: Seals,
    marks: Sequence[Mark],
    fold: Fold | None,
    told: Html,
    *,
    is_current: bool,
    is_new: bool,
) -> Html:
    event, at = row.event, row.event.occurred_at
    state, node, mark, seal = _seal(row, seals, fold)
    return format_html(
        EVENT,
        state=f"{state} trail__event--new" if is_new else state,
        key=row.key,
        current=CURRENT if is_current else "",
        node=node,
        icon=icon(mark),
        seal=seal,
        iso=time.iso(at),
        clock=time.clock(at),
        ago=time.ago(at),
        exact=time.exact(at),
        utc=time.utc(at),
        actor=cells.of("actor", event.actor.id, actor_tag, event.actor),
        link=address.opening(row.key),
        sentence=sentence(row, without_attempt=bool(told)),
        changed=format_html(CHANGED, shown(changed)) if (changed := short_changes(row)) else "",
        reason=_reason(row),
        notes=_notes(row, told, marks, is_broken=row.id in seals.broken, is_new=is_new),
        area=cells.of("area", event.area, area_tag, event.area),
        ip=cells.of("ip", ip, _address_tag, ip) if (ip := str(event.context.get("ip", ""))) else "",
        marks=_marks(row.change_count, tuple(mark for mark in marks if not mark.tag)),
    )


class _Cells:
    """Cells whose value narrows the list, made once for all rows that share it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.made: dict[tuple[str, Any], Html] = {}

    def of(self, key: str, value: str, tag: Callable[[Any], Html], shown_value: Any) -> Html:
        place = (key, shown_value)
        if place not in self.made:
            html, ways = tag(shown_value), refinement(self.address, key, value, word="address" if key == "ip" else key)
            if ways:
                plus, minus = icon("plus", small=True), icon("minus", small=True)
                html = format_html(REFINE, html, ways.only, ways.word, plus, ways.without, ways.word, minus)
            self.made[place] = html
        return self.made[place]


def _address_tag(text: str) -> Html:
    return format_html(ADDRESS, shown(short_address(text)))


NO_CHANGES: Final = ""
EMPTY: Final = format_html("<span>{}</span>", "")
CURRENT: Final = format_html(' aria-current="{}"', "true")


def node_of(row: EventRow) -> str:
    """The modifier of a row's node: what failed is as grave as what was switched off."""
    return " node--grave" if row.event.outcome == "failure" else NODE_OF_RISK[row.type.risk]


def _seal(row: EventRow, seals: Seals, fold: Fold | None = None) -> tuple[str, str, str, str]:
    """The class of the row, that of its node, its icon and its words."""
    node, mark = (node_of_task(fold) if fold else None) or (node_of(row), row.type.icon)
    leaf = seals.leaves.get(row.id)
    at_leaf = "" if leaf is None or not seals.is_counted else f", leaf {leaf:,}"
    if row.id in seals.broken:
        return " trail--broken", " node--grave", "seal-broken", f"Does not match its seal{at_leaf}"
    if seals.covers(row.id):
        return "", node, mark, f"Sealed{at_leaf}"
    return " trail--unsealed", f"{node} node--open", mark, f"Waiting for the next checkpoint{at_leaf}"


def _reason(row: EventRow) -> Html:
    """What the actor said, where there is room for it; empty where a secret was taken out of it."""
    reason = row.event.context.get("reason")
    return format_html(REASON, shown(reason)) if isinstance(reason, str) else ""


def _notes(row: EventRow, told: Html, marks: Sequence[Mark], *, is_broken: bool, is_new: bool) -> Html:
    """What stands after the sentence.

    Takes:   told, of its task, which says also that it failed
    """
    notes: list[tuple[str, Html, str]] = []
    if is_new:
        notes.append((" status--new", "", "New"))
    if is_broken:
        notes.append((" status--bad", icon("stop"), "Does not match its seal"))
    if row.event.outcome == "failure" and not told:
        notes.append((" status--bad", icon("stop"), "Failed"))
    if not row.type.is_declared:
        notes.append(("", icon("help"), "Undeclared type"))
    said = format_html_join("", NOTE, notes) if notes else ""
    if tags := [
        ("".join(run.text for run in visible(mark.words)), icon(mark.icon), mark.tag) for mark in marks if mark.tag
    ]:
        said = format_html("{}{}", said, format_html_join("", TAG, tags))
    return format_html("{}{}", told, said) if told else said


@lru_cache(maxsize=1_000)
def _marks(count: int, marks: tuple[Mark, ...]) -> Html:
    """In two columns: without changes an empty one stands first."""
    if not marks:
        return _changes(count)
    signs = (
        (f" mark--{mark.tone}" if mark.tone else "", icon(mark.icon, small=True), shown(mark.words)) for mark in marks
    )
    return format_html("{}{}", _changes(count) or EMPTY, format_html_join("", MARK, signs))


@lru_cache(maxsize=256)
def _changes(count: int) -> Html:
    if not count:
        return NO_CHANGES
    return format_html(CHANGES, count, f"{count} {'field' if count == 1 else 'fields'} changed")
