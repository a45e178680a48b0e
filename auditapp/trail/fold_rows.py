"""What a row of the list says of its task, and the attempts that unfold under it: markup of what folding.py found."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from auditapp.lib.markup import format_html, format_html_join
from auditapp.record.attempts import attempt_of
from auditapp.record.event_row import EventRow
from auditapp.trail.address import Address
from auditapp.trail.dressing import Html, icon, shown
from auditapp.trail.folding import Fold, span
from auditapp.trail.moments import PageTime

# A body of its own for each task: its switch shows the rows in it (app.css), without scripts.
BODY_BEGINS: Final = format_html('</tbody><tbody role="rowgroup" class="trail__task">{}', "")
BODY_ENDS: Final = format_html('</tbody><tbody role="rowgroup">{}', "")
SWITCH: Final = (
    '<details class="fold"{}><summary class="attempts-toggle" aria-label="{} attempts">'
    '<span class="attempts" aria-hidden="true">{}</span>{}</summary></details>'
)
OPEN: Final = format_html(" open{}", "")
SHAPE: Final = '<span class="attempts__try{}">{}</span>'
BETWEEN: Final = '<span class="attempts__more">{}</span>'
STATUS: Final = '<span class="status{}">{}{}</span>'
TOLD: Final = ' <span class="trail__tries trail__tries--task">{}{}</span>'
ATTEMPT: Final = """<tr class="trail__attempt{state}" role="row" data-event="{key}"{current}>
<td role="cell"><span class="node node--small{node}">{icon}</span><span class="visually-hidden">{seal}</span></td>
<td role="cell"><time class="tiny" datetime="{iso}" title="{exact}">{clock}</time></td>
<td role="cell" colspan="5"><p><a class="trail__try" href="{link}" hx-get="{link}"><span hx-disable>{said}</span></a>\
<span class="faint">{after}</span></p></td>
</tr>
"""
# More tries than these are the first, how many there are in between, and the last.
SHAPES: Final = 5
# A page has many; the event's own has all of it.
MAX_REASON: Final = 300


def told_of(fold: Fold, time: PageTime, current: UUID | None) -> Html:
    """How the task of a row stands, and the switch that unfolds its attempts where there are several."""
    words = fold.words(time)
    status = format_html(STATUS, *_tone(fold), words) if words else ""
    return format_html(TOLD, _switch(fold, current), status) if status or len(fold.attempts) > 1 else ""


def node_of_task(fold: Fold) -> tuple[str, str] | None:
    """Modifier and icon of the node of a row that tells of a task; None where those of its event say enough."""
    if fold.has_failed or not (fold.has_recovered or fold.is_failing):
        return None
    return " node--watch", "retry"


def attempt_rows(
    fold: Fold,
    seals: Sequence[tuple[str, str]],
    *,
    address: Address,
    time: PageTime,
    current: UUID | None,
) -> list[Html]:
    """The attempts of a task, oldest first: when, what went wrong, and how long after the one before.

    Takes:   seals, of each attempt in the order of the fold, the class of its row and its words
    """
    rows: list[Html] = []
    day = time.local(fold.attempts[0].event.occurred_at).date()
    before: EventRow | None = None
    for row, (state, seal) in reversed(list(zip(fold.attempts, seals, strict=True))):
        at = row.event.occurred_at
        local = time.local(at)
        node, sign = node_of_attempt(row)
        rows.append(
            format_html(
                ATTEMPT,
                state=state,
                key=row.key,
                current=format_html(' aria-current="{}"', "true") if row.id == current else "",
                node=node,
                icon=icon(sign),
                seal=seal,
                iso=time.iso(at),
                exact=time.exact(at),
                clock=f"{local:%H:%M:%S}" if local.date() == day else f"{time.short(at)}, {local:%H:%M}",
                link=address.opening(row.key),
                said=shown(what_happened(row)),
                after=_after(row, before),
            )
        )
        before = row
    return rows


def node_of_attempt(row: EventRow) -> tuple[str, str]:
    """Modifier and icon of an attempt's node."""
    return (" node--grave", "x") if row.event.outcome == "failure" else (" node--good", "check")


def what_happened(row: EventRow) -> str:
    """`Attempt 2 failed: the connection was refused`, as unescaped text."""
    attempt = attempt_of(row.event)
    number = attempt.number if attempt else 1
    if row.event.outcome != "failure":
        return f"Attempt {number} succeeded"
    reason = row.event.meta.get("reason")
    if not isinstance(reason, str) or not reason:
        return f"Attempt {number} failed"
    why = reason if len(reason) <= MAX_REASON else f"{reason[:MAX_REASON]}…"
    return f"Attempt {number} failed: {why}"


def _after(row: EventRow, before: EventRow | None) -> str:
    if before is None:
        return ""
    attempt = attempt_of(before.event)
    length = span(row.event.occurred_at - before.event.occurred_at)
    return f"{length} after attempt {attempt.number}" if attempt else ""


def _tone(fold: Fold) -> tuple[str, Html]:
    if fold.has_recovered:
        return " status--good", icon("retry")
    if fold.has_failed:
        return " status--bad", icon("stop")
    return " status--warn", icon("retry")


def _switch(fold: Fold, current: UUID | None) -> Html:
    if len(fold.attempts) < 2:
        return ""
    is_open = any(row.id == current for row in fold.attempts[1:])
    shapes = [_shape(row) for row in reversed(fold.attempts)]
    if len(shapes) > SHAPES:
        shapes = [shapes[0], format_html(BETWEEN, f"{len(shapes) - 2} more"), shapes[-1]]
    if fold.next_at:
        shapes.append(format_html(SHAPE, " attempts__try--next", icon("clock")))
    drawn = format_html_join("", "{}", ((shape,) for shape in shapes))
    return format_html(SWITCH, OPEN if is_open else "", len(fold.attempts), drawn, icon("chevron-down"))


def _shape(row: EventRow) -> Html:
    is_failure = row.event.outcome == "failure"
    return format_html(SHAPE, "" if is_failure else " attempts__try--done", icon("x" if is_failure else "check"))
