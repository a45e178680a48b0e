"""The matrix of masks: on every row that shows values of events, each canary for who may see personal data, and none for who may not."""

import re
from base64 import b64decode
from dataclasses import replace

import pytest
from django.test import Client

from auditapp.pipeline.plans import views as plan_views
from auditapp.record.event_query import visible_events
from tests.access.api_rows import API_ROWS, Caller
from tests.access.canaries import CANARIES, make_role, make_world, written_exports
from tests.access.cells import ask, undone
from tests.access.masked_rows import ALL_EVENTS, API_SHOWS, PARTS, SHOWS, PartRow, key_of, shows
from tests.access.relations import WITH_PERSONAL, WITHOUT_PERSONAL, masked, method_of
from tests.access.test_api_matrix import told as told_of_operation
from tests.access.test_matrix import MATRIX, told
from tests.conftest import SUPERUSER, _connected_to, cloned_database
from tests.factories import prove

SPELLED = re.compile("|".join(map(re.escape, CANARIES)), re.IGNORECASE)
ENVELOPE = re.compile(rb'"envelope": "([\w+/=]+)"')  # of a proof
WHOLE_EVENTS = ("trail:event_page", "trail:event_proof")  # asked for each event, other rows for some
ROWS = [*MATRIX, *PARTS]


class Masked:
    """The world with canaries, and who looks at it: by a browser, and by a token."""

    def __init__(self, world):
        self.world, exports = world, written_exports(world)
        here = {"place": f"20200101T000000.000000Z-{world.keys[0][4:]}", "jsonl": "jsonl"}
        self.ids = {
            subject: {**world.ids, **here, "written_export": exports[name]}
            for subject, name in ((WITH_PERSONAL, "olga"), (WITHOUT_PERSONAL, "vera"))
        }
        self.browsers = {WITH_PERSONAL: signed_in(world.cast.olga), WITHOUT_PERSONAL: signed_in(world.vera)}
        browser = Client(raise_request_exception=False)
        self.callers = {
            subject: Caller(browser, f"Bearer {world.tokens[name]}")
            for subject, name in ((WITH_PERSONAL, "olga"), (WITHOUT_PERSONAL, "vera"))
        }

    def asked(self, subject, row):
        """Status and canaries that are in the answers: for each event with one, where the row is about events."""
        if hasattr(row, "scope"):
            with undone():
                return found_in(self.callers[subject].ask(row, self.ids[subject]))
        about = ALL_EVENTS in row.ids or f"{{{ALL_EVENTS}}}" in getattr(row, "query", "")
        is_page = row.name in WHOLE_EVENTS and not getattr(row, "query", "")
        keys = self.world.keys[:: 1 if is_page else 5] if about else [""]
        statuses, found = set(), set()
        for key in keys:
            with undone():
                ids = {**self.ids[subject], **({ALL_EVENTS: key} if key else {})}
                status, canaries = found_in(ask(self.browsers[subject], row, method_of(row), ids))
            statuses.add(status)
            found |= canaries
        [status] = statuses
        return status, found


def signed_in(person):
    browser = Client(raise_request_exception=False)
    browser.force_login(person)
    prove(browser)
    return browser


def found_in(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if (envelope := ENVELOPE.search(content)) is not None:
        content += b64decode(envelope[1])
    return response.status_code, set(SPELLED.findall(content.decode(errors="replace") + str(response.headers)))


@pytest.fixture(scope="module")
def seen(server, django_db_blocker):
    with django_db_blocker.unblock(), cloned_database(server) as name:
        with _connected_to(server, name, "owner", SUPERUSER):
            make_role()
        yield Masked(make_world())


def named(row):
    if isinstance(row, PartRow):
        return f"{row.name}-{'-'.join(row.ids)}-{row.target or 'page'}-{row.query}{'-post' if row.data else ''}"
    return told_of_operation(row) if hasattr(row, "scope") else told(row)


def unlike(seen, row):
    """Where an answer is not what the matrix says: whose, with status and canaries."""
    found = {}
    for cell in masked(row):
        status, canaries = seen.asked(cell.subject, row)
        if status != cell.status or bool(canaries) != (cell.subject == WITH_PERSONAL):
            found[cell.subject] = (status, cell.status, canaries)
    return found


@pytest.mark.parametrize("row", [row for row in [*ROWS, *API_ROWS] if shows(row)], ids=named)
def test_values_of_events_are_shown_to_who_may_see_them_and_to_nobody_else(seen, row):
    assert unlike(seen, row) == {}


@pytest.mark.parametrize("row", [row for row in [*ROWS, *API_ROWS] if not shows(row)], ids=named)
def test_no_other_row_shows_any(seen, row):
    _, canaries = seen.asked(WITH_PERSONAL, row)
    assert canaries == set(), "This shows values of events: list it in tests/access/masked_rows.py."


def test_every_row_that_is_listed_is_one():
    assert {key_of(row) for row in MATRIX} >= SHOWS
    assert {key_of(row) for row in API_ROWS} >= API_SHOWS


def test_every_canary_is_met_where_an_event_is_shown_whole(seen):
    for path in ("trail:event_page", "trail:event_export"):
        row = next(row for row in MATRIX if row.name == path)
        assert seen.asked(WITH_PERSONAL, row)[1] == set(CANARIES)


def test_a_page_that_takes_its_mask_off_is_noticed(seen, monkeypatch):
    row = next(row for row in MATRIX if row.name == "plans:plan_changelog")
    assert unlike(seen, row) == {}
    monkeypatch.setattr(
        plan_views, "visible_events", lambda viewer: visible_events(replace(viewer, sees_personal=True))
    )
    assert unlike(seen, row).keys() == {WITHOUT_PERSONAL}
