"""A task's attempts on the pages: the row that tells of them, the switch, the detail; and every event where nothing is folded."""

import html as markup
import re
from datetime import timedelta

import pytest

from auditapp.record.drafts import Target
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from tests.trail.history import NOON, tell
from tests.trail.reading import rows_in, sentences

WAREHOUSE = Target("warehouse", "whs_1", "Snowflake prod")
FAILED, RECOVERED = "warehouse.run_failed", "warehouse.run_recovered"


@pytest.fixture
def tried(cast):
    """A sync of a warehouse that failed twice and recovered, between other events."""
    for minute, (key, number, outcome) in enumerate(
        ((FAILED, 1, "failure"), (FAILED, 2, "failure"), (RECOVERED, 3, "success"))
    ):
        meta = {"task": "tsk_1", "attempt": number, "of": 6, "reason": f"The host <b>{number}</b> did not answer"}
        at = NOON + timedelta(minutes=minute)
        tell(cast.workspace, cast.olga, key, WAREHOUSE, at=at, meta=meta, outcome=outcome)
        tell(cast.workspace, cast.olga, "warehouse.disabled", WAREHOUSE, at=at + timedelta(seconds=30))
    return cast


def text_of(html):
    return " ".join(markup.unescape(re.sub(r"<[^>]+>", " ", html)).split())


def list_of(client, url, query=None):
    return client.get(url, query or {}).content.decode()


def test_the_row_says_how_it_went_and_unfolds_into_its_attempts(tried, browser_of, trail_url):
    html = list_of(browser_of(tried.olga), trail_url)
    assert rows_in(html) == 4
    assert sentences(html)[1] == "recovered sync of warehouse Snowflake prod"
    assert "Failed twice, recovered on attempt 3" in html
    # A switch that works without scripts, in the same body as the rows that it shows.
    [body] = re.findall(r'<tbody role="rowgroup" class="trail__task">(.*?)</tbody>', html, re.DOTALL)
    assert '<details class="fold"><summary class="attempts-toggle" aria-label="3 attempts">' in body
    attempts = [text_of(one) for one in body.split('<tr class="trail__attempt')[1:]]
    assert "Attempt 1 failed: The host <b>1</b> did not answer" in attempts[0]
    assert "Attempt 2 failed: The host <b>2</b> did not answer 1 min after attempt 1" in attempts[1]
    assert "Attempt 3 succeeded 1 min after attempt 2" in attempts[2]
    assert body.count("<b>1</b>") == 0
    assert len(set(re.findall(r'class="trail__try" href="[^"]*open=(evt_\w+)"', body))) == 3


def test_fold_retries_is_a_switch_that_the_address_keeps(tried, browser_of, trail_url):
    client = browser_of(tried.olga)
    html = list_of(client, trail_url, {"fold": "off"})
    assert rows_in(html) == 6
    assert "trail__attempt" not in html
    assert 'name="fold" value="on">' in html  # not ticked
    assert '<input type="hidden" name="fold" value="off">' in html.split('id="query-form"')[1].split("</form>")[0]
    # Each link of the page keeps it, and there is one back.
    assert f'href="{trail_url}"' in html.split('class="pager"')[1]
    assert re.search(r'href="[^"]*fold=off&amp;open=evt_', html)
    # As a form without scripts sends it.
    assert client.get(f"{trail_url}?fold=off&fold=on&q=").url == trail_url
    assert client.get(f"{trail_url}?fold=off&q=").url == f"{trail_url}?fold=off"
    assert client.get(trail_url, {"fold": "maybe"}).status_code == 422


def test_the_row_of_an_open_attempt_is_unfolded(tried, browser_of, trail_url):
    client = browser_of(tried.olga)
    first = re.findall(r'class="trail__try" href="([^"]+)"', list_of(client, trail_url))[0].replace("&amp;", "&")
    html = list_of(client, first)
    assert '<details class="fold" open>' in html
    assert len(re.findall(r'<tr class="trail__attempt[^>]* aria-current="true"', html)) == 1


def test_the_detail_lists_the_attempts_of_the_task(tried, browser_of, trail_url):
    client = browser_of(tried.olga)
    first = re.findall(r'class="trail__try" href="([^"]+)"', list_of(client, trail_url))[0].replace("&amp;", "&")
    section = list_of(client, first).split('id="task-title">History of this task<')[1].split("</section>")[0]
    assert "Failed twice, recovered on attempt 3" in section
    assert len(re.findall(r'<a class="trail__link" href="[^"]+open=evt_', section)) == 3
    assert len(re.findall(r'history__item" aria-current="true"', section)) == 1
    assert "History of this task" not in list_of(client, trail_url).split('id="drawer"')[1]


def test_a_page_whose_events_are_all_folded_away_says_so(cast, browser_of, trail_url):
    for number in range(1, 53):
        meta = {"task": "tsk_1", "attempt": (number - 1) % 26 + 1, "of": 26}
        # Two tasks' attempts in turn would end on one page; one task's last attempts lead from the first.
        target = Target("warehouse", f"whs_{number // 27}", "Lake")
        tell(
            cast.workspace, cast.olga, FAILED, target, at=NOON + timedelta(seconds=number), meta=meta, outcome="failure"
        )
    client = browser_of(cast.olga)
    html = list_of(client, trail_url)
    older = re.search(r'rel="next" href="([^"]+)"', html)[1].replace("&amp;", "&")
    assert "top=" in older
    html = list_of(client, older)
    assert rows_in(html) == 0
    assert "All 2 events of this page are attempts at tasks that rows of newer pages tell of." in html


def test_the_count_and_the_log_have_every_attempt(tried, browser_of, trail_url):
    assert "6 of" in text_of(list_of(browser_of(tried.olga), trail_url).split('class="pager"')[1])
    with in_workspace(tried.workspace.id):
        rows = visible_events(Viewer(tried.workspace.id, sees_all=True)).exported(EventFilter())
        assert len(list(rows)) == 6


def test_the_pager_says_how_many_rows_tell_of_the_events(tried, browser_of, trail_url):
    def pager(query=None):
        return text_of(list_of(browser_of(tried.olga), trail_url, query).split('class="pager"')[1])

    assert "6 of 6 events in 4 rows, newest first" in pager()
    assert "6 of 6 events, newest first" in pager({"fold": "off"})
