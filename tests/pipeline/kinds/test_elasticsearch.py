"""Elasticsearch and OpenSearch against a bulk API that keeps documents, refuses some and is too busy for others."""

from base64 import b64encode

import orjson
import pytest

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.elasticsearch import Elasticsearch
from auditapp.pipeline.formats.rendering import Format
from tests.pipeline.kinds.setups import batch_of, outgoing, receiving, sent, setup_of

KIND = Elasticsearch()
KEY = "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw=="
PATH = "/logs-audit_trail-default/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason"
MAPPING = {"type": "document_parsing_exception", "reason": "failed to parse field [source.ip] of type [ip]"}


class Bulk:
    """Documents by id, as an index with op_type create has them."""

    def __init__(self, **statuses):
        self.documents = {}
        self.statuses = statuses

    def __call__(self, request):
        assert (request.method, request.path) == ("POST", PATH)
        assert request.headers["content-type"] == "application/x-ndjson"
        if request.headers.get("authorization") != f"ApiKey {KEY}":
            return 401, {}, orjson.dumps({"error": {"type": "security_exception", "reason": "missing credentials"}})
        assert request.body.endswith(b"\n")
        lines = [orjson.loads(line) for line in request.body[:-1].split(b"\n")]
        items = [self._create(head, document) for head, document in zip(lines[::2], lines[1::2], strict=True)]
        errors = any(item["create"]["status"] >= 300 for item in items)
        return 200, {}, orjson.dumps({"errors": errors, "items": items})

    def _create(self, head, document):
        assert head.keys() == {"create"}
        assert document["@timestamp"]
        identifier = head["create"]["_id"]
        assert len(identifier.encode()) <= 512
        message_id = document.get("messageId")
        if status := self.statuses.get(message_id):
            return {"create": {"status": status, "error": MAPPING}}
        if identifier in self.documents:
            error = {"type": "version_conflict_engine_exception", "reason": "document already exists"}
            return {"create": {"status": 409, "error": error}}
        self.documents[identifier] = document
        return {"create": {"status": 201}}


def _setup(receiver, form=Format.SEGMENT, **values):
    return setup_of(KIND, form, **{"url": receiver.url, "api_key": KEY, **values})


@pytest.mark.parametrize("form", KIND.formats)
def test_a_second_try_doubles_nothing(serving, form):
    bulk = Bulk()
    with receiving(serving, bulk) as receiver:
        for _ in range(2):
            result = sent(KIND, batch_of(outgoing(1), outgoing(2)), _setup(receiver, form))
            assert result.outcome is Outcome.DELIVERED
        sent(KIND, batch_of(outgoing(3)), _setup(receiver, form))
    assert len(bulk.documents) == 3
    assert {document["@timestamp"] for document in bulk.documents.values()} == {"2026-11-24T10:00:00.250000Z"}
    assert KEY not in result.request


def test_the_recommended_format_comes_first():
    assert KIND.formats[0] is Format.ECS
    assert Format.CEF not in KIND.formats


@pytest.mark.parametrize(
    ("statuses", "outcome", "told"),
    [
        (
            {"msg_1": 400},
            Outcome.REFUSED,
            "1 of 2 documents were not taken; 1 of them: document_parsing_exception: failed",
        ),
        ({"msg_1": 400, "msg_2": 429}, Outcome.RETRY, "2 of 2 documents were not taken; 1 of them"),
        ({"msg_1": 503}, Outcome.RETRY, "1 of 2"),
        ({"msg_1": 403, "msg_2": 400}, Outcome.AUTH, "2 of 2"),
        ({"msg_2": 404}, Outcome.AUTH, "1 of 2"),
        ({"msg_1": 409}, Outcome.DELIVERED, "200 OK"),
    ],
)
def test_what_became_of_each_document_decides(serving, statuses, outcome, told):
    with receiving(serving, Bulk(**statuses)) as receiver:
        result = sent(KIND, batch_of(outgoing(1), outgoing(2)), _setup(receiver))
    assert result.outcome is outcome
    assert told in result.message


def test_an_answer_that_is_too_long_to_be_read_is_understood_as_far_as_it_was(serving):
    failed = {"create": {"status": 400, "error": {"type": "t", "reason": "r" * 400}}}

    def refusing(last):
        items = [failed] * 300
        return lambda request: (200, {}, orjson.dumps({"errors": True, "items": [last, *items]}))

    for last, outcome in [(failed, Outcome.REFUSED), ({"create": {"status": 429}}, Outcome.RETRY)]:
        with receiving(serving, refusing(last)) as receiver:
            assert sent(KIND, batch_of(), _setup(receiver)).outcome is outcome


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b"{}", b'{"items":[{"create":{}}]}', b'{"items":7}', b'{"items":["a"]}']
)
def test_a_good_status_of_something_else_is_no_delivery(serving, body):
    with receiving(serving, lambda request: (200, {}, body)) as receiver:
        assert sent(KIND, batch_of(), _setup(receiver)).outcome is Outcome.RETRY


def test_a_request_that_is_refused_as_a_whole_tells_why(serving):
    with receiving(serving, Bulk()) as receiver:
        result = sent(KIND, batch_of(), _setup(receiver, api_key="another"))
    assert (result.outcome, result.message) == (Outcome.AUTH, "401 security_exception: missing credentials")


def test_other_ways_to_sign_in(serving):
    with receiving(serving, lambda request: (500, {}, b"")) as receiver:
        sent(KIND, batch_of(), _setup(receiver, auth="none"))
        result = sent(KIND, batch_of(), _setup(receiver, auth="basic", user="audit", password="päss:word"))
    nothing, basic = (request.headers.get("authorization") for request in receiver.requests)
    assert nothing is None
    assert basic == f"Basic {b64encode('audit:päss:word'.encode()).decode()}"
    assert basic.split()[1] not in result.request


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"index": "Audit"}, "index"),
        ({"index": "a/../b"}, "index"),
        ({"index": "-a"}, "index"),
        ({"api_key": ""}, "api_key"),
        ({"auth": "basic", "user": "a"}, "password"),
        ({"auth": "basic", "user": "", "password": "x"}, "user"),
        ({"auth": "basic", "user": "a:b", "password": "x"}, "user"),
        ({"url": "https://a.example?x"}, "url"),
    ],
)
def test_settings_that_do_not_fit_are_refused(values, field):
    with pytest.raises(Invalid) as raised:
        KIND.check(setup_of(KIND, **{"url": "https://a.example:9200", "api_key": KEY, **values}))
    assert raised.value.field == field
    KIND.check(setup_of(KIND, url="https://a.example:9200", auth="none"))
