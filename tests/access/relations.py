"""Every cell of the matrix, made from its rows: who asks for what, how, in which relation to it, and what should come back.

The tests ask for these cells and nothing else; matrix_file.py writes the same ones as JSON.
"""

from collections.abc import Sequence
from itertools import product
from string import Formatter
from typing import Any, NamedTuple

from tests.access.account_rows import InstanceRow
from tests.access.api_rows import API_ROWS, EVERY_SCOPE, REFUSED, ApiRow
from tests.access.cells import ENDINGS, METHODS, OUT_OF_REACH, REMAINS, named_in, offered
from tests.access.masked_rows import REFUSED_WITHOUT, key_of, shows
from tests.access.query_rows import QueryRow
from tests.access.subjects import SUBJECTS, expected

# Both 404s are one answer, to the byte, but for the id that was asked for.
FOREIGN, UNREACHED, NAMED, GONE = (
    "of another workspace",
    "out of scope",
    "named in a body, of another workspace",
    "deleted",
)
OWN, NOT_OFFERED = "own", "method not offered"
MASKED = "values of events"
WITH_PERSONAL, WITHOUT_PERSONAL = "with personal data", "without personal data"
NEVER_WAS = (FOREIGN, UNREACHED, NAMED, GONE)
REFUSED_IN_BODY = 422  # or 404: a form says what is wrong with it, and so does a body

AREAS_WITH_SCOPE = ("sources:", "transformations:", "destinations:", "trail:", "revert:")
# Recording takes no permission: what a service sends with its token goes on when who made the token has left.
WITHOUT_MAKER = "audit:write"
# The key of a type is no id: each workspace may have its own of that name, and where its events are undone is said before there is one.
KEYED = ("PUT", "/audit-event-types/{type}/revert-callback")
# These end something that is still told of, or of which there are others of that name.
STAYS = (
    "/audit-event-types/{type}",
    "/labels/{label_key}/{free_label}",
    "/spaces/{space}",  # known by what was recorded about it
    "/destinations/{destination}/replays/{replay}",
)
NAMES_IN_BODIES = (
    "rita",
    "rita_email",
    "mina",
    "shop",
    "kiosk",
    "plan",
    "destination",
    "deployed_function",
    "label_key",
    "free_label",
)


class Cell(NamedTuple):
    """`of` is the name of the id in the row that the relation is about."""

    subject: str
    method: str
    row: Any
    relation: str
    status: int
    of: str = ""


def method_of(row: Any) -> str:
    return "GET" if row.data is None else "POST"


def own(row: Any) -> list[Cell]:
    is_post = row.data is not None
    return [Cell(one.key, method_of(row), row, OWN, expected(row, one, is_post=is_post)) for one in SUBJECTS]


def head(row: Any) -> list[Cell]:
    people = [one for one in SUBJECTS if one.key in ("olga", "rita", "zoe") and row.data is None]
    return [Cell(one.key, "HEAD", row, OWN, expected(row, one, is_post=False)) for one in people]


def foreign(row: Any) -> list[Cell]:
    return [Cell("olga", method_of(row), row, FOREIGN, 404, name) for name in row.ids]


def unreached(row: Any) -> list[Cell]:
    names = [name for name in row.ids if name in OUT_OF_REACH and row.name.startswith(AREAS_WITH_SCOPE)]
    return [Cell(who, method_of(row), row, UNREACHED, 404, name) for who, name in product(("milo", "reader"), names)]


def named(row: Any) -> list[Cell]:
    names = sorted(named_in(row.data or {}, dict.fromkeys(NAMES_IN_BODIES)))
    return [Cell("olga", "POST", row, NAMED, REFUSED_IN_BODY, name) for name in names]


def ends(row: Any) -> bool:
    """Whether this row, done by olga, ends what is last in its path."""
    return row.name in ENDINGS and row.statuses.split()[0] == "302"


def gone(ending: Any, rows: Sequence[Any]) -> list[Cell]:
    name = ending.ids[-1]
    about = [row for row in rows if name in row.ids and row.name not in REMAINS]
    return [Cell("olga", method_of(row), row, GONE, 404, name) for row in about]


def not_offered(name: str, rows: Sequence[Any]) -> list[Cell]:
    row = next(one for one in rows if one.name == name)
    methods = sorted(set(METHODS) - offered(rows, name))
    return [Cell(who, method, row, NOT_OFFERED, 405) for method, who in product(methods, ("olga", "nobody"))]


def outside(row: InstanceRow) -> list[Cell]:
    statuses = {"olga": row.signed_in, "nobody": row.nobody, "ended": row.nobody, "suspended": row.nobody}
    return [Cell(who, method_of(row), row, OWN, status) for who, status in statuses.items()]


def masked(row: Any) -> list[Cell]:
    """Of a row that shows values of events: who may see personal data meets some there, who may not meets none."""
    if not shows(row):
        return []
    method = row.method if hasattr(row, "scope") else method_of(row)
    status = int(row.statuses.split()[0]) if hasattr(row, "statuses") else row.status
    without = REFUSED_WITHOUT.get(key_of(row), status)
    return [
        Cell(WITH_PERSONAL, method, row, MASKED, status),
        Cell(WITHOUT_PERSONAL, method, row, MASKED, without),
    ]


def queried(row: QueryRow) -> list[Cell]:
    """What an id in the query leads to: one's own, and then each that is as if it had never been."""
    cells = [Cell("olga", "GET", row, OWN, row.status, row.of)]
    # Of one that leads nowhere else the page says what it says without any.
    status = 422 if row.status == 302 else row.status
    cells.append(Cell("olga", "GET", row, FOREIGN, status, row.of))
    if row.unreached:
        cells.append(Cell("milo", "GET", row, UNREACHED, status, row.of))
    return [*cells, *([Cell("olga", "GET", row, GONE, status, row.of)] if row.ending else [])]


def api_queried(row: ApiRow) -> list[Cell]:
    [name] = ids_in(row)
    # Tokens that read the trail are of those who see all of it, so that nothing is out of their scope.
    return [Cell("every scope", "GET", row, relation, 200, name) for relation in (OWN, FOREIGN)]


def ids_in(row: ApiRow) -> list[str]:
    """The names in the path of an operation."""
    return [name for _, name, _, _ in Formatter().parse(row.path) if name]


def shape(path: str) -> str:
    """The path of an operation without its query, every parameter called the same."""
    return "/".join("{}" if part.startswith("{") else part for part in path.partition("?")[0].split("/"))


def api_own(row: ApiRow) -> list[Cell]:
    opened = {row.scope, "maker left"} if row.scope == WITHOUT_MAKER else {row.scope}
    callers = (*EVERY_SCOPE, *REFUSED)
    return [Cell(who, row.method, row, OWN, row.status if who in opened else 401) for who in callers]


def api_foreign(row: ApiRow) -> list[Cell]:
    if (row.method, row.path) == KEYED:
        return []
    here = [Cell("every scope", row.method, row, FOREIGN, 404, name) for name in ids_in(row)]
    return [*here, *([Cell("elsewhere", row.method, row, OWN, 404)] if here else [])]


def api_named(row: ApiRow) -> list[Cell]:
    names = sorted(named_in(row.body or {}, dict.fromkeys(NAMES_IN_BODIES)))
    # A question about somebody who is not there is answered: they may not.
    status = row.status if row.scope == "access:check" else REFUSED_IN_BODY
    return [Cell("every scope", row.method, row, NAMED, status, name) for name in names]


def api_unreached(row: ApiRow) -> list[Cell]:
    names = [name for name in ids_in(row) if name in OUT_OF_REACH and row.scope.startswith("source:")]
    return [Cell("of milo", row.method, row, UNREACHED, 404, name) for name in names]


def api_ends(row: ApiRow) -> bool:
    return row.method == "DELETE" and row.status == 200 and row.path.endswith("}") and row.path not in STAYS


def api_gone(ending: ApiRow) -> list[Cell]:
    about = [row for row in API_ROWS if row.path.startswith(ending.path)]
    return [Cell("every scope", row.method, row, GONE, 404, ids_in(ending)[-1]) for row in about]


def api_not_offered(path: str) -> list[Cell]:
    rows = [row for row in API_ROWS if shape(row.path) == path]
    methods = sorted(set(METHODS) - {row.method for row in rows})
    return [Cell(who, one, rows[0], NOT_OFFERED, 405) for one, who in product(methods, ("every scope", "no token"))]
