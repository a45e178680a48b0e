"""A canary in every place that an event can hold one, and who may not see personal data: what they search for and what else tells of one.

That no page, file or answer shows one is in test_matrix_masked.py.
"""

from base64 import b64decode
from dataclasses import fields, replace
from datetime import timedelta

import orjson
import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from auditapp.access.errors import Denied
from auditapp.access.permissions import permissions_for, viewer_for
from auditapp.alerts.services import RuleInput, change_alert_rule, create_alert_rule
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.record.bar_counts import bar_counts
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.event_query import visible_events
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.exports.models import Export
from auditapp.trail.saved_views.services import delete_saved_view
from tests.access.canaries import EMAIL, IP, IPV6, SEARCHES, make_role, make_world
from tests.conftest import SUPERUSER, _connected_to, cloned_database
from tests.factories import acting_as, last_event


@pytest.fixture(scope="module")
def world(server, django_db_blocker):
    with django_db_blocker.unblock(), cloned_database(server) as name:
        with _connected_to(server, name, "owner", SUPERUSER):
            make_role()
        yield make_world()


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def body(answer):
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode() + str(answer.headers)


def trail(world, path):
    return reverse("trail:event_list", args=[world.cast.workspace.slug]) + path


def asked_by(one):
    """A value in every dimension that takes one, wanted and left out."""
    words = [EventFilter(words=(Word(one, is_exact=exact),), with_reads=True) for exact in (True, False)]
    dimensions = {"actors": one, "target_ids": one, "requests": one, "reasons": one, "resources": f"source:{one}"}
    if one in (IP, IPV6):
        dimensions["ips"] = one
    return words + [EventFilter(**{name: Choice((value,))}, with_reads=True) for name, value in dimensions.items()]


def left_out(wanted):
    """The same filter, with what it asks for left out."""
    turned = {name: Choice((), choice.include) for name in vars_of(wanted) if (choice := getattr(wanted, name)).include}
    return replace(wanted, words=tuple(replace(word, is_excluded=True) for word in wanted.words), **turned)


def vars_of(wanted):
    return [one.name for one in fields(wanted) if isinstance(getattr(wanted, one.name), Choice)]


def found_by(viewer, wanted):
    """The keys that a page has, how many events are counted, and what stands in the bars."""
    events, edges = visible_events(viewer), [clock.now() - timedelta(days=2), clock.now() + timedelta(days=1)]
    bars = bar_counts(viewer, wanted, edges, may_search=True)
    return {row.key for row in events.page(wanted, size=1_000).rows}, events.count(wanted).events, bars.events


def test_no_search_filter_count_or_bar_tells_of_one(world):
    workspace = world.cast.workspace
    with in_workspace(workspace.id):
        vera, olga = (viewer_for(permissions_for(workspace.id, who.id)) for who in (world.vera, world.cast.olga))
        everything = found_by(vera, EventFilter(with_reads=True))
        found_by_olga = 0
        for wanted in (asked for one in SEARCHES for asked in asked_by(one)):
            assert found_by(vera, wanted) == (set(), 0, 0), wanted
            assert found_by(vera, left_out(wanted)) == everything, wanted
            keys, events, bars = found_by(olga, wanted)
            found_by_olga += bool(keys)
            assert len(keys) == events == bars
        assert found_by_olga > len(SEARCHES)


def test_a_hidden_value_is_told_from_one_that_is_not_there(world):
    lines = body(client_of(world.vera).get(trail(world, "export.jsonl?reads=1&type=source.modified"))).splitlines()
    events = {event["id"]: event for event in (orjson.loads(line) for line in lines if line.startswith('{"id'))}
    changed = {one["path"]: one for one in events[world.keys[0]]["changes"]}
    hidden = {"redacted": "hidden"}
    assert changed["owner"] == {"path": "owner", "old": hidden, "new": hidden}
    assert changed["•••"]["new"] == hidden
    assert changed["name"] == {"path": "name", "old": "Shop", "new": "Web shop"}


def test_a_reason_is_hidden_in_its_place(world):
    says = "••• hidden from your role, if one was given"
    assert says in body(client_of(world.vera).get(trail(world, f"{world.keys[0]}/")))
    assert says not in body(client_of(world.cast.olga).get(trail(world, f"{world.keys[0]}/")))


def test_the_proof_of_an_event_with_an_address_for_an_id_leaves_its_envelope_out(world):
    keys = [key for key in world.keys if EMAIL in body(client_of(world.cast.olga).get(trail(world, f"{key}/")))]
    proofs = {
        who: client_of(who).get(trail(world, f"{keys[0]}/proof.json")).json() for who in (world.vera, world.cast.olga)
    }
    whole, narrow = proofs[world.cast.olga], proofs[world.vera]
    assert EMAIL in b64decode(whole["envelope"]).decode()
    assert narrow["envelope"] is None
    assert narrow["leafHash"] == whole["leafHash"]
    assert narrow["inclusion"] == whole["inclusion"] is not None


def test_olga_exports_in_the_background_and_vera_learns_no_filter_of_hers(world):
    with transaction.atomic():
        client_of(world.cast.olga).post(trail(world, f"exports/request/?ip={IP}"), {"format": "csv"})
        with in_workspace(world.cast.workspace.id):
            assert Export.objects.filter(query__contains=IP).exists()
        text = {who: body(client_of(who).get(trail(world, "exports/"))) for who in (world.vera, world.cast.olga)}
        transaction.set_rollback(True)
    assert IP in text[world.cast.olga]
    assert IP not in text[world.vera]


def test_what_was_deleted_comes_back_whole_or_not_at_all(world):
    with transaction.atomic():
        with acting_as(world.cast.olga, world.cast.workspace):
            delete_saved_view(view_id=world.view_id)
        deleted = last_event(world.cast.workspace)
        pages = {
            who: body(client_of(who).get(trail(world, f"{deleted.key}/undo/"))) for who in (world.vera, world.cast.olga)
        }
        transaction.set_rollback(True)
    assert "Your role does not show all that it was" in pages[world.vera]
    assert IP not in pages[world.vera]
    assert "Your role does not show all that it was" not in pages[world.cast.olga]


def test_who_sees_less_than_the_owner_of_a_rule_changes_not_what_it_looks_for(world):
    with transaction.atomic():
        told = {"told_ids": (world.cast.olga.id,), "by_bell": True}
        with acting_as(world.cast.olga, world.cast.workspace):
            rule, _ = create_alert_rule(RuleInput(name="Of everybody", query="outcome:failure", **told))
        with acting_as(world.vera, world.cast.workspace):
            with pytest.raises(Denied):
                change_alert_rule(RuleInput(name="Mine", query="", **told), rule_id=world.rule.id)
            with pytest.raises(Invalid, match="owner sees more"):
                change_alert_rule(RuleInput(name="Of everybody", query=f"ip:{IP}", **told), rule_id=rule.id)
            renamed, _ = change_alert_rule(RuleInput(name="Renamed", query="outcome:failure", **told), rule_id=rule.id)
            assert renamed.name == "Renamed"
        transaction.set_rollback(True)
