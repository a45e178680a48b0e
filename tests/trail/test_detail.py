"""One event: on a page, in the drawer, as a proof file; checked against its seal."""

import base64
import json
import re
from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from auditapp.lib import clock
from auditapp.lib.ids import parse_event_key
from auditapp.merkle import Checkpoint, Verifier, leaf_hash, open_note, verify_inclusion
from auditapp.record.acting import acting
from auditapp.record.drafts import MISSING, Change, Target
from auditapp.record.envelope import commitment
from auditapp.record.erasure import erase_values
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, as_operator, make_cast, make_token
from tests.trail.history import NOON, seal_all, tell, tell_sample

SNOWFLAKE = Target("warehouse", "whs_1", "Snowflake prod")
CHANGES = (
    Change("enabled", True, False),
    Change("tags", ["a", "b"], ["b", "c"]),
    Change("password", "hunter2hunter2", "correct-horse-battery"),
    Change("note", MISSING, "OPS-2214"),
)


def page_url(key):
    return reverse("trail:event_page", args=["demo", key])


def proof_url(key):
    return reverse("trail:event_proof", args=["demo", key])


@pytest.fixture
def disabled(cast):
    """Olga disabled a warehouse, sealed; gives its key."""
    return tell(
        cast.workspace,
        cast.olga,
        "warehouse.disabled",
        SNOWFLAKE,
        Target("source", "src_1", "Web shop"),
        changes=CHANGES,
        meta={"sources": 3},
    ).key


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_an_address_that_was_not_recorded_is_told_from_one_that_is_hidden(cast, browser_of):
    how = {"scope_id": cast.shop.id}
    bare = tell(cast.workspace, cast.olga, "source.modified", cast.shop.audit_target, ip=None, **how).key
    full = tell(cast.workspace, cast.olga, "source.modified", cast.shop.audit_target, **how).key
    assert "Source IP Not recorded" in text_of(browser_of(cast.olga).get(page_url(bare)).content.decode())
    assert "Source IP ••• hidden from your role" in text_of(browser_of(cast.milo).get(page_url(full)).content.decode())


def test_page_says_who_did_what_when_and_from_where(cast, browser_of, disabled):
    with clock.at(NOON + timedelta(minutes=14)):
        text = text_of(browser_of(cast.olga).get(page_url(disabled)).content.decode())
    for said in (
        "Olga of demo disabled warehouse Snowflake prod",
        "Today, 12:00:00 UTC, 14 min ago",
        "olga@demo.example",
        "203.0.113.24",
        "Mozilla/5.0",
        "req_1",
        "ses_1",
        "Web shop",
        "src_1",
        "Warehouse Disabled",
        disabled,
    ):
        assert said in text, said


def test_changes_are_shown_by_element_and_a_secret_only_as_changed(cast, browser_of, disabled):
    html = browser_of(cast.olga).get(page_url(disabled)).content.decode()
    text = text_of(html)
    for said in ("enabled: true", "enabled: false", 'tags[0]: "a"', 'tags[1]: "c"', 'note: "OPS-2214"', "4 fields"):
        assert said in text.replace("&quot;", '"'), said
    assert "password: changed, value withheld" in text
    assert "hunter2" not in html


def test_history_related_events_and_the_way_to_all_of_them(cast, browser_of, disabled):
    for minute in range(8):
        tell(
            cast.workspace,
            cast.rita,
            "warehouse.enabled",
            SNOWFLAKE,
            at=NOON - timedelta(minutes=1 + minute),
            request_id="req_2",
        )
    tell_sample(cast.workspace, cast.olga, "warehouse.deleted", at=NOON - timedelta(hours=1))
    tell_sample(cast.workspace, cast.olga, "user.signed_in", at=NOON - timedelta(hours=2), request_id="req_0")
    html = browser_of(cast.olga).get(page_url(disabled)).content.decode()
    sections = dict(re.findall(r'aria-labelledby="(\w+-title)"(.*?)</section>', html, re.DOTALL))
    assert sections["history-title"].count("history__item") == 6
    assert 'aria-current="true"' in sections["history-title"]
    assert "resource=warehouse:whs_1" in sections["history-title"]
    assert sections["request-title"].count("history__item") == 1
    assert sections["session-title"].count("history__item") == 1
    around = "from=2026-11-23&amp;to=2026-11-25&amp;reads=1"
    assert f'?request=req_1&amp;{around}">All of them<' in sections["request-title"]
    assert f'?session=ses_1&amp;{around}">All of them<' in sections["session-title"]


def test_history_says_how_sure_it_is_that_it_is_of_the_same_thing(cast, browser_of, disabled):
    again = Target("warehouse", "whs_2", "Snowflake prod")
    tell(cast.workspace, cast.rita, "warehouse.created", again, at=NOON + timedelta(minutes=1))
    tell(cast.workspace, cast.rita, "warehouse.created", Target("warehouse", "whs_3", "Snowflake"))
    tell(
        cast.workspace, cast.rita, "source.created", Target("source", "src_1", "Web shop"), at=NOON - timedelta(days=1)
    )
    html = browser_of(cast.olga).get(page_url(disabled)).content.decode()
    history = html.split('id="history-title"')[1].split("</section>")[0]
    titles = re.findall(r'<p class="tiny muted" hx-disable>(.*?) <a class="more-link" href="([^"]+)"', history)
    assert [title for title, _ in titles] == [
        "Exact match, by its id",
        "Likely match: same name, another id",
        "Of the source it was done with, Web shop",
    ]
    assert ["whs_1" in titles[0][1], "whs_2" in titles[1][1], "src_1" in titles[2][1]] == [True] * 3
    assert "whs_3" not in history


def test_a_history_that_fills_its_place_asks_for_no_namesakes(cast, browser_of, disabled):
    for minute in range(6):
        tell(cast.workspace, cast.rita, "warehouse.enabled", SNOWFLAKE, at=NOON + timedelta(minutes=minute))
    tell(cast.workspace, cast.rita, "warehouse.created", Target("warehouse", "whs_2", "Snowflake prod"))
    assert "Likely match" not in browser_of(cast.olga).get(page_url(disabled)).content.decode()


def test_what_a_token_did_is_counted_shown_and_led_to(cast, browser_of):
    token, _ = make_token(workspace=cast.workspace, name="Terraform Cloud")
    keys = [
        tell_sample(cast.workspace, token, key, at=NOON + timedelta(minutes=minute)).key
        for minute, key in enumerate(("warehouse.disabled", "warehouse.enabled", "warehouse.deleted"))
    ]
    html = browser_of(cast.olga).get(page_url(keys[1])).content.decode()
    section = html.split('id="token-title"')[1].split("</section>")[0]
    assert section.startswith(
        '>What did this token do, also in somebody&#x27;s name? <span class="faint">3 events</span>'
    )
    assert section.count("history__item") == 3
    assert f'?token={token.id}&amp;reads=1">All it did</a>' in section
    person = tell_sample(cast.workspace, cast.olga, "warehouse.enabled").key
    assert 'id="token-title"' not in browser_of(cast.olga).get(page_url(person)).content.decode()


def test_what_a_token_sent_in_somebodys_name_counts_among_what_it_did(cast, browser_of, monkeypatch):
    token, _ = make_token(workspace=cast.workspace, name="Terraform Cloud")
    workspace, milo = cast.workspace.id, cast.milo.audit_actor
    with clock.at(NOON - timedelta(hours=1)), in_workspace(workspace), acting(workspace, milo, token_id=token.id):
        record("warehouse.enabled", target=cast.warehouse.audit_target)
    key = tell_sample(cast.workspace, token, "warehouse.disabled").key
    tell_sample(cast.workspace, cast.olga, "warehouse.enabled", at=NOON - timedelta(minutes=1))

    def section():
        html = browser_of(cast.olga).get(page_url(key)).content.decode()
        return html.split('id="token-title"')[1].split("</section>")[0]

    assert '<span class="faint">2 events</span>' in section()
    assert section().count("history__item") == 2
    # Where the time is up before it is found, what the token did as itself is told all the same.
    monkeypatch.setattr("auditapp.record.event_keys.WALK_EVENTS", 1)
    monkeypatch.setattr("auditapp.record.event_keys.LONG_WALKS", ())
    assert "more than 1 event" in section()
    assert section().count("history__item") == 1


def test_what_a_member_may_not_see_is_in_no_count_of_a_token(cast, browser_of):
    token, _ = make_token(workspace=cast.workspace, name="Terraform Cloud")
    seen, _ = (
        tell(cast.workspace, token, "source.modified", source.audit_target, scope_id=source.id).key
        for source in (cast.shop, cast.kiosk)
    )
    html = browser_of(cast.milo).get(page_url(seen)).content.decode()
    assert '<span class="faint">1 event</span>' in html.split('id="token-title"')[1]
    assert "Kiosk" not in html


def test_meta_is_a_table_of_names_and_values(cast, browser_of):
    meta = {
        "eventSource": "s3.amazonaws.com",
        "requestParameters": {"bucketName": "logs", "tags": ["a", "b"]},
        "on": True,
    }
    key = tell(cast.workspace, cast.olga, "warehouse.disabled", SNOWFLAKE, meta=meta).key
    html = browser_of(cast.olga).get(page_url(key)).content.decode()
    rows = re.findall(r'<th class="code" scope="row"><bdi>(.*?)</bdi></th><td><bdi>(.*?)</bdi></td>', html)
    assert dict(rows) == {
        "eventSource": "s3.amazonaws.com",
        "requestParameters.bucketName": "logs",
        "requestParameters.tags": "a, b",
        "On": "true",
    }


def test_curl_reads_this_event_and_carries_no_token(cast, browser_of, disabled):
    html = browser_of(cast.olga).get(page_url(disabled)).content.decode()
    line = re.search(r'id="event-curl">(.*?)</pre>', html)[1].replace("&quot;", '"')
    assert line == f'curl -H "Authorization: Bearer $AUDIT_TOKEN" http://testserver/api/audit-events/{disabled}'


def test_values_narrow_the_list_that_the_event_was_opened_from(cast, browser_of, trail_url, disabled):
    html = browser_of(cast.olga).get(trail_url, {"area": "warehouses", "open": disabled}).content.decode()
    drawer = html.split('id="drawer"')[1]
    links = dict(re.findall(r'href="([^"]+)" aria-label="((?:Only|Leave out) this [\w ]+)"', drawer))
    said = {word: link.replace("&amp;", "&").removeprefix(trail_url) for link, word in links.items()}
    assert said["Only this actor"] == f"?area=warehouses&actor={cast.olga.id}"
    assert said["Leave out this actor"] == f"?area=warehouses&actor=!{cast.olga.id}"
    assert said["Only this warehouse"] == "?area=warehouses&resource=warehouse:whs_1"
    assert said["Only this address"] == "?area=warehouses&ip=203.0.113.24"
    assert said["Only this kind of event"] == "?event=warehouse.disabled"


def test_page_steps_to_its_neighbours_within_the_filter_and_back_to_the_list(cast, browser_of, trail_url):
    keys = [
        tell_sample(cast.workspace, cast.olga, key, at=NOON + timedelta(minutes=minute)).key
        for minute, key in enumerate(("warehouse.disabled", "source.created", "warehouse.enabled", "warehouse.deleted"))
    ]
    client = browser_of(cast.olga)
    html = client.get(page_url(keys[2]), {"area": "warehouses"}).content.decode()
    steps = dict(re.findall(r'id="drawer-(newer|older)" href="([^"]+)"', html))
    assert steps == {
        "newer": f"{page_url(keys[3])}?area=warehouses",
        "older": f"{page_url(keys[0])}?area=warehouses",
    }
    assert f'href="{trail_url}?area=warehouses">Audit Trail</a>' in html
    drawer = client.get(trail_url, {"area": "warehouses", "open": keys[2]}).content.decode()
    assert f'href="{page_url(keys[2])}?area=warehouses" aria-label="Open on a page of its own"' in drawer
    newest = client.get(page_url(keys[3])).content.decode()
    assert 'title="This is the newest"' in newest


def test_page_opened_without_a_list_steps_through_the_whole_trail_and_can_be_printed(cast, browser_of):
    keys = [
        tell_sample(cast.workspace, cast.olga, key, at=NOON - timedelta(minutes=9 - number)).key
        for number, key in enumerate(
            ("warehouse.disabled", "audit_trail.viewed", "source.created", "warehouse.enabled")
        )
    ]
    html = browser_of(cast.olga).get(page_url(keys[2])).content.decode()
    steps = dict(re.findall(r'id="drawer-(newer|older)" href="([^"]+)"', html))
    # What only looked is hidden in the list, so it is stepped over.
    assert steps == {"newer": page_url(keys[3]), "older": page_url(keys[0])}
    assert "data-prints" in html


def test_related_events_are_those_that_the_viewer_may_see(cast, browser_of):
    key = tell(cast.workspace, cast.rita, "source.modified", cast.shop.audit_target, scope_id=cast.shop.id).key
    tell(cast.workspace, cast.rita, "source.modified", cast.kiosk.audit_target, scope_id=cast.kiosk.id)
    html = browser_of(cast.milo).get(page_url(key)).content.decode()
    assert "Kiosk" not in html
    assert "rita@demo.example" not in html
    assert "203.0.113.24" not in html


def test_waiting_event_says_so_and_a_sealed_one_names_leaf_and_checkpoint(cast, browser_of, disabled):
    client = browser_of(cast.olga)
    assert "Waiting for its seal" in client.get(page_url(disabled)).content.decode()
    seal_all()
    text = text_of(client.get(page_url(disabled)).content.decode())
    assert "Sealed" in text
    assert "Leaf 0" in text
    assert "Checkpoint 1 events" in text


def test_verify_shows_each_step(cast, browser_of, disabled):
    seal_all()
    client = browser_of(cast.olga)
    assert "Matches" not in client.get(page_url(disabled)).content.decode()
    html = client.get(page_url(disabled), {"verify": "1"}).content.decode()
    assert html.count("Matches</span>") == 5
    assert "The root is signed by this installation" in html


def test_verify_of_a_waiting_event_says_what_waits(cast, browser_of, disabled):
    html = browser_of(cast.olga).get(page_url(disabled), {"verify": "1"}).content.decode()
    assert html.count("Matches</span>") == 3
    assert html.count("Waiting</span>") == 2


def test_proof_file_convinces_a_stranger(cast, browser_of, disabled):
    tell_sample(cast.workspace, cast.olga, "warehouse.enabled")
    seal_all()
    answer = browser_of(cast.olga).get(proof_url(disabled))
    assert answer["Content-Disposition"] == f'attachment; filename="{disabled}.proof.json"'
    proof = json.loads(answer.content)
    raw = base64.b64decode
    envelope, path = raw(proof["envelope"]), [raw(one) for one in proof["inclusion"]["path"]]
    assert leaf_hash(envelope) == raw(proof["leafHash"])
    verifiers = [Verifier.parse(one) for one in proof["publicKeys"]]
    signed = Checkpoint.parse(open_note(proof["inclusion"]["checkpoint"], verifiers))
    verify_inclusion(leaf_hash(envelope), proof["inclusion"]["leafIndex"], signed.size, path, signed.root)
    said = json.loads(envelope)["c"]
    actor = proof["values"]["actor"]
    assert raw(said["actor"]) == commitment("actor", raw(actor["salt"]), raw(actor["value"]))
    assert sha256(b"audit.commit.v1\0actor\0" + raw(actor["salt"]) + raw(actor["value"])).digest() == raw(said["actor"])
    assert set(proof["values"]) >= {"actor", "targets", "context", "meta", "changes/0/old", "changes/3/new"}


def test_proof_file_leaves_out_what_the_viewer_may_not_see(cast, browser_of):
    key = tell(cast.workspace, cast.rita, "source.modified", cast.shop.audit_target, scope_id=cast.shop.id).key
    seal_all()
    proof = json.loads(browser_of(cast.milo).get(proof_url(key)).content)
    assert set(proof["values"]) == {"targets"}
    whole = json.loads(browser_of(cast.olga).get(proof_url(key)).content)
    assert set(whole["values"]) == {"actor", "targets", "context"}


def test_erased_values_are_named_with_the_event_that_erased_them(cast, browser_of, disabled):
    with as_operator(), acting_as(cast.olga, cast.workspace):
        erase_values(event_ids=[parse_event_key(disabled)], units=["actor", "context", "changes"], ground="request 42")
    seal_all()
    html = browser_of(cast.olga).get(page_url(disabled), {"verify": "1"}).content.decode()
    assert re.search(
        r"Some values of this event were erased by <a class=\"code\" href=\"[^\"]+open=(evt_\w+)\">\1</a>", html
    )
    assert html.count("erased</span>") == 4
    assert html.count("Matches</span>") == 5
    assert "olga@demo.example" not in html.split("event-summary")[1]


@pytest.mark.parametrize("url", [page_url, proof_url])
def test_event_of_another_workspace_is_not_found_as_if_it_were_not_there(cast, browser_of, url):
    other = make_cast(slug="other")
    foreign = tell_sample(other.workspace, other.olga, "warehouse.disabled").key
    client = browser_of(cast.olga)
    answers = [client.get(url(key)) for key in (foreign, "evt_0000000000000000000001", "nonsense")]
    assert [answer.status_code for answer in answers] == [404] * 3
    pages = {re.sub(r'req_\w+|value="\w{64}"', "", answer.content.decode()) for answer in answers}
    assert len(pages) == 1


def test_event_out_of_reach_is_not_found(cast, browser_of):
    key = tell(cast.workspace, cast.rita, "source.modified", cast.kiosk.audit_target, scope_id=cast.kiosk.id).key
    assert browser_of(cast.milo).get(page_url(key)).status_code == 404
    assert browser_of(cast.zoe).get(page_url(key)).status_code == 404


def test_drawer_says_when_there_is_no_such_event_and_keeps_the_list(cast, browser_of, trail_url, disabled):
    html = browser_of(cast.olga).get(trail_url, {"open": "evt_0000000000000000000001"}).content.decode()
    assert "There is no such event here" in html
    assert disabled in html


def test_drawer_steps_to_the_neighbours_within_the_filter(cast, browser_of, trail_url):
    keys = [
        tell_sample(cast.workspace, cast.olga, key, at=NOON + timedelta(minutes=minute)).key
        for minute, key in enumerate(("warehouse.disabled", "source.created", "warehouse.enabled", "warehouse.deleted"))
    ]
    html = browser_of(cast.olga).get(trail_url, {"area": "warehouses", "open": keys[2]}).content.decode()
    steps = dict(re.findall(r'id="drawer-(newer|older|close)" href="([^"]+)"', html))
    assert steps["newer"].endswith(f"open={keys[3]}")
    assert steps["older"].endswith(f"open={keys[0]}")
    assert steps["close"] == f"{trail_url}?area=warehouses"
    assert f'data-event="{keys[2]}" aria-current="true"' in html


def test_an_event_asks_a_bounded_number_of_questions(cast, browser_of, disabled):
    seal_all()
    client = browser_of(cast.olga)
    with CaptureQueriesContext(connection) as queries:
        client.get(page_url(disabled))
    assert len(queries) <= 13 + 24, "\n".join(one["sql"][:120] for one in queries)
