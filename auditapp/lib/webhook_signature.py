"""Signatures of webhooks that receivers verify with any Standard Webhooks library.

Source:  standardwebhooks.com, specification 1.0.0
"""

from __future__ import annotations

import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from auditapp.lib import clock
from auditapp.lib.errors import Invalid

PREFIX: Final = "whsec_"
TOLERANCE_S: Final = 300
_KEY_BYTES: Final = range(24, 65)


class BadSecret(Invalid):
    """A signing secret is whsec_ and then 24 to 64 bytes in base64."""


class BadSignature(Invalid):
    """This webhook is not signed with a known secret, was changed on its way, or is too old."""


def new_secret() -> str:
    """A new secret to sign with, 32 random bytes."""
    return PREFIX + b64encode(os.urandom(32)).decode()


def signature_headers(webhook_id: str, signed_at: datetime, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """The three headers of a webhook, with one signature for each secret, so that a receiver may exchange its own at leisure.

    Raises:  BadSecret
    """
    if "." in webhook_id:  # the specification: or where it ends would be open
        raise ValueError(f"a full stop in the webhook id {webhook_id!r}")
    timestamp = str(int(signed_at.timestamp()))
    signatures = [f"v1,{_signature(secret, webhook_id, timestamp, body)}" for secret in secrets]
    return {"webhook-id": webhook_id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(signatures)}


def verify(headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> None:
    """Accept a webhook that one of the secrets signed within the last five minutes.

    Raises:  BadSignature, BadSecret
    """
    given = {name.lower(): value for name, value in headers.items()}
    webhook_id, timestamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not (webhook_id and timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12):
        raise BadSignature
    if abs(clock.now().timestamp() - int(timestamp)) > TOLERANCE_S:
        raise BadSignature
    sent = [word.removeprefix("v1,") for word in given.get("webhook-signature", "").split(" ") if word[:3] == "v1,"]
    known = [_signature(secret, webhook_id, timestamp, body) for secret in secrets]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in sent for other in known):
        raise BadSignature


def _signature(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return b64encode(hmac.digest(_key_of(secret), signed, "sha256")).decode()


def _key_of(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise BadSecret from None
    if not secret.startswith(PREFIX) or len(key) not in _KEY_BYTES:
        raise BadSecret
    return key
