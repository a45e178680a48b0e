"""Marks of rows and the panel of an event: what became of it after the trail, for who may see the source."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from auditapp.access.permissions import permissions_for
from auditapp.forwarding.marks import forwarding_marks
from auditapp.forwarding.passage import Passage
from auditapp.forwarding.queries import echo_since, forwarding_of
from auditapp.forwarding.where_it_went import where_it_went
from auditapp.lib import clock
from auditapp.pipeline.delivery.models import Delivery, DeliveryAttempt
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.warehouses.models import WarehouseFeed
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.sealing.queries import seal_marks
from auditapp.sources.inbox import Incoming, append, find_messages, read_inbox
from auditapp.sources.models import SeenEvent
from tests.delivery.told import START, letters
from tests.delivery_kinds import BAD, BUSY
from tests.factories import acting_as, events_of

pytestmark = pytest.mark.commits
TRAIL = "/demo/settings/admin/audit-trail/"


@pytest.fixture
def do(cast):
    """Somebody does something to a source; gives its row."""

    def act(source=None):
        with acting_as(cast.olga, cast.workspace):
            record("source.disabled", target=source or cast.shop)
        return events_of(cast.workspace)[0]

    return act


@pytest.fixture
def mark(cast):
    def read(row, person=None):
        with in_workspace(cast.workspace.id):
            access = permissions_for(cast.workspace.id, (person or cast.olga).id)
            return forwarding_marks(access, [row], seal_marks(cast.workspace.id, [row.id])).get(row.id)

    return read


@pytest.fixture
def panel(cast):
    def read(row, person=None):
        with in_workspace(cast.workspace.id):
            access = permissions_for(cast.workspace.id, (person or cast.olga).id)
            made = where_it_went(access, row, seal_marks(cast.workspace.id, [row.id]).get(row.id))
            return made and made.parts

    return read


def page_of(person, row):
    client = Client()
    client.force_login(person)
    return client.get(f"{TRAIL}{row.key}/").content.decode()


def test_who_never_forwarded_sees_nothing_of_it(cast, do, mark, panel):
    row = do()
    assert mark(row) is None
    assert panel(row) is None
    assert "Where it went" not in page_of(cast.olga, row)


def test_an_event_is_followed_from_its_seal_to_its_destinations(
    cast, forwarding, do, forward, work, destination, mark, panel
):
    early = do()
    forward()
    forwarding(start="now")
    row = do()
    assert (panel(row).passage, mark(row).icon) == (Passage.UNSEALED, "forward-wait")
    forward()
    assert "On its way, 0 of 1" in mark(row).words
    assert [way.fate.state for way in panel(row).arrivals[0].ways] == ["waiting"]
    work()
    assert (mark(row).icon, mark(row).words) == (
        "forwarded",
        "Forwarded to Web shop, 1 of 1 destinations are done with it",
    )
    [way] = panel(row).arrivals[0].ways
    assert (way.fate.state, way.tries, way.why) == ("delivered", [True], "")
    page = page_of(cast.olga, row)
    for told in ("Where it went", "Receiver", "Delivered", f"/deliveries/{way.last_try}/"):
        assert told in page
    assert (panel(early).passage, mark(early)) == (Passage.BEFORE, None)
    assert "from before forwarding to <bdi>Web shop</bdi> began" in page_of(cast.olga, early)


def test_what_waits_while_forwarding_is_off_says_so(forwarding, do, forward, panel, mark):
    forwarding()
    forwarding(is_on=False)
    row = do()
    forward()
    assert (panel(row).passage, mark(row).icon) == (Passage.OFF, "forward-off")


def test_why_an_event_was_left_out_is_told_as_far_as_it_is_known(cast, forwarding, do, forward, panel, mark, send):
    forwarding(query="event:source.enabled")
    row = do()
    forward()
    assert (panel(row).passage, mark(row).words) == (Passage.LEFT_OUT, "Not forwarded")
    assert "does not ask for it" in panel(row).why_not
    forwarding(query="")
    assert "set up differently" in panel(row).why_not
    send("New name")  # which the source itself tells of
    forward()
    echo = [one for one in events_of(cast.workspace) if one.event.actor.kind == "system"][-1]
    assert "forwarding it would cause the next one" in panel(echo).why_not
    with time_machine.travel(clock.now() + timedelta(days=40), tick=False):
        assert (panel(row).passage, mark(row)) == (Passage.FORGOTTEN, None)


def test_what_the_source_stops_is_told_with_its_code(cast, forwarding, do, settle, destination, panel, mark):
    own = {"workspace_id": cast.workspace.id, "source_id": cast.shop.id}
    with in_workspace(cast.workspace.id):
        SeenEvent.objects.create(**own, type="track", name="Source Disabled", is_allowed=False, first_seen_at=START)
    forwarding()
    row = do()
    settle()
    assert (panel(row).arrivals[0].code, panel(row).arrivals[0].ways) == ("event_setting", [])
    assert (mark(row).icon, "event_setting" in mark(row).words) == ("forward-off", True)
    assert "somebody blocked events of this name" in page_of(cast.olga, row)


def test_each_destination_tells_what_became_of_it(cast, forwarding, do, settle, make_destination, kind, panel, mark):
    plain, filtered = make_destination(name="Plain"), make_destination(name="Filtered")
    with in_workspace(cast.workspace.id):
        own = {"workspace_id": cast.workspace.id, "source_id": cast.shop.id, "destination_id": filtered.id}
        drop = [{"type": "DROP"}]
        DestinationFilter.objects.create(
            **own, id="flt_1", title="No sources", condition="all", actions=drop, revision="1"
        )
    settle()  # so that forwarding begins after what was done so far
    forwarding()
    kind.always = BUSY
    row = do()
    settle()
    ways = {way.fate.destination.name: way for way in panel(row).arrivals[0].ways}
    assert (ways["Plain"].fate.state, ways["Plain"].tries) == ("retrying", [False])
    assert (ways["Filtered"].fate.state, ways["Filtered"].why) == ("kept_back", "by the filter No sources")
    assert (mark(row).icon, mark(row).tone) == ("forward-wait", "warn")
    kind.always = BAD
    for _ in range(5):  # that forwarding was turned on is refused and set aside first
        with in_workspace(cast.workspace.id):
            DeliveryAttempt.objects.update(at=clock.now() - timedelta(hours=30))
            Delivery.objects.update(retry_at=None)
        settle()
        if row.key in {one.message_id.removeprefix("audit-") for one in letters(plain)}:
            break
    assert (mark(row).icon, mark(row).words) == ("forward-failed", "Not delivered to Plain: a dead letter")
    assert "Replay</button>" in page_of(cast.olga, row)
    assert "Replay</button>" not in page_of(cast.rita, row)
    assert "Dead letter" in page_of(cast.rita, row)


def test_warehouses_are_told_of_too(cast, forwarding, do, forward, panel):
    forwarding()
    row = do()
    forward()
    assert [load.state for load in panel(row).arrivals[0].loads] == ["waiting"]
    own = {"workspace_id": cast.workspace.id, "warehouse_id": cast.warehouse.id, "source_id": cast.shop.id}
    with in_workspace(cast.workspace.id):
        feed = WarehouseFeed.objects.create(**own, position=99)
    assert [load.state for load in panel(row).arrivals[0].loads] == ["loaded"]
    feed.left_out = ["track:Source Disabled"]
    with in_workspace(cast.workspace.id):
        WarehouseFeed.objects.filter(**own).update(left_out=feed.left_out)
    assert [load.state for load in panel(row).arrivals[0].loads] == ["left_out"]
    assert [load.state for load in panel(row, cast.milo).arrivals[0].loads] == []
    assert "Next sync" not in page_of(cast.olga, row)


def test_who_may_not_see_the_source_learns_nothing(cast, forwarding, do, settle, make_destination, panel, mark):
    make_destination(name="Secret receiver", source=cast.kiosk)
    forwarding(source_id=cast.kiosk.id)
    row = do()  # about the shop, which milo sees
    settle()
    assert mark(row).icon == "forwarded"
    assert (mark(row, cast.milo), panel(row, cast.milo)) == (None, None)
    client = Client()
    client.force_login(cast.milo)
    for page in (
        page_of(cast.milo, row),
        client.get(TRAIL).content.decode(),
        client.get(f"{TRAIL}?open={row.key}").content.decode(),
    ):
        assert row.key in page
        for hidden in ("Where it went", "Secret receiver", "Kiosk", "i-forward"):
            assert hidden not in page
    assert "i-forwarded" in _list(cast.olga)


def test_what_went_to_the_source_of_before_is_still_told_of(
    cast, forwarding, do, settle, make_destination, panel, mark
):
    make_destination(name="Archive")
    forwarding()
    row = do()
    settle()
    forwarding(source_id=cast.kiosk.id, start="now", is_on=False)
    forwarding(source_id=cast.kiosk.id, start="now")
    late = do()
    settle()
    assert [(one.source, one.ways[0].fate.state) for one in panel(row).arrivals] == [(cast.shop, "delivered")]
    assert mark(row).words == "Forwarded to Web shop, 1 of 1 destinations are done with it"
    assert mark(late).words == "Forwarded to Kiosk"
    page = page_of(cast.olga, row)
    assert "Archive" in page
    assert "Not forwarded" not in page
    # Milo sees the shop alone, and learns of what is in it, and nothing of the kiosk.
    assert [one.source for one in panel(row, cast.milo).arrivals] == [cast.shop]
    assert (mark(late, cast.milo), panel(late, cast.milo)) == (None, None)
    with in_workspace(cast.workspace.id):
        again = find_messages(cast.workspace.id, [cast.shop.id], [f"audit-{row.key}"])[0]
        [stored] = read_inbox(cast.workspace.id, cast.shop.id, again.index, limit=1)
        append(cast.workspace.id, cast.kiosk.id, [Incoming(stored.message_id, "track", stored.name, stored.payload)])
    assert [one.source for one in panel(row).arrivals] == [cast.kiosk, cast.shop]


def test_the_strip_leaves_the_echo_of_the_source_out_and_says_so(cast, forwarding, do, settle, send):
    settle()
    forwarding(query="event:source.* event:source_schema.*")
    do()
    send("New name")  # which the source itself tells of
    settle()
    page = _forwarding_page(cast.olga)
    assert "that the source itself caused" in page
    assert "all that is sealed went through" in page
    assert "from the trail to its source" in page
    with in_workspace(cast.workspace.id):
        viewer = Viewer(cast.workspace.id, sees_all=True, sees_personal=True)
        line, since = forwarding_of(cast.workspace.id).query, clock.now() - timedelta(hours=1)
        echo = echo_since(viewer, line, cast.shop.id, since).events
        assert echo == sum(
            one.event.actor.kind == "system" and one.event.scope_id == cast.shop.id for one in events_of(cast.workspace)
        )
        assert echo > 0
        assert f"without {echo} that the source itself caused" in page
        assert echo_since(replace(viewer, sees_all=False), line, cast.shop.id, since).events == 0


def test_nothing_is_said_to_flow_while_forwarding_is_off(cast, forwarding, do, settle):
    page = _forwarding_page(cast.olga)
    assert "nothing was forwarded yet" in page
    forwarding()
    settle()
    forwarding(is_on=False)
    do()
    settle()
    page = _forwarding_page(cast.olga)
    assert "in the trail while forwarding is off" in page
    assert "nothing is on its way, forwarding is off" in page
    for untrue in ("all that is sealed went through", "to the last destination"):
        assert untrue not in page


def test_a_page_costs_the_same_few_queries_for_one_event_and_for_many(cast, forwarding, do, settle, destination):
    forwarding()
    do()
    settle()
    with in_workspace(cast.workspace.id):
        access = permissions_for(cast.workspace.id, cast.olga.id)

    def queries():
        rows = events_of(cast.workspace)
        with in_workspace(cast.workspace.id), CaptureQueriesContext(connection) as asked:
            marks = forwarding_marks(access, rows, seal_marks(cast.workspace.id, [row.id for row in rows]))
        return len(marks), len(asked)

    few, first = queries()
    for _ in range(20):
        do()
    settle()
    many, second = queries()
    assert many - few >= 20
    assert first == second <= 8


def _forwarding_page(person):
    client = Client()
    client.force_login(person)
    return client.get("/demo/settings/workspace/audit-forwarding/").content.decode()


def _list(person):
    client = Client()
    client.force_login(person)
    return client.get(TRAIL).content.decode()
