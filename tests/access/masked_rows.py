"""Rows of the matrix on which values of events are shown: to who may see personal data, and without it to who may not.

A page is known by its name, the ids in its path and what is posted. One that shows such values and is not here fails a test, and so does one
that is here and shows none.
"""

from typing import Any, NamedTuple

ALL_EVENTS = "changed"  # the name of the id in whose place each event with a canary stands


class PartRow(NamedTuple):
    """A part of a page, or a page asked for in another way: `target` is the id of what htmx swaps."""

    name: str
    ids: tuple[str, ...] = ()
    query: str = ""
    target: str = ""
    data: dict[str, Any] | None = None
    status: int = 200
    shows: bool = True


TRY = {"name": "Tried", "trigger": "each", "query": "outcome:failure", "by_bell": "1", "intent": "try"}
PARTS = [
    PartRow("trail:event_list", target="events"),
    PartRow("trail:event_list", target="drawer", query="open={changed}"),
    PartRow("trail:event_list", target="show-counts", shows=False),
    PartRow("trail:event_list", target="bars", query="bars=1", shows=False),
    PartRow("trail:event_list", target="live", query="after={place}", shows=False),
    PartRow("trail:event_list", query="open={changed}"),
    PartRow("trail:event_list", query="reads=1&fold=off&tz=utc"),
    PartRow("trail:event_list", query="actor_q=canary&event_q=raise"),
    PartRow("trail:event_list", query="event=raise.given"),
    PartRow("trail:event_page", ("changed",), query="verify=1"),
    PartRow("trail:event_page", ("told",)),
    PartRow("trail:event_export", ("csv",), query="reads=1"),
    PartRow("trail:event_export", ("jsonl",), query="reads=1"),
    # Each of them gets what was written for them in the background.
    PartRow("trail:export_file", ("written_export",)),
    PartRow("trail:export_manifest", ("written_export",), shows=False),
    PartRow("trail:export_list", target="exports", shows=False),
    PartRow("revert:undo", ("changed",), query="what=version"),
    PartRow("revert:undo", ("changed",), query="what=request"),
    PartRow("revert:undo", ("changed",), target="revert"),
    PartRow("revert:undo", ("changed",), target="event-slot"),
    PartRow("revert:undo", ("told",)),
    PartRow("revert:undo", ("told",), target="event-slot"),
    PartRow("alerts:rule_create", data=TRY),
    PartRow("alerts:rule_create", query="ready=token", shows=False),
]
# By the name of the page, its ids and whether something is posted, of the rows in test_matrix.py and beside it.
SHOWS = {
    ("trail:event_list", (), False),
    ("trail:event_page", ("changed",), False),
    ("trail:event_proof", ("changed",), False),
    ("trail:event_export", ("csv",), False),
    ("trail:view_list", (), False),
    ("revert:undo", ("changed",), False),
    ("revert:undo", ("changed",), True),
    ("alerts:rule_list", (), False),
    ("alerts:bell", (), False),
    ("alerts:rule", ("alert",), False),
    ("alerts:rule_edit", ("alert",), False),
    ("alerts:rule_test", ("alert",), True),
    ("plans:plan_changelog", ("plan",), False),
    ("spaces:space", ("space",), False),
    ("access:role", ("role",), False),
}
# Operations of the API by method and path.
API_SHOWS = {
    ("GET", "/audit-events"),
    ("GET", "/audit-events/{changed}"),
    ("POST", "/audit-events/{changed}/revert"),
    ("GET", "/alert-rules"),
    ("POST", "/alert-rules/try"),
    ("GET", "/alert-rules/{alert}"),
    ("PATCH", "/alert-rules/{alert}"),
    ("POST", "/alert-rules/{alert}/try"),
    ("GET", "/alert-rules/{alert}/firings"),
}
# Who may not see what a rule looks for does not change it either.
REFUSED_WITHOUT = {("alerts:rule_edit", ("alert",), False): 403, ("PATCH", "/alert-rules/{alert}"): 401}


def key_of(row: Any) -> tuple[Any, ...]:
    """What a row is known by here."""
    return (row.method, row.path) if hasattr(row, "scope") else (row.name, row.ids, row.data is not None)


def shows(row: Any) -> bool:
    """Whether this row shows values of events to who may see them."""
    return row.shows if isinstance(row, PartRow) else key_of(row) in (SHOWS | API_SHOWS)
