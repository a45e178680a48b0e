"""Pages, filters and counts: every way of finding keys gives what a plain look over all events gives."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import new_event_id
from auditapp.record import event_keys
from auditapp.record.drafts import Actor, EventDraft, Target
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.event_query import visible_events
from auditapp.record.query_language import words_of
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.record.writer import write_events

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
TYPES = ("source.created", "source.disabled", "warehouse.disabled", "user.signed_in", "audit_trail.viewed")
AREAS = {"source": "sources", "warehouse": "warehouses", "user": "users", "audit_trail": "workspace"}
ACTORS = [Actor("user", f"usr_{n}", f"Person {n} Ähnlich", f"p{n}@example.com") for n in range(4)]
EVERYTHING = Viewer(7, sees_all=True, sees_personal=True)
SCOPED = Viewer(7, scope_ids=("src_1",), own_actor_ids=("usr_2",))


def _draft(random: Random, n: int) -> EventDraft:
    key = random.choice(TYPES)
    noun = key.split(".")[0]
    # Several events at one moment: the id decides, and a page must not lose or repeat one.
    at = NOON - timedelta(days=random.choice((0, 1, 40, 500)), seconds=random.randrange(20))
    with clock.at(at):
        event_id = new_event_id()
    return EventDraft(
        workspace_id=7,
        id=event_id,
        type=key,
        area=AREAS[noun],
        actor=random.choice(ACTORS),
        targets=[
            Target(noun, f"{noun}_{random.randrange(3)}", random.choice(("Snowflake prod", "iOS app", "O'Hara \\ x")))
        ],
        occurred_at=at,
        received_at=at,
        scope_id=random.choice((None, "src_1", "src_2")),
        outcome=random.choice(("success", "success", "failure")),
        is_read=key == "audit_trail.viewed",
        context={"ip": random.choice(("10.1.2.3", "10.9.0.1", "203.0.113.7", "2001:db8::1"))},
        meta={"note": random.choice(("nightly run", "manual"))},
    )


@pytest.fixture
def drafts(db):
    random = Random(20261110)
    made = [_draft(random, n) for n in range(150)]
    with in_workspace(7):
        write_events(made)
        yield sorted(made, key=lambda draft: (draft.occurred_at, draft.id), reverse=True)


def _read_all(viewer, wanted, size=7):
    query, found, older = visible_events(viewer), [], None
    for _ in range(200):
        page = query.page(wanted, older=older, size=size)
        found += [row.id for row in page.rows]
        older = page.older
        if older is None:
            return found
    raise AssertionError("the pages do not end")


def _expected(drafts, matches, viewer=EVERYTHING):
    def visible(d):
        return viewer.sees_all or d.scope_id in viewer.scope_ids or d.actor.id in viewer.own_actor_ids

    return [draft.id for draft in drafts if visible(draft) and matches(draft)]


FILTERS = {
    "everything": (EventFilter(with_reads=True), lambda d: True),
    "reads are hidden": (EventFilter(), lambda d: not d.is_read),
    "a read type that is asked for": (
        EventFilter(types=Choice(("audit_trail.viewed",))),
        lambda d: d.type == "audit_trail.viewed",
    ),
    "two types": (
        EventFilter(types=Choice(("source.created", "user.signed_in"))),
        lambda d: d.type in ("source.created", "user.signed_in"),
    ),
    "nothing of the kind": (EventFilter(types=Choice(("journey.created",))), lambda d: False),
    "two actors": (
        EventFilter(actors=Choice(("usr_1", "usr_2"))),
        lambda d: d.actor.id in ("usr_1", "usr_2") and not d.is_read,
    ),
    "types by actors": (
        EventFilter(types=Choice(("source.created", "source.disabled")), actors=Choice(("usr_0", "usr_3"))),
        lambda d: d.type.startswith("source.") and d.actor.id in ("usr_0", "usr_3"),
    ),
    "a whole area or a type": (
        EventFilter(types=Choice(("user.signed_in",)), areas=Choice(("sources",))),
        lambda d: d.area == "sources" or d.type == "user.signed_in",
    ),
    "not an actor, not an area": (
        EventFilter(actors=Choice((), ("usr_1",)), areas=Choice((), ("sources",))),
        lambda d: d.actor.id != "usr_1" and d.area != "sources" and not d.is_read,
    ),
    "one resource": (
        EventFilter(resources=Choice(("warehouse:warehouse_1",))),
        lambda d: d.targets[0].id == "warehouse_1",
    ),
    "one resource by one actor": (
        EventFilter(resources=Choice(("warehouse:warehouse_1",)), actors=Choice(("usr_1",))),
        lambda d: d.targets[0].id == "warehouse_1" and d.actor.id == "usr_1",
    ),
    "a resource type": (EventFilter(resources=Choice(("source",))), lambda d: d.targets[0].type == "source"),
    "failures": (EventFilter(outcomes=Choice(("failure",))), lambda d: d.outcome == "failure" and not d.is_read),
    "an address": (
        EventFilter(ips=Choice(("203.0.113.7",))),
        lambda d: d.context["ip"] == "203.0.113.7" and not d.is_read,
    ),
    "a range between the indexed ones": (
        EventFilter(ips=Choice(("10.0.0.0/13",))),
        lambda d: d.context["ip"] == "10.1.2.3" and not d.is_read,
    ),
    "not a range": (
        EventFilter(ips=Choice((), ("10.0.0.0/8",))),
        lambda d: not d.context["ip"].startswith("10.") and not d.is_read,
    ),
    "a word by its beginning": (
        EventFilter(words=words_of("snowfl")),
        lambda d: d.targets[0].name == "Snowflake prod" and not d.is_read,
    ),
    "two words, one left out": (
        EventFilter(words=words_of("nightly -snowflake")),
        lambda d: d.meta["note"] == "nightly run" and "Snow" not in d.targets[0].name and not d.is_read,
    ),
    "an exact word is not a beginning": (EventFilter(words=words_of('"snowfl"')), lambda d: False),
    "hostile text": (
        EventFilter(words=(Word("o'hara"),)),
        lambda d: "Hara" in d.targets[0].name and not d.is_read,
    ),
    "an e-mail": (
        EventFilter(words=words_of("p1@example.com")),
        lambda d: d.actor.id == "usr_1" and not d.is_read,
    ),
    "a month": (
        EventFilter(since=NOON - timedelta(days=30), until=NOON, with_reads=True),
        lambda d: NOON - timedelta(days=30) <= d.occurred_at < NOON,
    ),
}


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("way", ["as it comes", "walks of ten"])
def test_pages_hold_exactly_what_matches(drafts, monkeypatch, name, way):
    if way == "walks of ten":
        # So short that whatever is not found at once goes to the index, or on to the longer walks.
        monkeypatch.setattr(event_keys, "WALK_EVENTS", 10)
        monkeypatch.setattr(event_keys, "LONG_WALKS", (20, 1_000))
    wanted, matches = FILTERS[name]
    assert _read_all(EVERYTHING, wanted) == _expected(drafts, matches)


@pytest.mark.parametrize(
    "name", ["everything", "two types", "two actors", "failures", "not an actor, not an area", "one resource"]
)
def test_a_limited_viewer_finds_scope_and_own_actions_only(drafts, name):
    wanted, matches = FILTERS[name]
    assert _read_all(SCOPED, wanted) == _expected(drafts, matches, SCOPED)


def test_many_probes_fall_back_to_one_search(drafts, monkeypatch):
    monkeypatch.setattr(event_keys, "MAX_PROBES", 1)
    wanted, matches = FILTERS["types by actors"]
    assert _read_all(EVERYTHING, wanted) == _expected(drafts, matches)


def test_newer_leads_back_over_the_same_pages(drafts):
    query = visible_events(EVERYTHING)
    first = query.page(EventFilter(), size=10)
    second = query.page(EventFilter(), older=first.older, size=10)
    back = query.page(EventFilter(), newer=second.newer, size=10)
    assert [row.id for row in back.rows] == [row.id for row in first.rows]
    assert back.newer is None
    assert first.newer is None


def test_a_search_that_runs_out_of_time_says_how_far_it_came(drafts, monkeypatch):
    monkeypatch.setattr(event_keys, "WALK_EVENTS", 5)
    monkeypatch.setattr(event_keys, "SEARCH_BUDGET", timedelta(0))
    page = visible_events(EVERYTHING).page(EventFilter(words=words_of("snowflake")))
    assert page.searched_to is not None
    assert page.searched_to.occurred_at >= NOON


def test_addresses_are_neither_shown_nor_searched_without_the_permission(drafts):
    viewer = Viewer(7, sees_all=True)
    query = visible_events(viewer)
    assert query.page(EventFilter(ips=Choice(("203.0.113.7",)))).rows == []
    assert query.page(EventFilter(words=words_of("p1@example.com"))).rows == []
    assert query.page(EventFilter(words=words_of("203.0.113.7"))).rows == []
    [row] = query.page(EventFilter(), size=1).rows
    assert "ip" not in row.event.context
    assert row.event.actor.email is None


def test_own_actions_show_their_addresses(drafts):
    rows = visible_events(SCOPED).page(EventFilter(actors=Choice(("usr_2",))), size=5).rows
    assert rows
    assert all(row.event.context["ip"] and row.event.actor.email for row in rows)


def test_an_event_outside_of_the_scope_is_not_there(drafts):
    foreign = next(d for d in drafts if d.scope_id == "src_2" and d.actor.id != "usr_2")
    assert visible_events(SCOPED).get(foreign.id) is None
    assert visible_events(EVERYTHING).get(foreign.id) is not None


def test_counting_stops_at_its_bound(drafts):
    query = visible_events(EVERYTHING)
    total = len(_expected(drafts, lambda d: not d.is_read))
    assert (query.count(EventFilter()).events, query.count(EventFilter()).is_more) == (total, False)
    # The rollups, with what waits for its seal, know this without counting rows.
    failures = EventFilter(outcomes=Choice(("failure",)))
    assert query.count(failures, up_to=10).is_more
    assert not query.count(failures, up_to=300).is_more


def test_an_export_gives_every_event_once_in_order(drafts, monkeypatch):
    monkeypatch.setattr("auditapp.record.event_query.MAX_PAGE_SIZE", 13)
    exported = [row.id for row in visible_events(EVERYTHING).exported(EventFilter())]
    assert exported == _expected(drafts, lambda d: not d.is_read)
    assert len(list(visible_events(EVERYTHING).exported(EventFilter(), up_to=20))) == 20


@pytest.mark.parametrize("text", ["10.0.0.0/33", "example.com", "2001:db8::/3", "1"])
def test_a_range_that_cannot_be_searched_is_refused(drafts, text):
    with pytest.raises(Invalid):
        visible_events(EVERYTHING).page(EventFilter(ips=Choice((text,))))


def test_related_events_are_of_the_same_actor_and_request(db):
    actor = ACTORS[0]
    made = []
    with in_workspace(7):
        for n, request in enumerate(("req_a", "req_a", "req_b")):
            with clock.at(NOON + timedelta(seconds=n)):
                event_id = new_event_id()
            made.append(
                EventDraft(
                    workspace_id=7,
                    id=event_id,
                    type="source.created",
                    area="sources",
                    actor=actor,
                    targets=[Target("source", f"src_{n}")],
                    occurred_at=NOON + timedelta(seconds=n),
                    received_at=NOON,
                    context={"request_id": request},
                )
            )
        write_events(made)
        query = visible_events(EVERYTHING)
        row = query.get(made[0].id)
        assert [other.id for other in query.related(row, by="request_id")] == [made[1].id]
        assert query.related(row, by="session_id") == []


def test_ids_and_addresses_are_found_as_they_are_written(drafts):
    query = visible_events(EVERYTHING)
    by_id = query.page(EventFilter(words=words_of("Warehouse_1")), size=500).rows
    assert {row.event.targets[0].id for row in by_id} == {"warehouse_1"}
    by_address = query.page(EventFilter(words=words_of("203.0.113.7")), size=500).rows
    assert {row.event.context["ip"] for row in by_address} == {"203.0.113.7"}
