"""The strip of a source: every figure is what the stages wrote down, and the worst destination is told by name."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from auditapp.access.permissions import access_of_system
from auditapp.pipeline.delivery.health import health_of
from auditapp.pipeline.delivery.models import Delivery
from auditapp.pipeline.delivery.replays import resend_event
from auditapp.pipeline.delivery.settling import ONLY_FAILURES
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import disable_destination, enable_destination
from auditapp.pipeline.flow.counting import Done, count_stages
from auditapp.pipeline.flow.figures import deliveries_of, usually_within
from auditapp.pipeline.flow.models import StageCount
from auditapp.pipeline.flow.spans import Span, span_named
from auditapp.pipeline.flow.strip import strip_of
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseFeed, WarehouseSync
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import count_rejected
from auditapp.sources.models import SeenEvent
from auditapp.sources.services import delete_source
from tests.delivery.told import START
from tests.delivery_kinds import BAD, BUSY, DENIED, GONE
from tests.factories import acting_as, make_source, make_transformation

pytestmark = pytest.mark.commits


@pytest.fixture
def stages(cast):
    """The strip by the keys of its stages."""

    def read(source=None, span=Span.DAY):
        of = source or cast.shop
        with in_workspace(of.workspace_id):
            return {
                stage.key: stage for stage in strip_of(access_of_system(of.workspace_id), of, span, slug="demo").stages
            }

    return read


def items(cast):
    with in_workspace(cast.workspace.id):
        return {(one.item_id, one.outcome): one.events for one in StageCount.objects.all()}


def test_a_source_that_nothing_came_to_says_so(cast, stages):
    found = stages(make_source(workspace=cast.workspace, name="Till"))
    assert [(one.count, one.words) for one in found.values()] == [
        (0, "Nothing yet"),
        (0, "Not checked"),
        (None, "None"),
        (0, "None"),
        (None, "None"),
    ]
    assert [one.tone for one in found.values()] == [""] * 5


def test_each_stage_tells_what_came_through_it(cast, destination, send, work, stages):
    renames = make_transformation(source=cast.shop, definition={"newEventName": "Bought"} | {"if": 'event = "A"'})
    drops = make_transformation(source=cast.shop, name="Drop", definition={"drop": True, "if": 'event = "B"'})
    with in_workspace(cast.workspace.id):
        SeenEvent.objects.create(
            workspace_id=cast.workspace.id,
            source_id=cast.shop.id,
            type="track",
            name="C",
            is_allowed=False,
            first_seen_at=START,
        )
        count_rejected(cast.workspace.id, cast.shop.id, {"bad_json": 2})
    send("A", "B", "C", "D")
    send("E", integrations={"All": False})
    send("A", "B", "C", "D")  # came before, and counts once
    work()
    found = stages()
    assert {key: one.count for key, one in found.items() if key != "warehouses"} == {
        "source": 5,
        "plan": 4,
        "filters": 2,
        "transformations": 2,
        "destinations": 2,
    }
    assert "2 refused" in found["source"].note
    assert found["plan"].words == "1 stopped"
    assert (found["filters"].note, found["filters"].words) == ("of 3 deliveries let through", "1 kept back")
    assert (found["transformations"].note, found["transformations"].words) == (
        "on the way in: 1 change by 2 transformations",
        "1 stopped",
    )
    assert (found["destinations"].words, found["destinations"].tone) == ("Healthy", "good")
    assert items(cast) == {(renames.id, "applied"): 1, (drops.id, "dropped_by_transformation"): 1}


def test_what_stands_for_a_destination_is_told_apart_by_its_item(cast, destination):
    about = {"at": START, "destination_id": destination.id}
    with in_workspace(cast.workspace.id):
        done = {Done("trf_1", "FILTERED_BY_RULES"): 2, Done("", "INTERNAL"): 1, Done("flt_1", "FILTERED_BY_RULES"): 4}
        count_stages(cast.workspace.id, cast.shop.id, done, **about)
        count_stages(cast.workspace.id, cast.shop.id, {Done("trf_1", "applied"): 9}, **about)
        found = deliveries_of(cast.shop, [destination.id], START - timedelta(hours=1))
    assert found.after_filters == 3


def test_transformations_and_filters_of_a_destination_are_counted_by_what_was_delivered(
    cast, destination, kind, send, work, stages
):
    own = {"source": cast.shop, "destination_id": destination.id}
    renames = make_transformation(**own, name="Rename", definition={"newEventName": "Bought", "if": 'event = "A"'})
    drops = make_transformation(**own, name="Drop", definition={"drop": True, "if": 'event = "B"'})
    kind.answers.append(BUSY)  # nothing counts until it arrives, and then once
    send("A", "B", "C")
    work()
    assert items(cast) == {}
    with in_workspace(cast.workspace.id):
        Delivery.objects.update(retry_at=None)
    work()
    assert items(cast) == {(renames.id, "applied"): 1, (drops.id, "FILTERED_BY_RULES"): 1}
    found = stages()
    assert [found[key].count for key in ("filters", "transformations", "destinations")] == [3, 2, 2]
    assert (found["transformations"].words, found["transformations"].note) == (
        "1 stopped",
        "for a destination: 1 change by 2 transformations",
    )


def test_what_was_changed_on_the_way_in_stands_beside_no_nought(cast, send, stages):
    make_transformation(source=cast.shop, definition={"newEventName": "Bought"} | {"if": 'event = "A"'})
    send("A", "B")
    stage = stages()["transformations"]
    assert (stage.count, stage.note) == (None, "on the way in: 1 change by 1 transformation")


def test_what_is_sent_again_counts_again_and_the_strip_says_so(cast, destination, send, work, stages):
    send("A", "B")
    work()
    assert (stages()["destinations"].count, stages()["destinations"].note) == (2, "delivered")
    with acting_as(cast.olga, cast.workspace):
        resend_event(destination_id=destination.id, index=0)
    work()
    found = stages()
    assert (found["destinations"].count, found["destinations"].note) == (3, "delivered, replays counted too")
    assert found["filters"].note == "of 3 deliveries let through, replays counted too"


def test_the_worst_destination_gives_the_state_and_its_name(cast, kind, make_destination, send, work, stages):
    slow, locked = make_destination(name="Slow"), make_destination(name="Locked")
    kind.always = BUSY
    send("A")
    work()
    assert stages()["destinations"].words.lower().endswith("trying again, answers 503")
    with in_workspace(cast.workspace.id):
        Delivery.objects.filter(destination_id=locked.id).update(last_outcome=DENIED.outcome.value, last_code="401")
    stage = stages()["destinations"]
    assert (stage.words, stage.tone) == ("Locked: refuses credentials, answers 401", "bad")
    assert stage.note == "delivered, 2 waiting"
    with in_workspace(cast.workspace.id):
        Destination.objects.filter(id__in=[slow.id, locked.id]).update(is_enabled=False)
    assert (stages()["destinations"].words, stages()["destinations"].tone) == ("All are off", "")


def test_what_is_off_is_counted_apart_and_410_is_told(cast, kind, make_destination, send, work, stages):
    off, gone, _ = make_destination(name="Off"), make_destination(name="Gone"), make_destination(name="Well")
    with acting_as(cast.olga, cast.workspace):
        disable_destination(destination_id=off.id)
        disable_destination(destination_id=gone.id)
    assert (stages()["destinations"].words, stages()["destinations"].note) == ("1 healthy, 2 off", "delivered, 2 off")
    send("A")
    work()
    assert stages()["destinations"].note == "delivered, 2 off (2 with events waiting)"
    assert (stages()["destinations"].words, stages()["destinations"].tone) == ("1 healthy, 2 off", "good")
    client = Client()
    client.force_login(cast.olga)
    source_page = client.get(f"/demo/connections/sources/{cast.shop.id}/").content.decode()
    assert source_page.count("waiting since it was turned off") == 2
    assert source_page.count('data-label="Lag">–<') == 2
    kind.always = GONE
    with acting_as(cast.olga, cast.workspace):
        enable_destination(destination_id=gone.id)
    work()
    stage = stages()["destinations"]
    assert (stage.words, stage.tone) == ("Gone: turned off, answers 410", "warn")
    assert "Gone</bdi> was turned off." in client.get(f"/demo/connections/sources/{cast.shop.id}/").content.decode()
    page = client.get(f"/demo/connections/destinations/{gone.id}/").content.decode()
    assert "It was turned off, since it answered 410" in page
    assert "1 event waits in the inbox" in page
    assert "behind</span>" not in page
    assert "answered 410" not in client.get(f"/demo/connections/destinations/{off.id}/").content.decode()
    with acting_as(cast.olga, cast.workspace):  # somebody looked after it, and left it off
        enable_destination(destination_id=gone.id)
        disable_destination(destination_id=gone.id)
    assert stages()["destinations"].words == "1 healthy, 2 off"


def test_what_paused_after_failures_is_told_of_as_what_a_person_paused_is_not(cast, destination, stages):
    with in_workspace(cast.workspace.id):
        Destination.objects.update(paused_at=START, pause_reason=ONLY_FAILURES)
    assert (stages()["destinations"].words, stages()["destinations"].tone) == ("Paused after failures", "warn")
    with in_workspace(cast.workspace.id):
        Destination.objects.update(paused_at=START, pause_reason="Moving house")
    assert (stages()["destinations"].words, stages()["destinations"].tone) == ("Paused", "")


def test_dead_letters_keep_a_healthy_destination_from_looking_well(cast, kind, destination, send, work, stages):
    kind.always = BAD
    with time_machine.travel(START, tick=False) as moment:
        send("A")
        for _ in range(3):
            work()
            moment.shift(timedelta(hours=13))
        stage = stages()["destinations"]
    assert (stage.note, stage.words, stage.tone) == ("delivered, 1 dead letter", "Healthy", "warn")


def test_a_span_begins_with_a_whole_hour_and_leaves_out_what_is_older(cast, send, stages):
    with time_machine.travel(START.replace(hour=12, minute=30), tick=False) as moment:
        send("A")
        moment.shift(timedelta(hours=2))
        send("B")
        assert [stages(span=span)["source"].count for span in Span] == [1, 2, 2]
        moment.shift(timedelta(days=3))
        assert [stages(span=span)["source"].count for span in Span] == [0, 0, 2]
        assert Span.HOUR.since.minute == 0
    assert [span_named(text) for text in ("1h", "7d", None, "x")] == [Span.HOUR, Span.WEEK, Span.DAY, Span.DAY]


def test_how_long_it_usually_takes_is_what_the_tries_say(cast, destination, send, work):
    with time_machine.travel(START, tick=False) as moment:
        send("A")
        moment.shift(timedelta(seconds=4))
        work()
        with in_workspace(cast.workspace.id):
            healths = health_of([destination])
            assert usually_within(healths, START - timedelta(hours=1)) == timedelta(seconds=4)
            assert usually_within(healths, START + timedelta(hours=1)) is None


def test_counts_go_with_their_source(cast, send):
    source = make_source(workspace=cast.workspace, name="Till")
    make_transformation(source=source)
    send("A", source=source)
    assert items(cast)
    with acting_as(cast.olga, cast.workspace):
        delete_source(source_id=source.id)
    assert items(cast) == {}


def test_the_page_shows_strip_table_and_the_worst_failure_and_asks_for_the_strip_alone(
    cast, kind, destination, send, work
):
    client = Client()
    client.force_login(cast.olga)
    kind.always = DENIED
    send("A")
    work()
    path = f"/demo/connections/sources/{cast.shop.id}/"
    page = client.get(path).content.decode()
    for told in (
        "Receiver</bdi> does not take events since",
        "Fix its settings",
        "Tracking plan",
        "Refuses credentials",
    ):
        assert told in page
    part = client.get(f"{path}?span=7d", headers={"HX-Request": "true", "HX-Target": "stages"}).content.decode()
    assert part.lstrip().startswith("<section")
    assert 'href="/demo/connections/sources/' in part
    assert "?span=7d" in part
    assert "<table" not in part


def test_warehouses_stand_beside_the_destinations_for_who_may_see_them(cast, stages, send):
    own = {"workspace_id": cast.workspace.id}
    with in_workspace(cast.workspace.id):
        Warehouse.objects.filter(id=cast.warehouse.id).update(source_ids=[cast.shop.id])
        WarehouseFeed.objects.create(**own, warehouse_id=cast.warehouse.id, source_id=cast.shop.id, position=1)
        lines = [{"id": cast.shop.id, "rows": 4}, {"id": "src_other", "rows": 9}]
        sync = {"warehouse_id": cast.warehouse.id, "task_id": "", "schedule": "", "started_at": START, "sources": lines}
        WarehouseSync.objects.create(**own, id="syn_1", state="partial", finished_at=START, **sync)
    send("A", "B", "C")
    stage = stages()["warehouses"]
    assert (stage.count, stage.note, stage.words) == (4, "rows loaded, 2 waiting for a sync", "Loads in part")
    client = Client()
    for person, sees in ((cast.olga, True), (cast.milo, False)):
        client.force_login(person)
        page = client.get(f"/demo/connections/sources/{cast.shop.id}/").content.decode()
        assert ("rows loaded" in page) is sees
