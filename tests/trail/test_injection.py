"""Hostile text in every value of an event: pages keep the tags they have for harmless text, and files stay files."""

import csv
import io
import json
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from auditapp.lib.csv_safe import csv_cell
from auditapp.lib.ids import event_key
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import write_events
from tests.factories import make_cast
from tests.trail.payloads import PAYLOADS, hostile_draft

HARMLESS = "plain words of nobody"


class Skeleton(HTMLParser):
    """Tags with the names of their attributes, in order; without what marks unseen characters and what a text is made of."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.links: list[str] = []
        self.inside_control = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "a":
            self.links.append(values.get("href") or "")
        if tag == "mark" or values.get("class") == "control-char":
            self.inside_control = values.get("class") == "control-char"
            return
        self.found.append((tag, tuple(sorted(values))))

    def handle_endtag(self, tag):
        if tag == "mark" or (tag == "span" and self.inside_control):
            self.inside_control = False
            return
        self.found.append((f"/{tag}", ()))


def pages_of(cast, browser_of, text):
    """List, drawer, page and filtered lists with one event that says this text everywhere."""
    draft = hostile_draft(cast.workspace.id, text)
    with in_workspace(cast.workspace.id):
        write_events([draft])
    slug, key, client = cast.workspace.slug, event_key(draft.id), browser_of(cast.olga)
    trail = reverse("trail:event_list", args=[slug])
    filters = {"q": text, "actor": text, "resource": f"{text}:{text}", "event": text}
    answers = [
        client.get(trail),
        client.get(trail, {"open": key}),
        client.get(reverse("trail:event_page", args=[slug, key])),
        client.get(trail, {"outcome": text, "area": text}),
        client.get(trail, filters),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 422, 200]
    return [Skeleton(answer.content.decode()) for answer in answers]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_adds_no_tag_and_no_attribute_to_a_page(db, browser_of, payload):
    expected = pages_of(make_cast(slug="plain"), browser_of, HARMLESS)
    pages = pages_of(make_cast(slug="hostile"), browser_of, payload)
    for name, page, plain in zip(("list", "drawer", "page", "wrong"), pages, expected, strict=False):
        assert page.found == plain.found, name
    known = {part for plain in expected for part in plain.found}
    assert set(pages[-1].found) <= known
    assert all(link.startswith(("/", "#")) for page in pages for link in page.links)


def test_the_skeleton_would_show_an_injected_tag():
    assert Skeleton("<p>&lt;img&gt;</p>").found == Skeleton("<p>x</p>").found
    assert Skeleton("<p><img></p>").found != Skeleton("<p>x</p>").found
    assert Skeleton('<p title="" onclick="x">x</p>').found != Skeleton('<p title="">x</p>').found


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_stays_one_cell_of_a_csv_and_never_a_formula(cast, browser_of, payload):
    rows = list(csv.reader(io.StringIO(export_of(cast, browser_of, payload, "csv"), newline="")))
    header, event = rows
    assert len(event) == len(header)
    assert not [cell for cell in event if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert event[header.index("resource_name")] == csv_cell(payload)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_comes_whole_out_of_json_lines(cast, browser_of, payload):
    lines = export_of(cast, browser_of, payload, "jsonl").splitlines()
    values = [json.loads(line) for line in lines]
    assert len(values) == 1
    assert values[0]["targets"][0]["name"] == payload
    assert values[0]["meta"]["reason"] == payload


def export_of(cast, browser_of, payload, suffix):
    with in_workspace(cast.workspace.id):
        write_events([hostile_draft(cast.workspace.id, payload)])
    url = reverse("trail:event_export", args=[cast.workspace.slug, suffix])
    answer = browser_of(cast.olga).get(url)
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    return answer.getvalue().decode()
