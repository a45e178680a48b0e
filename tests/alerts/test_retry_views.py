"""The page of alerts about failed attempts: the switch, what was held, and which tasks failed for good."""

import re

import pytest
from django.test import Client

from auditapp.alerts.failures import failures_of
from auditapp.alerts.hold_setting import notifies_after_last_retry
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from tests.alerts.tasks_told import failed, fails_for_good, recovered

HOME = "/demo/settings/admin/alerts/"


@pytest.fixture
def olga(cast):
    client = Client()
    client.force_login(cast.olga)
    return client


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page))


def test_the_switch_is_a_form_of_its_own(cast, olga):
    assert olga.post(f"{HOME}last-retry/", {"is_on": "1"}).status_code == 302
    with in_workspace(cast.workspace.id):
        assert notifies_after_last_retry(cast.workspace.id)
    assert 'name="is_on" value="0"' in olga.get(HOME).content.decode()
    assert olga.post(f"{HOME}last-retry/", {"is_on": "x"}).status_code == 422


def test_the_page_says_what_was_held_and_what_became_of_it(cast, rule, look, olga):
    olga.post(f"{HOME}last-retry/", {"is_on": "1"})
    rule("event:warehouse.run_failed", name="One")
    rule("outcome:failure", name="Two")
    failed(cast, "tsk_1")
    recovered(cast, "tsk_1")
    failed(cast, "tsk_2")
    look()
    page = words(olga.get(HOME).content.decode())
    assert "Held: 4 notices of 2 tasks, 1 recovered, 1 still held" in page
    assert "Recovered, nobody was told" in page
    assert "Held, at most until" in page


def test_hard_failures_stand_apart_from_those_that_recovered(cast, olga):
    failed(cast, "tsk_1")
    recovered(cast, "tsk_1")
    fails_for_good(cast, "tsk_2", of=3)
    failed(cast, "tsk_3")
    page = olga.get(HOME).content.decode()
    assert "3 tasks failed at first in 30 days1 recovered1 tried again1 failed for good" in words(page)
    (event,) = set(
        re.findall(r'href="([^"]*audit-trail/evt_[^"]*)"', page.partition("hard-title")[2].partition("<details")[0])
    )
    assert "on attempt 3" in words(olga.get(event).content.decode())


def test_a_task_that_goes_by_the_same_name_every_night_is_told_of_for_each(cast):
    fails_for_good(cast, "nightly", of=2)
    failed(cast, "nightly", 1)
    recovered(cast, "nightly", 2)
    with in_workspace(cast.workspace.id):
        found = failures_of(Viewer(cast.workspace.id, sees_all=True))
    assert (len(found.hard), len(found.recovered)) == (1, 1)


def test_who_may_not_see_a_task_does_not_see_that_it_failed(cast):
    fails_for_good(cast, "tsk_1", of=2)
    with in_workspace(cast.workspace.id):
        assert failures_of(Viewer(cast.workspace.id)).total == 0
        assert len(failures_of(Viewer(cast.workspace.id, sees_all=True)).hard) == 1


def test_a_list_of_failures_that_is_cut_says_so(cast, monkeypatch):
    fails_for_good(cast, "tsk_1", of=3)
    fails_for_good(cast, "tsk_2", of=2)
    monkeypatch.setattr("auditapp.alerts.failures.MOST_READ", 2)
    with in_workspace(cast.workspace.id):
        found = failures_of(Viewer(cast.workspace.id, sees_all=True))
    assert found.is_cut
    assert [one.failures for one in found.hard] == [2]
