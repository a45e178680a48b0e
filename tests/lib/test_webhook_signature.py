"""Signatures of webhooks, against the reference library and the specification's own example."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib import clock
from auditapp.lib.webhook_signature import BadSecret, BadSignature, new_secret, signature_headers, verify

BODY = '{"type": "Warehouse Disabled", "by": "Åsa"}'.encode()


def _signed(*secrets, body=BODY, at=None):
    return signature_headers("msg_1", at or clock.now(), body, secrets)


def test_the_example_of_the_specification_is_signed_as_there():
    headers = signature_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(st.text(st.characters(codec="utf-8")), st.from_regex(r"[a-zA-Z0-9_-]{1,40}", fullmatch=True))
def test_the_reference_library_accepts_what_is_signed_and_signs_what_is_accepted(body, webhook_id):
    secret, at = new_secret(), clock.now()
    headers = signature_headers(webhook_id, at, body.encode(), [secret])
    standardwebhooks.Webhook(secret).verify(body, headers, json_parse=False)
    theirs = standardwebhooks.Webhook(secret).sign(webhook_id, at, body)
    assert headers["webhook-signature"] == theirs
    verify({**headers, "webhook-signature": theirs}, body.encode(), [secret])


def test_old_and_new_secret_are_both_accepted_while_they_are_exchanged():
    old, new, foreign = new_secret(), new_secret(), new_secret()
    headers = _signed(new, old)
    for secret in (old, new):
        standardwebhooks.Webhook(secret).verify(BODY, headers)
        verify(headers, BODY, [secret])
    verify(_signed(old), BODY, [new, old])
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(foreign).verify(BODY, headers)
    with pytest.raises(BadSignature):
        verify(headers, BODY, [foreign])


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "９" * 10},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1, v1,ü"},
    ],
)
def test_changed_headers_are_refused(changed):
    secret = new_secret()
    with pytest.raises(BadSignature):
        verify({**_signed(secret), **changed}, BODY, [secret])


def test_a_changed_body_or_another_version_is_refused():
    secret = new_secret()
    headers = _signed(secret)
    with pytest.raises(BadSignature):
        verify(headers, BODY + b" ", [secret])
    with pytest.raises(BadSignature):
        verify({**headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,")}, BODY, [secret])
    verify({**headers, "webhook-signature": f"v1a,x v2 {headers['webhook-signature']}"}, BODY, [secret])


@pytest.mark.parametrize(("seconds", "is_accepted"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_five_minutes_are_the_limit_in_both_directions(seconds, is_accepted):
    secret, at = new_secret(), datetime(2026, 11, 24, 12, tzinfo=UTC)
    headers = _signed(secret, at=at + timedelta(seconds=seconds))
    with clock.at(at):
        if is_accepted:
            verify({name.upper(): value for name, value in headers.items()}, BODY, [secret])
        else:
            with pytest.raises(BadSignature):
                verify(headers, BODY, [secret])


def test_secrets_are_new_each_time_and_32_bytes():
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(b64decode(first.removeprefix("whsec_"))) == 32


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_short", "whsec_!!!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "A" * 92]
)
def test_what_is_no_secret_signs_nothing(secret):
    with pytest.raises(BadSecret, match="whsec_"):
        _signed(secret)


def test_an_id_with_a_full_stop_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="full stop"):
        signature_headers("a.b", clock.now(), BODY, [new_secret()])
