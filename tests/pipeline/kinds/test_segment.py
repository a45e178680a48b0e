"""The Segment kind, against a receiver as strict as Segment's API and against this project's own sources."""

from base64 import b64decode

import orjson
import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.segment import MOST_BYTES, Segment
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.inbox import read_inbox
from tests import factories
from tests.loopback_server import served
from tests.pipeline.kinds.setups import batch_of, body_of, outgoing, receiving, sent, setup_of

KIND = Segment()
KEY = "wk_4Tq8Zr1Lm6Vb2Ny7Ke3Hs9"


def _segment(request):
    """As the documentation of the HTTP API has it."""
    assert (request.method, request.path) == ("POST", "/v1/batch")
    assert request.headers["content-type"] == "application/json"
    if b64decode(request.headers["authorization"].removeprefix("Basic ")).decode() != f"{KEY}:":
        return 401, {}, b"{}"
    said = orjson.loads(request.body)
    calls = said["batch"]
    is_good = (
        len(request.body) <= 500_000
        and len(calls) <= 2_500
        and all(len(orjson.dumps(call)) <= 32_000 for call in calls)
        and all(call["type"] and (call.get("userId") or call.get("anonymousId")) for call in calls)
    )
    return (200, {}, b'{"success":true}') if is_good else (400, {}, b'{"success":false}')


def test_calls_go_on_as_they_came_in_with_their_message_ids(serving):
    with receiving(serving, _segment) as receiver:
        setup = setup_of(KIND, url=receiver.url, write_key=KEY)
        result = sent(KIND, batch_of(outgoing(1, sentAt="2026-11-24T10:00:02Z", writeKey="theirs"), outgoing(2)), setup)
    assert result.outcome is Outcome.DELIVERED
    first, second = orjson.loads(receiver.requests[0].body)["batch"]
    assert (first["messageId"], second["messageId"]) == ("msg_1", "msg_2")
    assert first["timestamp"] == "2026-11-24T10:00:00.250Z"
    assert not {"sentAt", "receivedAt", "originalTimestamp", "writeKey"} & first.keys()
    assert KEY not in result.request + result.answer
    assert receiver.requests[0].headers["authorization"] not in result.request


def test_the_whole_address_means_the_same(serving):
    with receiving(serving, _segment) as receiver:
        setup = setup_of(KIND, url=f"{receiver.url}/v1/batch/", write_key=KEY)
        assert sent(KIND, batch_of(), setup).outcome is Outcome.DELIVERED


def test_what_segment_refuses_is_told(serving):
    with receiving(serving, _segment) as receiver:
        setup = setup_of(KIND, url=receiver.url, write_key="another")
        refused = sent(KIND, batch_of(), setup)
        setup = setup_of(KIND, url=receiver.url, write_key=KEY)
        large = sent(KIND, batch_of(outgoing(1, properties={"text": "x" * 33_000})), setup)
    assert (refused.outcome, refused.code) == (Outcome.AUTH, "401")
    assert "write key" in refused.message
    assert (large.outcome, large.code) == (Outcome.REFUSED, "400")
    assert "32 KB" in large.message


def test_a_full_batch_is_within_the_limits_of_a_request():
    setup = setup_of(KIND, write_key=KEY)
    assert (KIND.max_events(setup), KIND.max_bytes(setup)) == (2_500, MOST_BYTES)
    around = len(body_of(KIND, batch_of(outgoing(1), outgoing(2)), setup)) - 2 * len(KIND.item(outgoing(1), setup))
    assert MOST_BYTES + around + 2_500 <= 500_000


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"url": "https://a.example/?x=1"}, "url"),
        ({"write_key": "a b"}, "write_key"),
        ({"write_key": "ü"}, "write_key"),
    ],
)
def test_settings_that_cannot_work_are_refused(values, field):
    with pytest.raises(Invalid) as raised:
        KIND.check(setup_of(KIND, **{"write_key": KEY, **values}))
    assert raised.value.field == field


def test_a_source_of_this_project_takes_them_once(own_database):
    workspace = factories.make_workspace()
    source = factories.make_source(workspace=workspace)
    with served() as address:
        setup = setup_of(KIND, url=address, write_key=factories.write_keys(source)[0])
        for _ in range(2):
            assert sent(KIND, batch_of(outgoing(1), outgoing(2)), setup).outcome is Outcome.DELIVERED
        assert sent(KIND, batch_of(), setup_of(KIND, url=address, write_key="nobodys")).outcome is Outcome.AUTH
    with in_workspace(workspace.id):
        events = [orjson.loads(one.payload) for one in read_inbox(workspace.id, source.id, 0)]
    assert [(one["messageId"], one["timestamp"]) for one in events] == [
        ("msg_1", "2026-11-24T10:00:00.250000Z"),
        ("msg_2", "2026-11-24T10:00:00.250000Z"),
    ]
