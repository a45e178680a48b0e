"""Nothing of another workspace is anywhere, and each wall holds alone: filters without row-level security, and that without them."""

import logging
import re
from datetime import timedelta

import psycopg
import pytest
from django.core import mail

from auditapp.alerts.models import AlertFiring
from auditapp.alerts.reader import evaluate_batch
from auditapp.lib import clock
from auditapp.record.drafts import Change
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from settings.embedded import LOGIN, SUPERUSER
from tests.access.api_rows import API_ROWS, api_ids, callers
from tests.access.cells import ask, comparable, undone
from tests.access.marking import MARK, OF_A_WORKSPACE, SEALED, holds_text, mark_everything, tell_canaries
from tests.access.subjects import browsers
from tests.access.test_matrix import MATRIX, world_of
from tests.access.walls import look, no_filters, pages, traces
from tests.conftest import _connected_to, cloned_database
from tests.factories import acting_as
from tests.trail.history import seal_all


class Marked:
    """Two workspaces, one of which is full of canaries."""

    def __init__(self, name, server):
        self.name, self.server = name, server
        self.cast, own = world_of("demo")
        self.other, foreign = world_of("other")
        self.own, self.foreign = own | api_ids(self.cast, own), foreign | api_ids(self.other, foreign)
        self.signed_in = browsers(self.cast, self.other)
        self.callers = callers(self.cast, self.other, self.signed_in)
        tell_canaries(self.other)
        seal_all()
        with self.admin() as admin:
            self.marks = mark_everything(admin, self.other)
        self.moment = clock.now() + timedelta(minutes=1)
        self.paths = pages(MATRIX, self.own)
        self.seen = {}
        self.api_paths = ["/api" + row.path.format_map(self.own) for row in API_ROWS if row.method == "GET"]

    def admin(self):
        return psycopg.connect(self.server.url(user=SUPERUSER, name=self.name), autocommit=True)

    def as_owner_of_database(self):
        """Django as the owner of the tables, whom no policy binds."""
        return _connected_to(self.server, self.name, "owner", SUPERUSER)

    def by_token(self, caller):
        who = self.callers[caller]
        return lambda path: who.browser.get(path, headers={"Authorization": who.header})

    def looked_at(self):
        """Every page of olga's and every list of the API, as they answer now."""
        return look(self.signed_in["olga"].get, self.paths) | look(self.by_token("every scope"), self.api_paths)

    def seen_by(self, person):
        """What somebody's pages answered first, all at one moment; looked at once for all tests."""
        if person not in self.seen:
            with clock.at(self.moment):
                self.seen[person] = look(self.signed_in[person].get, self.paths)
        return self.seen[person]


@pytest.fixture(scope="module")
def marked(server, django_db_blocker):
    with django_db_blocker.unblock(), cloned_database(server) as name:
        yield Marked(name, server)


@pytest.fixture(scope="module")
def plain(marked):
    """What olga sees with both walls up."""
    return marked.looked_at()


def test_every_text_of_the_other_workspace_is_a_canary(marked):
    with marked.admin() as admin:
        for model in OF_A_WORKSPACE:
            own = "id" if model.__name__ == "Workspace" else "workspace_id"
            for field in model._meta.concrete_fields:
                if holds_text(field) and model._meta.db_table not in SEALED:
                    statement = f'SELECT count(*), count(*) FILTER (WHERE "{field.column}"::text LIKE %s) FROM "{model._meta.db_table}" WHERE {own} = %s'
                    there, with_mark = admin.execute(statement, [f"%{MARK}%", marked.other.workspace.id]).fetchone()
                    assert there == with_mark > 0, (model, field)


def test_what_olga_is_shown_holds_nothing_of_another_workspace(marked, plain):
    assert {path: status for path, (status, *_) in plain.items() if status >= 500} == {}
    assert sum(status == 200 for status, *_ in plain.values()) > 100
    assert traces(plain, marked.marks) == {}


@pytest.mark.parametrize("person", ["milo", "rita", "mina", "reader", "without_role", "zoe"])
def test_what_others_are_shown_holds_nothing_of_another_workspace(marked, person):
    assert traces(marked.seen_by(person), marked.marks) == {}


def test_what_is_done_tells_nothing_of_another_workspace(marked, caplog):
    caplog.set_level(logging.DEBUG)
    answers = {}
    for row in MATRIX:
        if row.data is not None:
            with undone():
                response = ask(marked.signed_in["olga"], row, "POST", marked.own)
                seen = (response.status_code, comparable(response, ()).body, str(response.headers).encode())
                answers[f"{row.name}-{row.ids}"] = seen
    for row in API_ROWS:
        with undone():
            response = marked.callers["every scope"].ask(row, marked.own)
            answers[f"{row.method}{row.path}"] = (
                response.status_code,
                response.content,
                str(response.headers).encode(),
            )
    answers["mail"] = (0, "".join(str(one.message()) for one in mail.outbox).encode(), b"")
    # The driver's own debug lines are the statements of both.
    answers["log"] = (0, "\n".join(one.getMessage() for one in caplog.records if one.name != "psycopg").encode(), b"")
    assert traces(answers, marked.marks) == {}


def test_without_filters_row_level_security_shows_the_same(marked, plain):
    with no_filters() as removed:
        answers = marked.looked_at()
    assert removed.statements > 1_000
    assert traces(answers, marked.marks) == {}
    assert {path: status for path, (status, *_) in answers.items()} == {
        path: status for path, (status, *_) in plain.items()
    }


def test_without_row_level_security_the_filters_show_the_same(marked, plain):
    with marked.as_owner_of_database():
        answers = marked.looked_at()
    assert traces(answers, marked.marks) == {}
    assert {path: status for path, (status, *_) in answers.items()} == {
        path: status for path, (status, *_) in plain.items()
    }


def test_without_both_there_is_much_to_see(marked):
    with marked.as_owner_of_database(), no_filters():
        answers = marked.looked_at()
    assert len(traces(answers, marked.marks)) > 20


# The log of a workspace is one: who may verify an event of theirs is told its size, its root and when it was sealed last.
OF_THE_LOG = re.compile(
    rb'<summary class="seal-badge">.*?</summary>|<dt>(?:Checkpoint|Root)</dt><dd.*?</dd>|<tr class="trail__checkpoint".*?</tr>',
    re.DOTALL,
)


def bodies(seen):
    """What pages say, but for proofs of events, which are of the log."""
    return {path: OF_THE_LOG.sub(b"", body) for path, (_, body, _) in seen.items() if "/evt_" not in path}


def changes(marked, person):
    """The pages of somebody that say something else than at first, at the same moment, so that nothing but what happened meanwhile can differ."""
    with clock.at(marked.moment):
        now = bodies(look(marked.signed_in[person].get, [path for path in marked.paths if "/evt_" not in path]))
    return [path for path, body in bodies(marked.seen_by(person)).items() if body != now[path]]


def test_what_happens_elsewhere_changes_no_number(marked):
    people = ("olga", "milo")
    for person in people:
        marked.seen_by(person)
    tell_canaries(marked.other)
    seal_all()
    assert {person: changes(marked, person) for person in people} == {person: [] for person in people}


def test_what_happens_out_of_reach_changes_no_number(marked):
    unaware = ("milo", "reader", "mina")
    for person in (*unaware, "olga"):
        marked.seen_by(person)
    for number in range(7):
        with acting_as(marked.cast.olga, marked.cast.workspace):
            said = [Change("name", f"Kiosk {number}", f"Kiosk {number + 1}")]
            record("source.modified", target=marked.cast.kiosk, changes=said, scope_id=marked.cast.kiosk.id)
        # What olga's rule fires at, which all see.
        with acting_as(marked.cast.rita, marked.cast.workspace):
            record("source.disabled", target=marked.cast.kiosk, scope_id=marked.cast.kiosk.id)
    seal_all()
    with _connected_to(marked.server, marked.name, "worker", LOGIN):
        while evaluate_batch(marked.cast.workspace.id):
            pass
    with in_workspace(marked.cast.workspace.id):
        assert AlertFiring.objects.count() >= 7
    assert {person: changes(marked, person) for person in unaware} == {person: [] for person in unaware}
    of_olga = changes(marked, "olga")
    assert len(of_olga) > 5  # who may see them does
    assert any("/alerts/" in path for path in of_olga)
