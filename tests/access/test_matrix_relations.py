"""The matrix beside its own pages: methods that are not offered, what is out of reach, named in a form, or gone; and what is in no workspace."""

import pytest
from django.test import Client
from django.urls import get_resolver

from auditapp.access import support_reach
from auditapp.access.permissions import Access
from tests.access.account_rows import INSTANCE_ROWS
from tests.access.cells import OUT_OF_REACH, answer, ask, missing, named_in, undone
from tests.access.matrix_file import cells, matrix
from tests.access.relations import (
    AREAS_WITH_SCOPE,
    NAMES_IN_BODIES,
    REFUSED_IN_BODY,
    ends,
    gone,
    head,
    named,
    not_offered,
    outside,
    own,
    unreached,
)
from tests.access.test_matrix import MATRIX, differing, told, two_worlds
from tests.conftest import cloned_database
from tests.test_urls import walk

NAMES = sorted({row.name for row in MATRIX})


@pytest.fixture(scope="module")
def worlds(server, django_db_blocker):
    """Made once: each cell rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        yield two_worlds()


def there_and_never(worlds, cell, one):
    """What this subject gets for this id in the place that the cell is about, and for one that nothing has."""
    browser = worlds.signed_in[cell.subject]
    return (answer(browser, cell.row, {**worlds.own, cell.of: some}, without=[some]) for some in (one, missing(one)))


@pytest.mark.parametrize("name", NAMES)
def test_other_methods_are_405(worlds, name):
    assert differing(worlds, not_offered(name, MATRIX)) == {}


@pytest.mark.parametrize("row", [row for row in MATRIX if row.data is None], ids=told)
def test_head_is_answered_as_get_is(worlds, row):
    assert differing(worlds, head(row)) == {}


@pytest.mark.parametrize(
    "row", [row for row in MATRIX if row.name.startswith(AREAS_WITH_SCOPE) and unreached(row)], ids=told
)
def test_what_a_role_does_not_reach_is_as_if_it_never_was(worlds, row):
    for cell in unreached(row):
        hidden, never = there_and_never(worlds, cell, worlds.own[OUT_OF_REACH[cell.of]])
        assert (cell.subject, hidden.status) == (cell.subject, cell.status)
        assert hidden == never


@pytest.mark.parametrize("row", [row for row in MATRIX if named(row)], ids=told)
def test_what_a_form_names_of_another_workspace_is_as_if_it_never_was(worlds, row):
    assert named_in(row.data, worlds.own) <= set(NAMES_IN_BODIES)
    for cell in named(row):
        there, never = there_and_never(worlds, cell, worlds.foreign[cell.of])
        assert there.status in (404, REFUSED_IN_BODY)
        assert there == never


@pytest.mark.parametrize("ending", [row for row in MATRIX if ends(row)], ids=told)
def test_what_is_gone_is_as_if_it_never_was(worlds, ending):
    with undone():
        assert ask(worlds.signed_in["olga"], ending, "POST", worlds.own).status_code == 302
        for cell in gone(ending, MATRIX):
            left, never = there_and_never(worlds, cell, worlds.own[cell.of])
            assert (cell.row, left.status) == (cell.row, cell.status)
            assert left == never


@pytest.mark.parametrize("row", INSTANCE_ROWS, ids=lambda row: f"{row.path}-{'get' if row.data is None else 'post'}")
def test_outside_of_workspaces_each_gets_what_the_matrix_says(worlds, row):
    wanted = {cell.subject: cell.status for cell in outside(row)}
    found = {}
    for subject in wanted:
        browser = Client(raise_request_exception=False)
        browser.cookies.update(worlds.signed_in[subject].cookies)
        with undone():
            response = browser.get(row.path) if row.data is None else browser.post(row.path, row.data)
            found[subject] = response.status_code
    assert found == wanted


def test_every_url_outside_of_workspaces_has_a_row():
    resolver = get_resolver()
    routes = {
        route.replace("^", "") for route, _ in walk(resolver.url_patterns) if not route.startswith(("<slug:", "api/"))
    }
    listed = {resolver.resolve(row.path).route.replace("^", "") for row in INSTANCE_ROWS}
    assert routes <= listed, "Give each new address a row in tests/access/account_rows.py."


def test_where_a_check_is_missing_the_matrix_says_so(worlds, monkeypatch):
    guarded = {row.name.partition(":")[0]: row for row in MATRIX if row.statuses.split()[2] == "403"}
    monkeypatch.setattr(Access, "require", lambda self, permission, resource=None: None)
    assert len(guarded) > 7
    for row in guarded.values():
        assert differing(worlds, own(row)), row


def test_doors_of_support_that_open_are_noticed(worlds, monkeypatch):
    rows = {
        name: next(row for row in MATRIX if row.name == name) for name in ("access:group_create", "trail:event_export")
    }
    assert [differing(worlds, own(row)) for row in rows.values()] == [{}, {}]
    monkeypatch.setattr(support_reach, "NOT_FOR_SUPPORT", frozenset())
    assert differing(worlds, own(rows["access:group_create"])).keys() == {("support", "GET")}
    monkeypatch.setattr(support_reach, "READING", support_reach.READING | {"export"})
    assert differing(worlds, own(rows["trail:event_export"])).keys() == {("support_reader", "GET")}


def test_the_file_for_auditors_holds_every_cell_once():
    told_of = [
        (cell["subject"], cell["method"], cell["path"], cell["relation"], cell.get("of")) for cell in matrix()["cells"]
    ]
    assert len(told_of) == len(list(cells())) > 3_000
    assert {cell["subject"] for cell in matrix()["cells"]} <= matrix()["subjects"].keys()
