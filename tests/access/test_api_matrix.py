"""The matrix of the API: every operation with every scope alone, with every token that must not work, and about what is out of reach."""

import pytest

from auditapp.urls import api
from tests.access.api_rows import API_ROWS, api_ids, callers
from tests.access.cells import OUT_OF_REACH, missing, named_in, undone
from tests.access.relations import (
    NAMES_IN_BODIES,
    REFUSED_IN_BODY,
    api_ends,
    api_foreign,
    api_gone,
    api_named,
    api_not_offered,
    api_own,
    api_unreached,
    shape,
)
from tests.access.subjects import browsers
from tests.access.test_matrix import world_of
from tests.conftest import cloned_database


def told(row):
    return f"{row.method}{row.path}{'-with-body' if row.body else ''}"


@pytest.fixture(scope="module")
def worlds(server, django_db_blocker):
    """Made once: each cell rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        (cast, own), (other, foreign) = world_of("demo"), world_of("other")
        own, foreign = own | api_ids(cast, own), foreign | api_ids(other, foreign)
        yield own, foreign, callers(cast, other, browsers(cast, other))


def differing(worlds, cells):
    """Where an answer is not what the matrix says: caller and method, with what came and what should have."""
    own, _, known = worlds
    found = {}
    for cell in cells:
        with undone():
            response = known[cell.subject].ask(cell.row, own, method=cell.method)
        if response.status_code != cell.status:
            found[cell.subject, cell.method] = (response.status_code, cell.status, response.content[:300])
    return found


def there_and_never(worlds, cell, one):
    """What this caller gets for this id in the place that the cell is about, and for one that nothing has."""
    own, _, known = worlds
    caller = known[cell.subject]
    return (caller.answer(cell.row, {**own, cell.of: some}, without=(some,)) for some in (one, missing(one)))


@pytest.mark.parametrize("row", API_ROWS, ids=told)
def test_one_scope_opens_each_operation(worlds, row):
    assert differing(worlds, api_own(row)) == {}


@pytest.mark.parametrize("row", [row for row in API_ROWS if api_foreign(row)], ids=told)
def test_what_is_of_another_workspace_is_as_if_it_never_was(worlds, row):
    for cell in api_foreign(row):
        if not cell.of:
            assert differing(worlds, [cell]) == {}
            continue
        there, never = there_and_never(worlds, cell, worlds[1][cell.of])
        assert there.status == cell.status
        assert there == never


@pytest.mark.parametrize("row", [row for row in API_ROWS if api_named(row)], ids=told)
def test_what_a_body_names_of_another_workspace_is_as_if_it_never_was(worlds, row):
    assert named_in(row.body, worlds[0]) <= set(NAMES_IN_BODIES)
    for cell in api_named(row):
        there, never = there_and_never(worlds, cell, worlds[1][cell.of])
        assert there.status == cell.status or (there.status, cell.status) == (404, REFUSED_IN_BODY)
        assert there == never


@pytest.mark.parametrize("row", [row for row in API_ROWS if api_unreached(row)], ids=told)
def test_what_a_token_does_not_reach_is_as_if_it_never_was(worlds, row):
    for cell in api_unreached(row):
        there, never = there_and_never(worlds, cell, worlds[0][OUT_OF_REACH[cell.of]])
        assert there.status == cell.status
        assert there == never


@pytest.mark.parametrize("ending", [row for row in API_ROWS if api_ends(row)], ids=told)
def test_what_is_gone_is_as_if_it_never_was(worlds, ending):
    own, _, known = worlds
    with undone():
        assert known["every scope"].ask(ending, own).status_code == 200
        for cell in api_gone(ending):
            left, never = there_and_never(worlds, cell, own[cell.of])
            assert (cell.row, left.status) == (cell.row, cell.status)
            assert left == never


@pytest.mark.parametrize("path", sorted({shape(row.path) for row in API_ROWS}))
def test_other_methods_are_405(worlds, path):
    assert differing(worlds, api_not_offered(path)) == {}


def test_every_operation_has_a_row():
    operations = {
        (method.upper(), shape(path.removeprefix("/api")))
        for path, methods in api.get_openapi_schema(path_prefix="/api")["paths"].items()
        for method in methods
    }
    rows = {(row.method, shape(row.path)) for row in API_ROWS}
    assert rows == operations, "Give each new operation a row in tests/access/api_rows.py."
