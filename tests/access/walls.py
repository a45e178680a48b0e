"""The two walls between workspaces, each of which can be taken away to see that the other one holds: filters of the code, policies of the database."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection

from tests.access.cells import comparable, page_of, undone

# `"source"."workspace_id" = %s` of the ORM, `e.workspace_id = %(workspace_id)s` of SQL that is written by hand.
FILTER = re.compile(r'(?:"?\w+"?\.)?"?workspace_id"?\s*=\s*(?:%s|%\((?:workspace_id|ws)\)s)')
LISTS = (
    "",
    "?q=order",
    "?q=actor",
    "?outcome=failure&with=fold",
    "?area=sources&from=2020-01-01&to=2030-01-01",
    "?event=source.modified",
    "?actor=!nobody",
)


Seen = tuple[int, bytes, bytes]  # status, body, headers


class Removed:
    """Counts the statements whose filters were taken out."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if isinstance(sql, str) and sql.lstrip().upper().startswith(("SELECT", "WITH")):
            sql, found = FILTER.subn(r"(\g<0> OR TRUE)", sql)
            self.statements += bool(found)
        return execute(sql, params, many, context)


@contextmanager
def no_filters() -> Iterator[Removed]:
    """What is read is no longer limited to a workspace by the code; the parameter is still taken."""
    removed = Removed()
    with connection.execute_wrapper(removed):
        yield removed


def pages(rows: Any, ids: Mapping[str, Any]) -> list[str]:
    """Every page that can be looked at, once with each of its ids, and the trail asked in several ways."""
    found = [page_of(row.name, [ids[name] for name in row.ids]) for row in rows if row.data is None]
    return [*found, *(page_of("trail:event_list", ()) + query for query in LISTS[1:])]


def look(get: Callable[[str], Any], paths: list[str]) -> dict[str, Seen]:
    """What each of these addresses answers, headers and all; nothing of it stays."""
    answers = {}
    for path in paths:
        with undone():
            response = get(path)
            answers[path] = (response.status_code, comparable(response, ()).body, str(response.headers).encode())
    return answers


def traces(answers: Mapping[str, Seen], marks: list[str]) -> dict[str, list[str]]:
    """Where something of the other workspace was found."""
    found = {}
    for path, (_, body, headers) in answers.items():
        lower = (body + headers).lower()
        if there := [mark for mark in marks if mark.lower().encode() in lower]:
            found[path] = there[:3]
    return found
