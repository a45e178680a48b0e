"""The matrix of ids in queries: what is of another workspace, out of reach or gone narrows, opens and names as much as what never was."""

import re
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.http import QueryDict

from auditapp.lib import clock
from auditapp.record.event_query import visible_events
from auditapp.trail import detail, supporters
from auditapp.urls import api
from tests.access.api_rows import API_ROWS, api_ids, callers
from tests.access.cells import answer, ask, missing, page_of, undone
from tests.access.query_rows import (
    API_PLAIN,
    API_QUERY_ROWS,
    OF_FILTERS,
    OF_THE_LIST,
    PLAIN,
    PLAIN_THERE,
    QUERY_ROWS,
    as_cursor,
    query_ids,
)
from tests.access.relations import FOREIGN, GONE, OWN, api_queried, ids_in, queried, shape
from tests.access.relations import UNREACHED as OUT_OF_SCOPE
from tests.access.subjects import browsers
from tests.access.test_api_matrix import told as told_of_operation
from tests.access.test_matrix import MATRIX, Worlds, world_of
from tests.conftest import cloned_database
from tests.trail.history import seal_all

PRODUCT = Path(__file__).parents[2] / "auditapp"
READ = re.compile(
    r"""\bGET(?:\.get(?:list)?\(|\[)["'](\w+)["']|\bGET, ["'](\w+)["']|["'](\w+)["'] (?:not )?in request\.GET\b"""
)
COLOUR = re.compile(rb"avatar--\d")
KEY = re.compile(r"[?&](\w+(?:\.\w+)?)=")


@pytest.fixture(scope="module")
def worlds(server, django_db_blocker):
    """Made once: each cell rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        (cast, own), (other, foreign) = world_of("demo"), world_of("other")
        own |= api_ids(cast, own) | query_ids(cast)
        foreign |= api_ids(other, foreign) | query_ids(other)
        seal_all()
        yield Worlds(cast, own, foreign, browsers(cast, other))


@pytest.fixture(scope="module")
def tokens(worlds):
    """Who calls the API in the same worlds."""
    other = type("Other", (), {"workspace": worlds.cast.workspace, "olga": worlds.cast.olga})
    return callers(worlds.cast, other, worlds.signed_in)


def told(row):
    return f"{row.name}-{row.target or 'page'}-{row.query}"


def in_words(key):
    """What the key of a type that is not declared is called."""
    return key.replace(".", " ").title()


@cache
def moment():
    """After all that is in the worlds."""
    return clock.now() + timedelta(minutes=1)


def answered(worlds, who, row, one):
    """The answer, at one moment for all of them, but for the colour that is chosen by an id."""
    with clock.at(moment()):
        found = answer(
            worlds.signed_in[who], row, {**worlds.own, row.of: one}, without=[one, in_words(one), worlds.own[row.of]]
        )
    return found._replace(body=COLOUR.sub(b"", found.body))


def unlike(worlds, row):
    """Where an answer is not what the matrix says: the relation, with what came."""
    found, never = {}, {}
    there = {FOREIGN: worlds.foreign[row.of], GONE: worlds.own[row.of], OUT_OF_SCOPE: worlds.own.get(row.unreached)}
    for cell in queried(row):
        if cell.relation == OWN:
            own = answered(worlds, cell.subject, row, worlds.own[row.of])
            if own.status != cell.status:
                found[OWN] = own.status
            continue
        with undone():
            if cell.relation == GONE:
                ending = next(one for one in MATRIX if one.name == row.ending and one.ids[-1] == row.of)
                assert ask(worlds.signed_in["olga"], ending, "POST", worlds.own).status_code == 302
            one = there[cell.relation]
            seen = answered(worlds, cell.subject, row, one)
            never[cell.relation] = answered(worlds, cell.subject, row, missing(one))
        if seen.status != cell.status or seen != never[cell.relation]:
            found[cell.relation] = seen.status
    if (own != never[FOREIGN]) is not row.differs:
        found["differs"] = row.differs
    return found


@pytest.mark.parametrize("row", QUERY_ROWS, ids=told)
def test_what_is_not_one_s_own_is_as_if_it_never_was(worlds, row):
    assert unlike(worlds, row) == {}


def called(worlds, caller, row, name, one):
    """The answer to an operation; a place is asked for as the API calls it."""
    value = as_cursor(one) if name == "place" else one
    return caller.answer(row, {**worlds.own, name: value}, without=(value, one))


@pytest.mark.parametrize("row", API_QUERY_ROWS, ids=told_of_operation)
def test_operations_answer_as_if_it_never_was(worlds, tokens, row):
    [name] = ids_in(row)
    there, caller = worlds.foreign[name], tokens["every scope"]
    own, foreign, never = (called(worlds, caller, row, name, one) for one in (worlds.own[name], there, missing(there)))
    assert {OWN: own.status, FOREIGN: foreign.status} == {cell.relation: cell.status for cell in api_queried(row)}
    assert foreign == never
    assert (foreign != own) is (name != "role")  # that nobody has


class Watched(QueryDict):
    """A query that tells which of its keys were asked for."""

    asked: set[str]

    def get(self, key, default=None):
        self.asked.add(key)
        return super().get(key, default)

    def getlist(self, key, default=None):
        self.asked.add(key)
        return super().getlist(key, default)

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self.asked.add(key)
        return super().__contains__(key)


@pytest.fixture(scope="module")
def read(worlds):
    """The keys that each page reads, by its name; and a row of it by which to ask again."""
    keys, rows = defaultdict(set), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WSGIRequest, "GET", property(lambda self: Watched(self.META["QUERY_STRING"])))
        for row in [*MATRIX, *(row for row in QUERY_ROWS if row.name not in OF_FILTERS)]:
            if row.data is None:
                rows.setdefault(row.name, row)
                patch.setattr(Watched, "asked", keys[row.name], raising=False)
                with undone():
                    ask(worlds.signed_in["olga"], row, "GET", worlds.own)
    assert sum(map(bool, keys.values())) > 30
    return keys, rows


def test_every_key_that_a_page_reads_has_a_cell_or_names_nothing(read):
    has_cell = {(row.name, key) for row in QUERY_ROWS for key in KEY.findall(f"?{row.query}")}
    has_cell |= {(name, key) for name in (*OF_FILTERS, "trail:event_page") for key in OF_THE_LIST | {"query"}}
    without = {(name, key) for name, keys in read[0].items() for key in keys - PLAIN} - has_cell - PLAIN_THERE
    assert without == set(), "Give it a row in tests/access/query_rows.py, or say there that it names nothing."


def test_no_key_takes_a_page_down(worlds, read):
    """NUL, which the database's text cannot hold. Filters of the trail are refused as one: there, once with all of them."""
    down = set()
    for name, keys in read[0].items():
        path = page_of(name, [worlds.own[one] for one in read[1][name].ids])
        for asked in [keys] if len(keys) > 20 else [{key} for key in keys]:
            with undone():
                answered = worlds.signed_in["olga"].get(f"{path}?" + "&".join(f"{key}=%00x" for key in sorted(asked)))
            down |= {(name, *asked)} if answered.status_code >= 500 else set()
    assert down == set()


def test_every_key_in_the_code_is_known():
    written = {key for path in PRODUCT.rglob("*.py") for keys in READ.findall(path.read_text()) for key in keys if key}
    assert len(written) > 20
    assert written - PLAIN <= {key for row in QUERY_ROWS for key in KEY.findall(f"?{row.query}")}


def test_every_parameter_of_an_operation_has_a_cell_or_names_nothing():
    has_cell = {
        (row.method, shape(row.path), key) for row in [*API_ROWS, *API_QUERY_ROWS] for key in KEY.findall(row.path)
    }
    parameters = {
        (method.upper(), shape(path.removeprefix("/api")), one["name"])
        for path, methods in api.get_openapi_schema(path_prefix="/api")["paths"].items()
        for method, operation in methods.items()
        for one in operation.get("parameters", [])
        if one["in"] == "query" and "pagination" not in one["name"] and one["name"] not in API_PLAIN
    }
    assert parameters - has_cell - {("GET", "/tracking-plans", "type")} == set()


def test_a_drawer_that_opens_what_is_out_of_reach_is_noticed(worlds, monkeypatch):
    row = next(row for row in QUERY_ROWS if row.query == "open={changed}" and row.target == "drawer")
    assert unlike(worlds, row) == {}
    monkeypatch.setattr(detail, "visible_events", lambda viewer: visible_events(replace(viewer, sees_all=True)))
    assert unlike(worlds, row).keys() == {OUT_OF_SCOPE}


def test_names_of_whom_nobody_saw_are_noticed(worlds, monkeypatch):
    row = next(row for row in QUERY_ROWS if row.query == "support={supporter}" and row.name == "trail:event_list")
    assert unlike(worlds, row) == {}
    monkeypatch.setattr(supporters, "visible_events", lambda viewer: visible_events(replace(viewer, sees_all=True)))
    assert unlike(worlds, row).keys() == {OUT_OF_SCOPE}
