"""The webhook: what arrives is what the Standard Webhooks library of others verifies, and what went wrong is told."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.webhook_signature import new_secret
from auditapp.pipeline.destinations.kind import Outcome
from auditapp.pipeline.destinations.kinds.webhook import Webhook
from auditapp.pipeline.formats.rendering import Format
from tests.pipeline.kinds.setups import batch_of, body_of, outgoing, receiving, sent, setup_of

KIND = Webhook()
SECRET, OLD_SECRET = new_secret(), new_secret()


def _ok(request):
    return 200, {}, b"thanks"


def _setup(receiver, **values):
    return setup_of(KIND, **{"signing_secrets": (SECRET,), "url": f"{receiver.url}/in", **values})


def test_the_standard_librarys_of_others_verify_what_arrives(serving):
    with receiving(serving, _ok) as receiver:
        result = sent(
            KIND, batch_of(outgoing(7), outgoing(9), start=7), _setup(receiver, signing_secrets=(SECRET, OLD_SECRET))
        )
    assert (result.outcome, result.code, result.message) == (Outcome.DELIVERED, "200", "200 OK")
    request = receiver.requests[0]
    assert (request.method, request.path) == ("POST", "/in")
    for secret in (SECRET, OLD_SECRET):
        said = Verifier(secret).verify(request.body, request.headers)
    assert [one["messageId"] for one in said["data"]] == ["msg_7", "msg_9"]
    assert (said["from"], said["to"], said["source"], said["destination"]) == (7, 9, "src_1", "dst_1")
    assert request.headers["audit-range"] == "7-9"
    assert request.headers["webhook-id"] == "bat_7Q2k"
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(request.body.replace(b"msg_9", b"msg_8"), request.headers)


def test_a_second_try_has_the_same_bytes_and_id_and_is_signed_anew(serving):
    with receiving(serving, _ok) as receiver:
        setup = _setup(receiver)
        sent(KIND, batch_of(), setup)
        with clock.at(datetime(2026, 11, 25, tzinfo=UTC)):
            sent(KIND, batch_of(), setup)
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_a_single_event_is_the_whole_body(serving):
    with receiving(serving, _ok) as receiver:
        setup = _setup(receiver, sends="single")
        assert KIND.max_events(setup) == 1
        sent(KIND, batch_of(outgoing(3), start=3), setup)
        assert KIND.max_events(_setup(receiver)) == 500
    assert orjson.loads(receiver.requests[0].body)["messageId"] == "msg_3"
    assert receiver.requests[0].headers["audit-range"] == "3-4"


@pytest.mark.parametrize("form", Format)
def test_each_format_arrives(form):
    setup = setup_of(KIND, form, url="https://a.example")
    first = orjson.loads(body_of(KIND, batch_of(), setup))["data"][0]
    assert (first["event"] == "Warehouse Disabled") if form is Format.SEGMENT else first
    assert isinstance(first, str) == (form is Format.CEF)


# --- Headers and what is shown of them --------------------------------------------------------------------------------


def test_headers_are_sent_and_neither_they_nor_secrets_are_shown(serving):
    def echo(request):
        return (
            200,
            {"X-Echo": request.headers["x-key"]},
            b"you said hunter22-long and letmein-9 " + request.headers["webhook-signature"].encode(),
        )

    with receiving(serving, echo) as receiver:
        headers = "Authorization: Bearer hunter22-long\nX-Key: letmein-9\nX-Team: security"
        result = sent(KIND, batch_of(), _setup(receiver, headers=headers))
    request = receiver.requests[0]
    assert request.headers["authorization"] == "Bearer hunter22-long"
    assert request.headers["x-team"] == "security"
    shown = result.request + result.answer + result.message
    assert "hunter22" not in shown
    assert "letmein" not in shown
    assert request.headers["webhook-signature"] not in shown
    assert SECRET not in repr(_setup(receiver)) + shown
    assert "Authorization: •••" in result.request
    assert "Warehouse Disabled" in result.request
    assert "you said ••• and •••" in result.answer


@pytest.mark.parametrize(
    "headers", ["X-Team", "X Team: a", "X-Team: a\x00b", "X-Team: ü", "Host: evil.example", "Content-Length: 1", ": a"]
)
def test_header_lines_that_are_none_are_refused(headers):
    with pytest.raises(Invalid) as raised:
        KIND.check(setup_of(KIND, headers=headers))
    assert (raised.value.field, raised.value.code) == ("headers", "bad_header")


def test_usual_headers_are_taken():
    KIND.check(setup_of(KIND, headers="X-Team: security\n\n  X-Two: a b: c \n"))
    KIND.check(setup_of(KIND))


# --- TLS --------------------------------------------------------------------------------------------------------------


def test_an_authority_and_a_certificate_of_ones_own(serving, server_context, authority):
    context = server_context(authority.issue("127.0.0.1"), authority)
    client = authority.issue("trail.example")
    with receiving(serving, _ok, context) as receiver:
        pair = {"client_certificate": client.certificate, "client_key": client.key}
        result = sent(KIND, batch_of(), _setup(receiver, ca=authority.pem, **pair))
        assert result.outcome is Outcome.DELIVERED
        assert client.key.strip().splitlines()[1] not in result.request
        unknown = sent(KIND, batch_of(), _setup(receiver, **pair))
        alone = sent(KIND, batch_of(), _setup(receiver, ca=authority.pem))
    assert (unknown.outcome, unknown.code) == (Outcome.RETRY, "tls")
    assert "certificate of 127.0.0.1 is not valid" in unknown.message
    assert alone.outcome is Outcome.RETRY
    assert len(receiver.requests) == 1


# --- Answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (204, Outcome.DELIVERED),
        (302, Outcome.RETRY),
        (400, Outcome.REFUSED),
        (401, Outcome.AUTH),
        (403, Outcome.AUTH),
        (404, Outcome.RETRY),
        (410, Outcome.GONE),
        (413, Outcome.REFUSED),
        (422, Outcome.REFUSED),
        (429, Outcome.RETRY),
        (500, Outcome.RETRY),
        (599, Outcome.RETRY),
    ],
)
def test_what_a_status_means(serving, status, outcome):
    with receiving(serving, lambda request: (status, {"Location": "http://127.0.0.1:1/"}, b"")) as receiver:
        result = sent(KIND, batch_of(), _setup(receiver))
    assert (result.outcome, result.code) == (outcome, str(status))
    assert result.message.startswith(str(status))
    assert ("redirects are not followed" in result.message) == (status == 302)
    assert len(receiver.requests) == 1
    assert result.retry_after_s is None


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("120", 120, 120),
        ("in 15 min", 60, 901),
        ("soon", None, None),
        ("-5", None, None),
        ("", None, None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None, None),
    ],
)
def test_when_to_come_again_is_read_in_both_forms(serving, value, least, most):
    if value == "in 15 min":
        value = format_datetime(datetime.now(UTC) + timedelta(minutes=15), usegmt=True)
    with receiving(serving, lambda request: (429, {"Retry-After": value}, b"")) as receiver:
        result = sent(KIND, batch_of(), _setup(receiver))
    assert result.outcome is Outcome.RETRY
    assert (result.retry_after_s is None) if least is None else least <= result.retry_after_s <= most


def test_nobody_there_is_told_and_tried_again():
    result = sent(KIND, batch_of(), setup_of(KIND, url="http://127.0.0.1:9", signing_secrets=(SECRET,)))
    assert (result.outcome, result.code) == (Outcome.RETRY, "port")
    result = sent(KIND, batch_of(), setup_of(KIND, url="http://127.0.0.1:9009", signing_secrets=(SECRET,)))
    assert (result.outcome, result.code) == (Outcome.RETRY, "connect")
    assert "refuses connections" in result.message
