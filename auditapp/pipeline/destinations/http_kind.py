"""Kinds that speak HTTP: a request with a body, and the meaning of its answer."""

import re
import zlib
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.outbound import Answer, ClientCertificate, Refused, Unreachable, check_headers, request
from auditapp.lib.visible_text import terminal_safe
from auditapp.pipeline.destinations.kind import Batch, Field, Kind, Outcome, Sent, Setup

SHOWN: Final = 2_000  # characters of a body in the log of attempts
MASK: Final = "•••"
_LINE: Final = re.compile(r"[^\n\t]+")
_SHORTEST_SECRET: Final = 4
_SHORTEST_VALUE: Final = 8  # of a header; shorter ones are words that stand anywhere
_SECRET_HEADERS: Final = ("authorization", "signature", "token", "key", "secret", "cookie", "password")
_REFUSALS: Final = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNPROCESSABLE_ENTITY}
_AUTH: Final = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(frozen=True, slots=True)
class Call:
    """One request to be made."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: str = "POST"
    client_certificate: ClientCertificate | None = None
    ca: str | None = None


TLS_FIELDS: Final = (
    Field("ca", "Authorities", "lines", "PEM. Trusted in place of the system's.", is_required=False, is_advanced=True),
    Field(
        "client_certificate", "Client certificate", "lines", "PEM, with its chain.", is_required=False, is_advanced=True
    ),
    Field(
        "client_key",
        "Key of the client certificate",
        "lines",
        "PEM.",
        is_required=False,
        is_secret=True,
        is_advanced=True,
    ),
)


def call_to(url: str, headers: Mapping[str, str], setup: Setup, *, method: str = "POST") -> Call:
    """The call to this address, with the certificates that TLS_FIELDS ask for."""
    ca = str(setup.settings.get("ca") or "") or None
    return Call(url, headers, method, client_certificate_of(setup), ca)


def client_certificate_of(setup: Setup) -> ClientCertificate | None:
    """The certificate that TLS_FIELDS ask for; None where there is none."""
    certificate = str(setup.settings.get("client_certificate") or "")
    return ClientCertificate(certificate, setup.secrets.get("client_key", "")) if certificate else None


class HttpKind(Kind):
    """A kind whose batch is one request."""

    @abstractmethod
    def call(self, body: bytes, batch: Batch, setup: Setup) -> Call:
        """The request that carries this body."""

    def understood(self, answer: Answer, batch: Batch) -> tuple[Outcome, str]:
        """What an answer means, and in words; kinds whose 200 is not always good say so here."""
        return outcome_of(answer.status), told_of(answer)

    def send(self, body: bytes, batch: Batch, setup: Setup) -> Sent:
        try:
            call = self.call(body, batch, setup)
        except (Invalid, Refused) as fault:  # settings from before a rule that they do not keep
            return Sent(Outcome.AUTH, "settings", fault.message)
        secrets = _secrets_of(call, setup)
        shown = masked(_request_text(call, body), secrets)
        try:
            answer = request(
                call.method,
                call.url,
                body=body,
                headers=call.headers,
                client_certificate=call.client_certificate,
                ca=call.ca,
            )
        except (Refused, Unreachable) as fault:
            is_sent = isinstance(fault, Unreachable)  # what is refused never leaves this machine
            said = masked(fault.message, secrets)
            return Sent(Outcome.RETRY, fault.why.value, said, request=shown if is_sent else "")
        outcome, message = self.understood(answer, batch)
        return Sent(
            outcome,
            str(answer.status),
            masked(message, secrets),
            retry_after_s=retry_after_s(answer.headers.get("retry-after", "")),
            request=shown,
            answer=masked(_answer_text(answer), secrets),
            elapsed_ms=answer.elapsed_ms,
        )


def outcome_of(status: int) -> Outcome:
    """What a status means for a batch; a redirect is not followed, and so is a failure."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome.DELIVERED
    if status in _AUTH:
        return Outcome.AUTH
    if status in _REFUSALS:
        return Outcome.REFUSED
    return Outcome.GONE if status == HTTPStatus.GONE else Outcome.RETRY


def told_of(answer: Answer) -> str:
    """A status in words, for where an answer says nothing that helps more."""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = ""
    if HTTPStatus.MULTIPLE_CHOICES <= answer.status < HTTPStatus.BAD_REQUEST:
        return f"{answer.status} {phrase}: redirects are not followed; enter the address it leads to".strip()
    return f"{answer.status} {phrase}".strip()


def headers_of(text: str, field: str) -> dict[str, str]:
    """The headers in a text of one `Name: value` a line.

    Raises:  Invalid
    """
    headers: dict[str, str] = {}
    for line in filter(None, (one.strip() for one in text.splitlines())):
        name, colon, value = line.partition(":")
        if not colon:
            raise Invalid("Write one header a line, as in X-Team: security.", field=field, code="bad_header")
        headers[name.strip()] = value.strip()
    try:
        check_headers(headers)
    except Refused as fault:
        raise Invalid(fault.message, field=field, code="bad_header") from None
    return headers


def address_under(url: str, path: str, field: str = "url") -> str:
    """The address of an API below the one that was entered; whoever entered all of it meant the same.

    Raises:  Invalid
    """
    if "?" in url or "#" in url:
        raise Invalid("Write the address alone, without ? and #.", field=field, code="bad_url")
    base = url.rstrip("/")
    return base if base.endswith(path) else base + path


def word_of(text: str, field: str) -> str:
    """A token or key as a header carries it.

    Raises:  Invalid
    """
    if not text.isascii() or not text.isprintable() or " " in text:
        raise Invalid("Enter it alone, without spaces and line breaks.", field=field, code="bad_token")
    return text


def _request_text(call: Call, body: bytes) -> str:
    lines = [f"{call.method} {call.url}"]
    for name, value in call.headers.items():
        lines.append(f"{name}: {MASK if _is_secret(name) else value}")
    return "\n".join([*lines, "", excerpt(_unpacked(body))])


def _unpacked(body: bytes) -> bytes:
    """As much as is shown of a body that was packed; what no eye can read is named."""
    if body.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(wbits=31).decompress(body, SHOWN * 4 + 1)
    return f"(Parquet, {len(body):,} bytes)".encode() if body.startswith(b"PAR1") else body


def _answer_text(answer: Answer) -> str:
    lines = [
        str(answer.status),
        *(f"{name}: {value}" for name, value in answer.headers.items() if name != "set-cookie"),
    ]
    return "\n".join([*lines, "", excerpt(answer.body)])


def excerpt(body: bytes) -> str:
    """As much of a body as is shown, without what steers."""
    text = body[: SHOWN * 4].decode("utf-8", "replace")
    is_cut = len(text) > SHOWN or len(body) > SHOWN * 4
    kept = _LINE.sub(lambda piece: terminal_safe(piece[0]), text[:SHOWN])
    return kept + (f"\n… {len(body):,} bytes in all" if is_cut else "")


def _secrets_of(call: Call, setup: Setup) -> list[str]:
    """What must not be shown, the longest first: the secrets as they are, and as they went out."""
    secrets = {*setup.secrets.values(), *setup.signing_secrets}
    # Of several lines, such as headers, each is one that may be repeated alone.
    secrets |= {line for one in secrets for line in one.splitlines()}
    secrets |= {value for one in secrets for value in [one.partition(": ")[2]] if len(value) >= _SHORTEST_VALUE}
    # Of an address that is secret, the other side repeats its own part.
    secrets |= {f"/{one.partition('://')[2].partition('/')[2]}" for one in secrets if "://" in one}
    sent = [value for name, value in call.headers.items() if _is_secret(name)]
    secrets |= {*sent, *(value.rpartition(" ")[2] for value in sent)}
    return sorted((one for one in secrets if len(one) >= _SHORTEST_SECRET), key=len, reverse=True)


def masked(text: str, secrets: Iterable[str]) -> str:
    """Without the secrets, wherever they were put: in the URL, or in what the other side repeats."""
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _is_secret(header: str) -> bool:
    return any(word in header.lower() for word in _SECRET_HEADERS)


def retry_after_s(value: str) -> float | None:
    """Seconds from now (RFC 9110 section 10.2.3): a number, or a date."""
    if value.strip().isascii() and value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # a year of twenty digits
        return None
    return (until - clock.now()).total_seconds() if isinstance(until, datetime) and until.tzinfo else None
