"""Pages of exports: who sees, downloads and cancels which, and what a look at the trail leaves behind."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from auditapp.access.models import Grant
from auditapp.lib import clock
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.exports.errors import ExportHeld
from auditapp.trail.exports.models import Export, TrailVisit
from auditapp.trail.exports.queries import covers
from tests.factories import make_cast, make_grant
from tests.trail.exports.test_writing import ask, told
from tests.trail.history import NOON


def url(name, *ids):
    return reverse(f"trail:{name}", args=["demo", *ids])


def the_only(cast):
    with in_workspace(cast.workspace.id):
        return Export.objects.get(workspace_id=cast.workspace.id)


@pytest.fixture
def of_rita(cast, fourteen, turn):
    """A finished export of rita, who reads all."""
    return turn(ask(cast, cast.rita))


def test_export_is_asked_for_with_the_filters_of_the_trail(cast, fourteen, browser_of):
    answer = browser_of(cast.olga).post(url("export_request") + "?event=warehouse.disabled", {"format": "csv"})
    assert (answer.status_code, answer["Location"]) == (302, url("export_list"))
    export = the_only(cast)
    assert (export.query, export.format, export.state, export.expected) == (
        "event=warehouse.disabled",
        "csv",
        "queued",
        14,
    )


@pytest.mark.parametrize(("query", "form"), [("", "xlsx"), ("?ip=203.0.113.0/40", "csv")])
def test_what_cannot_be_exported_is_refused(cast, browser_of, query, form):
    answer = browser_of(cast.olga).post(url("export_request") + query, {"format": form})
    assert answer.status_code == 422


def test_three_exports_of_one_person_are_enough(cast, browser_of):
    client = browser_of(cast.olga)
    statuses = [client.post(url("export_request"), {"format": "csv"}).status_code for _ in range(4)]
    assert statuses == [302, 302, 302, 409]
    assert browser_of(cast.rita).post(url("export_request"), {"format": "csv"}).status_code == 302


def test_page_shows_progress_and_asks_again_while_it_goes_on(cast, fourteen, browser_of, exports_url):
    ask(cast)
    html = browser_of(cast.olga).get(exports_url).content.decode()
    assert "Waits for a worker." in html
    assert 'hx-trigger="every 2s"' in html
    assert f'hx-get="{exports_url}"' in html
    assert f'<a href="{exports_url}">' in html


def test_finished_page_asks_no_more_and_states_what_the_file_holds(cast, of_rita, browser_of, exports_url):
    html = browser_of(cast.rita).get(exports_url).content.decode()
    assert "hx-trigger" not in html
    assert "From the beginning to Tue 24 November 2026, 13:00:00 CET" in html
    assert of_rita.sha256 in html
    assert url("export_file", of_rita.id) in html


def test_download_is_the_file_and_an_event(cast, of_rita, browser_of):
    answer = browser_of(cast.rita).get(url("export_file", of_rita.id))
    body = answer.getvalue()
    assert (answer.status_code, len(body), answer["Content-Length"]) == (
        200,
        of_rita.file_bytes,
        str(of_rita.file_bytes),
    )
    assert of_rita.filename in answer["Content-Disposition"]
    (event,) = told(cast, "audit_trail.export_downloaded")
    assert (event.actor.id, event.meta["rows"], event.targets[1].id) == (cast.rita.id, 14, of_rita.id)


def test_manifest_says_window_filter_zone_count_and_digest(cast, of_rita, browser_of):
    value = json.loads(browser_of(cast.rita).get(url("export_manifest", of_rita.id)).content)
    assert value["events"] == 14
    assert value["sha256"] == of_rita.sha256
    assert (value["timeZone"], value["filters"]) == ("Europe/Oslo", "")
    assert value["window"] == {
        "from": None,
        "until": "2026-11-24T12:00:00.000000Z",
        "receivedUntil": "2026-11-24T12:00:00.000000Z",
    }
    assert "ws_" in value["checkpoint"]


#                                    olga milo rita mina zoe
@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("export_file", "200 404 200 404 404"),
        ("export_manifest", "200 404 200 404 404"),
        ("export_list", "200 200 200 200 404"),
    ],
)
def test_who_gets_what_of_somebodys_export(cast, of_rita, browser_of, name, statuses):
    ids = [] if name == "export_list" else [of_rita.id]
    people = (cast.olga, cast.milo, cast.rita, cast.mina, cast.zoe)
    found = [browser_of(person).get(url(name, *ids)).status_code for person in people]
    assert found == [int(status) for status in statuses.split()]


def test_list_shows_others_exports_to_managers_alone(cast, of_rita, browser_of, exports_url):
    seen = {
        name: of_rita.sha256 in browser_of(getattr(cast, name)).get(exports_url).content.decode()
        for name in ("olga", "milo", "rita", "mina")
    }
    assert seen == {"olga": True, "milo": False, "rita": True, "mina": False}


def test_file_that_shows_more_than_the_role_of_now_is_kept_back(cast, of_rita, browser_of, exports_url):
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.rita.id).delete()
    make_grant(workspace=cast.workspace, user=cast.rita, role="minimal_workspace_access")
    answer = browser_of(cast.rita).get(url("export_file", of_rita.id))
    assert answer.status_code == 404
    assert "more than your role" in answer.content.decode()
    page = browser_of(cast.rita).get(exports_url).content.decode()
    assert "Held</span>" in page
    assert "It shows events that your role does not let you see now. Ask for a new export" in page
    assert "Ready" not in page
    assert "Download" not in page


def test_file_that_is_being_sent_breaks_off_when_its_role_is_taken(
    cast, small_chunks, of_rita, browser_of, monkeypatch
):
    monkeypatch.setattr("auditapp.web.streaming.CHUNK_BYTES", 1)
    parts = iter(browser_of(cast.rita).get(url("export_file", of_rita.id)).streaming_content)
    assert 0 < len(next(parts)) < of_rita.file_bytes
    with in_workspace(cast.workspace.id):
        Grant.objects.filter(subject_id=cast.rita.id).delete()
    with pytest.raises(ExportHeld):
        list(parts)


def test_link_expires(cast, of_rita, browser_of):
    with clock.at(of_rita.expires_at):
        answer = browser_of(cast.rita).get(url("export_file", of_rita.id))
    assert answer.status_code == 404
    assert "expired" in answer.content.decode()


def test_owner_cancels_what_somebody_else_asked_for_and_only_once(cast, fourteen, browser_of):
    export = ask(cast, cast.rita)
    assert browser_of(cast.milo).post(url("export_cancel", export.id)).status_code == 404
    assert browser_of(cast.olga).post(url("export_cancel", export.id)).status_code == 302
    assert browser_of(cast.rita).post(url("export_cancel", export.id)).status_code == 409
    assert the_only(cast).state == "cancelled"


def test_another_workspace_sees_nothing_of_it(cast, of_rita, browser_of):
    other = make_cast(slug="other")
    client = browser_of(other.olga)
    assert client.get(reverse("trail:export_file", args=["other", of_rita.id])).status_code == 404
    assert of_rita.sha256 not in client.get(reverse("trail:export_list", args=["other"])).content.decode()


def test_look_at_the_trail_is_an_event_once_an_hour(cast, browser_of):
    trail, client = url("event_list"), browser_of(cast.olga)
    for minutes in (0, 1, 59):
        with clock.at(NOON + timedelta(minutes=minutes)):
            client.get(trail, {"area": "sources"})
    browser_of(cast.rita).get(trail)
    with clock.at(NOON + timedelta(minutes=60)):
        client.get(trail)
    looks = [event for event in told(cast, "audit_trail.viewed") if event.actor.id == cast.olga.id]
    assert [(event.occurred_at, event.meta) for event in looks] == [
        (NOON + timedelta(minutes=60), {}),
        (NOON, {"filters": "area=sources"}),
    ]
    assert all(event.is_read for event in looks)
    with in_workspace(cast.workspace.id):
        assert TrailVisit.objects.count() == 2


def test_look_of_a_fragment_is_part_of_the_page_it_belongs_to(cast, browser_of):
    browser_of(cast.olga).get(url("event_list"), headers={"HX-Request": "true", "HX-Target": "events"})
    assert told(cast, "audit_trail.viewed") == []


def test_trail_that_was_only_looked_at_is_still_at_its_first_day(cast, browser_of):
    client = browser_of(cast.olga)
    for _ in range(2):
        assert "The trail starts with your next change" in client.get(url("event_list")).content.decode()


WIDE = Viewer(1, sees_all=True, sees_personal=True, own_actor_ids=("a",))
NARROW = Viewer(1, scope_ids=("s",), own_actor_ids=("a",))


@pytest.mark.parametrize(
    ("now", "then", "held"),
    [
        (WIDE, WIDE, True),
        (WIDE, NARROW, True),
        (NARROW, NARROW, True),
        (NARROW, WIDE, False),
        (Viewer(1, scope_ids=("s", "t"), own_actor_ids=("a", "b")), NARROW, True),
        (Viewer(1, scope_ids=("t",), own_actor_ids=("a",)), NARROW, False),
        (Viewer(1, scope_ids=("s",), own_actor_ids=("b",)), NARROW, False),
        (Viewer(1, sees_all=True, own_actor_ids=("b",)), NARROW, False),
        (Viewer(1, sees_all=True, own_actor_ids=("a",)), WIDE, False),
    ],
)
def test_somebody_sees_at_least_what_a_viewer_saw(now, then, held):
    assert covers(now, then) is held
