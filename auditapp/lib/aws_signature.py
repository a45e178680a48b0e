"""Signature Version 4 of Amazon Web Services, which every store that calls itself S3-compatible checks.

Source:  docs.aws.amazon.com, Amazon S3 API Reference, "Signature Calculations for the Authorization Header"
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

ALGORITHM: Final = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS: Final = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, slots=True)
class AwsKey:
    """An access key and what it is used for. `token` comes with keys that are lent for a while."""

    id: str
    secret: str = field(repr=False)
    region: str
    service: str = "s3"
    token: str = field(default="", repr=False)


def signed_headers(
    method: str, url: str, headers: Mapping[str, str], body: bytes, key: AwsKey, at: datetime
) -> dict[str, str]:
    """The headers with those of the signature, which covers all of them, the host and the body.

    Takes:   url, whose path is percent-encoded as it will be sent
    """
    moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    body_hash = hashlib.sha256(body).hexdigest()
    sent = {**headers, "x-amz-date": moment}
    if key.service == "s3":
        sent["x-amz-content-sha256"] = body_hash
    if key.token:
        sent["x-amz-security-token"] = key.token
    scope = f"{moment[:8]}/{key.region}/{key.service}/aws4_request"
    names, request = _canonical(method, url, sent, body_hash)
    text = "\n".join((ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.digest(_signing_key(key, moment[:8]), text.encode(), "sha256").hex()
    said = f"{ALGORITHM} Credential={key.id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**sent, "Authorization": said}


def _canonical(method: str, url: str, headers: Mapping[str, str], body_hash: str) -> tuple[str, str]:
    parts = urlsplit(url)
    authority = parts.netloc.lower().removesuffix(_DEFAULT_PORTS[parts.scheme])
    covered = {name.lower(): " ".join(value.split()) for name, value in headers.items()} | {"host": authority}
    names = ";".join(sorted(covered))
    query = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parse_qsl(parts.query, True)
    )
    lines = [
        method,
        parts.path or "/",
        "&".join(f"{name}={value}" for name, value in query),
        *(f"{name}:{covered[name]}" for name in sorted(covered)),
        "",
        names,
        body_hash,
    ]
    return names, "\n".join(lines)


def _signing_key(key: AwsKey, day: str) -> bytes:
    signing = f"AWS4{key.secret}".encode()
    for part in (day, key.region, key.service, "aws4_request"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    return signing
