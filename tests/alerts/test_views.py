"""Pages of alerts: made by form, by a filtered trail and by one click, tried before, with their firings and the bell."""

import re

import pytest
from django.test import Client

from auditapp.alerts.models import AlertRule
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.services import disable_source, enable_source
from tests.factories import acting_as

HOME = "/demo/settings/admin/alerts/"
TRAIL = "/demo/settings/admin/audit-trail/"


@pytest.fixture
def browser_of():
    def of(user):
        client = Client()
        client.force_login(user)
        return client

    return of


@pytest.fixture
def olga(cast, browser_of):
    return browser_of(cast.olga)


def toggle(cast, times=1):
    for _ in range(times):
        for change in (disable_source, enable_source):
            with acting_as(cast.milo, cast.workspace):
                change(source_id=cast.shop.id)


def posted(cast, **values):
    return {
        "name": "Off",
        "query": "event:source.disabled",
        "trigger": "each",
        "told_ids": [cast.olga.id],
        "by_bell": "on",
    } | values


def rules(cast):
    with in_workspace(cast.workspace.id):
        return list(AlertRule.objects.all())


def test_a_filtered_trail_becomes_a_rule(cast, olga, look):
    toggle(cast)
    look()
    page = olga.get(f"{TRAIL}?event=source.disabled&actor=!{cast.rita.id}").content.decode()
    link = re.search(r'href="([^"]*alerts/new/[^"]*)"', page)[1].replace("&amp;", "&")
    form = olga.get(link).content.decode()
    assert f'value="event:source.disabled -actor:{cast.rita.id}"' in form
    answer = olga.post(f"{HOME}new/", posted(cast, query=f"event:source.disabled actor:{cast.milo.email}"))
    assert answer.status_code == 302
    (rule,) = rules(cast)
    assert rule.query == f"event:source.disabled actor:{cast.milo.id}"


def test_a_trial_says_how_often_and_when_and_saves_nothing(cast, olga):
    toggle(cast, 4)
    answer = olga.post(f"{HOME}new/", posted(cast, intent="try"))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<b>4 matched</b>" in page
    assert "fired <b>4 times</b>" in page
    many = posted(cast, intent="try", trigger="threshold", threshold=2, within=10, within_unit="60", by="actor")
    assert "fired <b>2 times</b>" in olga.post(f"{HOME}new/", many).content.decode()
    # Thirty days without an event until now: one silence of twenty days.
    quiet = posted(cast, intent="try", trigger="silence", silent_for=20, silent_unit="86400")
    assert "fired <b>1 time</b>" in olga.post(f"{HOME}new/", quiet).content.decode()
    assert rules(cast) == []


def test_a_trial_that_is_cut_says_so(cast, olga, monkeypatch):
    monkeypatch.setattr("auditapp.alerts.trial.PAGE", 2)
    monkeypatch.setattr("auditapp.alerts.trial.MOST_READ", 4)
    toggle(cast, 6)
    page = olga.post(f"{HOME}new/", posted(cast, intent="try")).content.decode()
    assert "there are more before" in page
    assert "<b>4 matched</b>" in page


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(cast, olga):
    answer = olga.post(f"{HOME}new/", posted(cast, name="Kept", query="event:nothing", webhook_url="ftp://x"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="Kept"' in page
    assert "There is no type nothing" in page
    assert olga.post(f"{HOME}new/", posted(cast, trigger="threshold", threshold=1, within=5)).status_code == 422


def test_chips_follow_what_is_typed(cast, olga):
    page = olga.get(f"{HOME}chips/?query=event:source.disabled+risk:risky").content.decode()
    assert "Source Disabled" in page
    assert "Risky" in page
    assert "There is no" in olga.get(f"{HOME}chips/?query=colour:red").content.decode()


def test_a_ready_rule_is_one_click_and_then_not_offered_any_more(cast, olga):
    assert "Access token created" in olga.get(HOME).content.decode()
    assert olga.post(f"{HOME}ready/token/").status_code == 302
    (rule,) = rules(cast)
    assert (rule.told_ids, rule.by_email, rule.by_bell) == ([cast.olga.id], True, True)
    assert "/ready/token/" not in olga.get(HOME).content.decode()


def test_a_signing_secret_is_shown_once(cast, olga):
    page = olga.post(f"{HOME}new/", posted(cast, webhook_url="https://hooks.example.com/in")).content.decode()
    secret = re.search(r"whsec_[^\"]+", page)[0]
    (rule,) = rules(cast)
    for path in (HOME, f"{HOME}{rule.id}/", f"{HOME}{rule.id}/edit/"):
        assert secret not in olga.get(path).content.decode()


def test_firings_lead_to_their_events_and_hide_what_a_role_does_not_show(cast, rule, look, send, olga, browser_of):
    one = rule("event:source.disabled", by_email=True, with_own=True)
    with acting_as(cast.olga, cast.workspace):
        disable_source(source_id=cast.kiosk.id)  # milo does not reach it
    look()
    send()
    page = olga.get(f"{HOME}{one.id}/").content.decode()
    event = re.search(r'href="([^"]*audit-trail/evt_[^"]*)"', page)[1]
    assert olga.get(event).status_code == 200
    assert "E-mail" in page
    of_milo = browser_of(cast.milo).get(f"{HOME}{one.id}/").content.decode()
    assert "Kiosk" not in of_milo
    assert "At nothing that your roles show" in of_milo


def test_pages_ask_the_same_of_few_and_many_rules(cast, rule, look, olga, django_assert_max_num_queries):
    rule()
    toggle(cast)
    look()
    with django_assert_max_num_queries(30) as few:
        olga.get(HOME)
    for number in range(5):
        rule(name=f"Rule {number}")
    toggle(cast, 3)
    look()
    with django_assert_max_num_queries(len(few)):
        olga.get(HOME)


def test_the_bell_is_in_the_shell_and_is_read_by_a_click(cast, rule, look, olga):
    rule()
    toggle(cast)
    look()
    home = olga.get(HOME).content.decode()
    assert re.search(r'nav__count--new">1<', home)
    page = olga.get(f"{HOME}bell/").content.decode()
    assert "disabled source Web shop" in re.sub(r"<[^>]+>", "", page)
    up_to = re.search(r'name="up_to" value="([^"]+)"', page)[1]
    assert olga.post(f"{HOME}bell/read/", {"up_to": up_to}).status_code == 302
    assert "nav__count--new" not in olga.get(HOME).content.decode()
    assert olga.post(f"{HOME}bell/read/", {"up_to": "x"}).status_code == 422


def test_hostile_names_are_text(cast, rule, look, olga):
    rule(name="<script>alert(1)</script>\u202e")
    toggle(cast)
    look()
    for path in (HOME, f"{HOME}bell/", f"{HOME}{rules(cast)[0].id}/"):
        page = olga.get(path).content.decode()
        assert "<script>alert" not in page
        assert "\u202e" not in page


def test_a_page_that_is_not_there_shows_the_newest(cast, rule, look, olga):
    one = rule()
    toggle(cast, 3)
    look()
    for before in ("x", "2026-11-24T10:00:00Z~x", "~", "2026-13-01T00:00:00Z~1"):
        assert "disabled" in olga.get(f"{HOME}{one.id}/", {"before": before}).content.decode()


def test_a_rule_says_whether_it_tells_its_owner_of_what_they_do_themselves(cast, rule, olga):
    page = olga.get(f"{HOME}{rule(with_own=True).id}/").content.decode()
    assert f"also for what <bdi>{cast.olga}</bdi>, its owner, does" in page
    others = rule(name="Others")
    assert "but not for what" in olga.get(f"{HOME}{others.id}/").content.decode()
