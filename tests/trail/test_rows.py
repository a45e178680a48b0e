"""Rows and their parts: sentence, actor, avatar, address, marks."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from auditapp.lib.ids import new_event_id
from auditapp.record.drafts import Actor, EventDraft, Target
from auditapp.record.event_row import EventRow
from auditapp.record.event_types import CATALOGUE, undeclared_type
from auditapp.trail.address import Address
from auditapp.trail.dressing import actor_tag, area_name, avatar, initials, plain_text, short_address, shown
from auditapp.trail.moments import PageTime
from auditapp.trail.parts import Mark
from auditapp.trail.rows import Seals, event_rows

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TIME = PageTime(ZoneInfo("UTC"), NOW)


def row(key="warehouse.disabled", *, at=NOW, outcome="success", changes=0, **values):
    draft = {
        "workspace_id": 1,
        "id": new_event_id(),
        "type": key,
        "area": "warehouses",
        "actor": Actor("user", "usr_1", "Maya Lindqvist"),
        "targets": [Target("warehouse", "whs_1", "Snowflake prod")],
        "occurred_at": at,
        "received_at": at,
        "outcome": outcome,
    }
    return EventRow(EventDraft(**(draft | values)), CATALOGUE.get(key) or undeclared_type(key), changes, b"\0" * 32)


def html_of(*rows, seals=None, **how):
    return event_rows(rows, address=Address("/t/"), time=TIME, seals=seals or Seals({}), **how)


def test_row_is_a_sentence_with_its_kind_quiet_and_its_name_apart():
    html = html_of(row())
    assert 'disabled <span class="kind">warehouse</span> <bdi class="thing">Snowflake prod</bdi>' in html
    assert "<bdi>Maya Lindqvist</bdi>" in html


def test_row_opens_beside_the_list_by_a_link_of_its_own():
    one = row()
    assert f'href="/t/?open={one.key}" hx-get="/t/?open={one.key}"' in html_of(one)


def test_current_row_is_the_open_event():
    one, other = row(), row()
    assert html_of(one, other, current=other.id).count('aria-current="true"') == 1


@pytest.mark.parametrize(
    ("given", "node"),
    [
        (row("warehouse.disabled"), "node node--grave"),
        (row("user.role_granted"), "node node--watch"),
        (row("warehouse.enabled"), "node"),
        (row("warehouse.enabled", outcome="failure"), "node node--grave"),
    ],
)
def test_node_tells_how_much_to_care(given, node):
    assert f'<span class="{node}">' in html_of(given, seals=Seals({given.id: 0}, 1, NOW))


def test_number_of_changed_fields_is_said_in_words_too():
    assert "±4" in html_of(row(changes=4))
    assert "4 fields changed" in html_of(row(changes=4))
    assert "1 field changed" in html_of(row(changes=1))
    assert "±" not in html_of(row(changes=0))


def test_a_mark_with_a_tag_is_read_after_the_sentence_and_not_at_the_end():
    given = row(changes=11)
    html = html_of(given, marks={given.id: [Mark("undo", 'Undone by "Maya"', tag="Undone"), Mark("forwarded", "Gone")]})
    what, rest = html.split("trail__cell-area")
    assert re.search(r'<span class="status" title="Undone by &quot;Maya&quot;">.*i-undo.*Undone</span>', what)
    assert "i-undo" not in rest
    assert rest.count('class="mark has-tip"') == 2


def test_sealed_waiting_and_broken_rows_say_so():
    sealed, waiting, late, broken = row(), row(), row(), row()
    leaves = {sealed.id: 4, late.id: 5, broken.id: 3}
    html = html_of(sealed, waiting, late, broken, seals=Seals(leaves, 5, NOW, frozenset({broken.id})))
    words = re.findall(r'<span class="visually-hidden">([^<]+)</span></td>', html)
    assert words == [
        "Sealed, leaf 4",
        "Waiting for the next checkpoint",
        "Waiting for the next checkpoint, leaf 5",
        "Does not match its seal, leaf 3",
    ]
    assert html.count("trail--unsealed") == 2
    assert html.count("trail--broken") == 1


def test_checkpoint_says_its_size_and_time():
    one = row()
    html = html_of(one, seals=Seals({one.id: 0}, 5_312, NOW), with_checkpoint=True)
    assert "Checkpoint 5,312 at 12:00:00 seals everything below" in html


def test_who_acts_for_somebody_is_named_first():
    actor = Actor("user", "usr_bo", "Bo", real=Actor("user", "usr_ana", "Ana"))
    assert plain_text(row(actor=actor)).startswith("Ana as Bo disabled")


def test_an_erased_name_leaves_the_id():
    assert "<bdi>usr_1</bdi>" in actor_tag(Actor("user", "usr_1"))


def test_machines_are_square_and_people_keep_their_tint():
    assert "avatar--machine" in avatar("token", "tok_1", "CI deploy")
    assert "avatar--machine" in avatar("system", "system", "Audit Trail")
    assert avatar("user", "usr_1", "Maya") == avatar("user", "usr_1", "Maya")
    assert len({re.search(r"avatar--(\d)", avatar("user", f"usr_{n}", "Maya"))[1] for n in range(40)}) == 6


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Maya Lindqvist", "ML"),
        ("Maximiliana Theodora Wolfe", "MW"),
        ("zoë", "Z"),
        ("محمد عبد الرحمن", "ما"),
        ("🏔️ Summit bot", "SB"),
        ("<script> 'x'", "SX"),
        ("🏔️", "?"),
        ("", "?"),
    ],
)
def test_initials_are_letters(name, letters):
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("address", "short"),
    [
        ("203.0.113.24", "203.0.113.24"),
        ("2001:db8:4f1:7d::3f", "2001:db8:4f1:7d::3f"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:85a3:…:7348"),
        ("internal-service.amazonaws.com", "internal-…onaws.com"),
    ],
)
def test_long_addresses_lose_their_middle(address, short):
    assert short_address(address) == short


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        ("invoice_\u202efdp.js", 'invoice_<span class="control-char">U+202E</span>fdp.js'),
        ("a\nb", 'a<span class="control-char">U+000A</span>b'),
        ("é<i>", "é&lt;i&gt;"),
        ("", ""),
    ],
)
def test_text_is_escaped_and_unseen_characters_are_spelled_out(text, html):
    assert shown(text) == html


def test_an_area_that_nobody_knows_is_other():
    assert (area_name("sources"), area_name("<x>")) == ("Sources", "Other")
