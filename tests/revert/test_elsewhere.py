"""Changes that other systems made are undone by them: asked with a signed request, again where it must be, and never twice."""

import orjson
import pytest
from django.test import Client
from django.urls import reverse

from auditapp.access.errors import Denied
from auditapp.ingest.services import accept_events
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.webhook_signature import verify
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.elsewhere.services import (
    AskedAlready,
    ask_elsewhere,
    remove_revert_callback,
    set_revert_callback,
)
from auditapp.revert.errors import NotUndoable
from auditapp.revert.models import Revert, RevertRequest
from auditapp.tasks.models import Task
from auditapp.tasks.running import run_due_task
from tests.factories import PASSWORD, events_of, last_event, make_cast, make_token
from tests.lib.outbound.conftest import loopback, serving  # noqa: F401  fixtures
from tests.pipeline.kinds.setups import receiving
from tests.revert.looking import one_request

REFUND = {
    "type": "order.refunded",
    "actor": {"kind": "user", "id": "u1", "name": "Maya"},
    "targets": [{"type": "order", "id": "4711", "name": "Order 4711"}],
    "changes": [{"path": "state", "old": "paid", "new": "refunded"}],
}


@pytest.fixture
def cast(own_database):
    return make_cast()


@pytest.fixture
def event(cast):
    with one_request(cast):
        (told,) = accept_events([REFUND])
    return next(row for row in events_of(cast.workspace) if row.id == told.event.id)


@pytest.fixture
def work(as_role):
    """Runs what is due, again at once where it failed; gives how often it ran."""

    def work(cast, times=1):
        for _ in range(times):
            with in_workspace(cast.workspace.id):
                Task.objects.filter(workspace_id=cast.workspace.id).update(next_at="2026-01-01T00:00:00Z")
            with as_role("worker"):
                run_due_task()

    return work


@pytest.fixture
def answering(serving):  # noqa: F811
    """A receiver that gives these answers, one a request."""

    def answering(*answers):
        left = iter(answers)

        def answer(request):
            status, body = next(left)
            return status, {}, body

        return receiving(serving, answer)

    return answering


def asked(cast):
    with in_workspace(cast.workspace.id):
        return RevertRequest.objects.get(workspace_id=cast.workspace.id)


def types(cast):
    return [row.event.type for row in events_of(cast.workspace)]


def test_it_is_asked_with_a_signed_request_and_its_answer_is_kept(cast, event, work, answering):
    with answering((200, b'{"done": "Order 4711 is paid again"}')) as receiver:
        with one_request(cast):
            _, secret = set_revert_callback(type_key="order.refunded", url=receiver.url)
            ask_elsewhere(event_id=event.id)
        work(cast)
    (got,) = receiver.requests
    verify(got.headers, got.body, [secret])
    body = orjson.loads(got.body)
    assert body["data"]["undo"] == [{"path": "state", "from": "refunded", "to": "paid"}]
    assert body["data"]["event"]["id"] == event.key
    assert body["data"]["requestedBy"]["name"] == cast.olga.name
    found = asked(cast)
    assert (found.state, found.status, found.answer) == ("accepted", 200, '{"done": "Order 4711 is paid again"}')
    assert types(cast)[:2] == ["audit_event.revert_accepted", "audit_event.revert_requested"]
    assert last_event(cast.workspace).event.context["reverts"] == [event.key]
    with in_workspace(cast.workspace.id):
        assert Revert.objects.get(workspace_id=cast.workspace.id).event_id == event.id
    with one_request(cast), pytest.raises(AskedAlready):
        ask_elsewhere(event_id=event.id)


def test_what_does_not_answer_is_asked_again_under_the_same_id(cast, event, work, answering):
    with answering((503, b""), (503, b""), (200, b"ok")) as receiver:
        with one_request(cast):
            set_revert_callback(type_key="order.refunded", url=receiver.url)
            ask_elsewhere(event_id=event.id)
        work(cast, 3)
    assert len({one.headers["webhook-id"] for one in receiver.requests}) == 1
    assert len(receiver.requests) == 3
    assert asked(cast).state == "accepted"
    assert types(cast).count("audit_event.revert_failed") == 2
    assert "audit_event.revert_recovered" in types(cast)


def test_a_no_is_final_and_can_be_asked_again(cast, event, work, answering):
    with answering((422, b"Already shipped"), (200, b"ok")) as receiver:
        with one_request(cast):
            set_revert_callback(type_key="order.refunded", url=receiver.url)
            ask_elsewhere(event_id=event.id)
        work(cast)
        found = asked(cast)
        assert (found.state, found.status, found.answer) == ("failed", 422, "Already shipped")
        olga = Client()
        olga.force_login(cast.olga)
        page = olga.get(reverse("trail:event_page", args=[cast.workspace.slug, event.key])).content.decode()
        assert "Not undone" in page
        assert "Already shipped" in page
        with one_request(cast):
            ask_elsewhere(event_id=event.id)
        work(cast)
    assert asked(cast).state == "accepted"


def test_no_packet_goes_inside(cast, event, work, answering, settings):
    with answering((200, b"ok")) as receiver:
        with one_request(cast):
            set_revert_callback(type_key="order.refunded", url=receiver.url)
            ask_elsewhere(event_id=event.id)
        settings.OUTBOUND_ALLOWED_NETWORKS = []
        work(cast)
    assert receiver.requests == []
    assert asked(cast).state == "failed"


def test_who_may_not_and_what_is_not_there(cast, event):
    with one_request(cast), pytest.raises(NotUndoable):
        ask_elsewhere(event_id=event.id)
    with one_request(cast):
        with pytest.raises(Invalid):
            set_revert_callback(type_key="order.refunded", url="ftp://example.com/")
        with pytest.raises(Invalid, match="a private network"):
            set_revert_callback(type_key="order.refunded", url="https://10.0.0.1/undo")
        with pytest.raises(NotFound):
            remove_revert_callback(type_key="order.refunded")
        set_revert_callback(type_key="order.refunded", url="https://orders.example.com/undo")
    for act in (
        lambda: set_revert_callback(type_key="order.refunded", url="https://evil.example.com/"),
        lambda: remove_revert_callback(type_key="order.refunded"),
        lambda: ask_elsewhere(event_id=event.id),
    ):
        with one_request(cast, cast.milo), pytest.raises(Denied):
            act()


def test_on_its_page_and_in_the_api(cast, event, work, answering):
    url = reverse("revert:undo", args=[cast.workspace.slug, event.key])
    olga = Client()
    olga.force_login(cast.olga)
    _, token = make_token(workspace=cast.workspace, scopes=["audit:read", "types:write"], created_by=cast.olga.id)
    headers = {"Authorization": f"Bearer {token}"}
    with answering((200, b"<script>alert(1)</script>")) as receiver:
        put = olga.put(
            "/api/audit-event-types/order.refunded/revert-callback",
            {"url": receiver.url},
            content_type="application/json",
            headers=headers,
        )
        assert put.json()["data"]["revertCallback"]["secret"].startswith("whsec_")
        page = olga.get(url).content.decode()
        assert "127.0.0.1" in page
        assert "Confirm it is you" in page
        proof = olga.post(url)["Location"]
        olga.post(proof, {"password": PASSWORD})
        assert olga.post(url).status_code == 302
        work(cast)
    page = olga.get(url).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert olga.post(url).status_code == 409
    state = olga.get(f"/api/audit-events/{event.key}/revert-request", headers=headers).json()
    assert state["data"]["revertRequest"]["state"] == "accepted"
    again = olga.post(f"/api/audit-events/{event.key}/revert-request", headers=headers)
    assert again.status_code == 409
    detail = olga.get(reverse("trail:event_page", args=[cast.workspace.slug, event.key])).content.decode()
    assert "Undone by" in detail
