"""No count, time or bar of alerts tells somebody of events that the trail hides from them; of what they see, all of them tell."""

import re

import pytest
from django.test import Client

from auditapp.access.models import Grant
from auditapp.alerts.bell import rung_for, unread_count
from auditapp.alerts.firings import firings_page
from auditapp.alerts.held import held_of
from auditapp.alerts.hold_setting import notify_after_last_retry
from auditapp.alerts.models import By, Trigger
from auditapp.alerts.queries import access_of, viewer_of
from auditapp.alerts.seen import fared
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import disable_source, enable_source
from tests.alerts.tasks_told import failed
from tests.factories import acting_as

HOME = "/demo/settings/admin/alerts/"


@pytest.fixture
def happen(cast, look):
    """Sources that are turned off by olga: the kiosk, which milo does not reach, and the shop, which he does."""

    def make(*sources):
        for source in sources:
            with acting_as(cast.olga, cast.workspace):
                disable_source(source_id=source.id)
                enable_source(source_id=source.id)
        look()

    return make


def page_of(user, path):
    client = Client()
    client.force_login(user)
    text = client.get(path).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", text[text.index("<main") :]).split())


def seen_by(cast, user, rule):
    """What this member may know of a rule: firings in 30 days, listed, rung and unread."""
    with in_workspace(cast.workspace.id):
        viewer = viewer_of(cast.workspace.id, user.id)
        how = fared(viewer, [rule])[rule.id]
        listed = len(firings_page(viewer, rule_id=rule.id).rows)
        rung = rung_for(access_of(cast.workspace.id, user.id), viewer, cast.workspace)
        return how.total, listed, len(rung), unread_count(viewer, user.id)


def test_firings_at_what_somebody_does_not_see_are_not_there(cast, rule, happen):
    one = rule("event:source.disabled", name="Off", with_own=True, told_ids=[cast.olga.id, cast.milo.id])
    happen(cast.kiosk, cast.kiosk)
    assert seen_by(cast, cast.olga, one) == (2, 2, 1, 1)
    assert seen_by(cast, cast.milo, one) == (0, 0, 0, 0)
    for path in (HOME, f"{HOME}{one.id}/"):
        page = page_of(cast.milo, path)
        assert "t nothing that your roles show" in page
        assert not re.search(r"[0-9]+ (firings|in 30 d)|ago|that your role does not show", page)
    assert "This rule watches more than your roles show" in page_of(cast.milo, f"{HOME}{one.id}/")
    assert "Nothing yet" in page_of(cast.milo, f"{HOME}bell/")


def test_of_what_they_see_all_is_told_and_no_more(cast, rule, happen):
    one = rule("event:source.disabled", name="Off", with_own=True, told_ids=[cast.olga.id, cast.milo.id])
    happen(cast.kiosk, cast.shop, cast.kiosk)
    assert seen_by(cast, cast.olga, one) == (3, 3, 1, 1)
    assert seen_by(cast, cast.milo, one) == (1, 1, 1, 1)
    bell = page_of(cast.milo, f"{HOME}bell/")
    assert "Web shop" in bell
    assert "more" not in bell
    assert "1 firing " in page_of(cast.milo, f"{HOME}{one.id}/")


def test_a_notice_that_names_others_first_is_told_of_what_they_see(cast, rule, happen):
    one = rule("event:source.disabled", name="Off", with_own=True, told_ids=[cast.milo.id])
    happen(*[cast.kiosk] * 6, cast.shop)
    assert seen_by(cast, cast.milo, one) == (1, 1, 1, 1)
    bell = page_of(cast.milo, f"{HOME}bell/")
    assert "Web shop" in bell
    assert "more" not in bell


def test_an_own_rule_forgets_what_its_owner_does_not_see_any_more(cast, rule, happen):
    one = rule("event:source.disabled", name="Off", who=cast.milo)
    happen(cast.shop)
    assert seen_by(cast, cast.milo, one) == (1, 1, 1, 1)
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.milo.id).update(resource_ids=[cast.kiosk.id])
    assert seen_by(cast, cast.milo, one) == (0, 0, 0, 0)


@pytest.mark.parametrize("by", [By.ALL, By.ACTOR, By.RESOURCE])
def test_what_counts_several_events_is_for_who_sees_or_is_told_of_them(cast, rule, happen, by):
    many = {"trigger": Trigger.THRESHOLD, "threshold": 2, "window_s": 600, "by": by, "with_own": True}
    one = rule("event:source.disabled", name="Many", **many)
    # The last of them is one that milo sees, the one before is not.
    happen(cast.kiosk, cast.shop) if by != By.RESOURCE else happen(cast.kiosk, cast.kiosk)
    assert seen_by(cast, cast.olga, one)[:2] == (1, 1)
    assert seen_by(cast, cast.milo, one)[:2] == (0, 0)
    if by == By.RESOURCE:
        happen(cast.shop, cast.shop)
        assert seen_by(cast, cast.milo, one)[:2] == (1, 1)


def test_held_tasks_are_counted_as_they_are_seen(cast, rule, look):
    rule("event:warehouse.run_failed", name="Failed", with_own=True)
    with acting_as(cast.olga, cast.workspace):
        notify_after_last_retry(is_on=True)
    failed(cast)
    look()
    with in_workspace(cast.workspace.id):
        assert held_of(viewer_of(cast.workspace.id, cast.olga.id)).notices == 1
        of_milo = held_of(viewer_of(cast.workspace.id, cast.milo.id))
    assert (of_milo.notices, of_milo.tasks, list(of_milo.latest)) == (0, 0, [])
    assert "Held" not in page_of(cast.milo, HOME)
