"""Kinds that speak HTTP: a request with a body, and the meaning of its answer."""

from abc import abstractmethod
from collections.abc import Mapping
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
_SHORTEST_SECRET: Final = 4
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
    Field("ca", "Authorities", "lines", "PEM. Trusted in place of the system's.", is_required=False),
    Field("client_certificate", "Client certificate", "lines", "PEM, with its chain.", is_required=False),
    Field("client_key", "Key of the client certificate", "lines", "PEM.", is_required=False, is_secret=True),
)


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
        return outcome_of(answer.status), _told(answer)

    def send(self, body: bytes, batch: Batch, setup: Setup) -> Sent:
        call = self.call(body, batch, setup)
        shown = _masked(_request_text(call, body), setup)
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
            return Sent(Outcome.RETRY, fault.why.value, _masked(fault.message, setup), request=shown)
        outcome, message = self.understood(answer, batch)
        return Sent(
            outcome,
            str(answer.status),
            _masked(message, setup),
            retry_after_s=_retry_after_s(answer.headers.get("retry-after", "")),
            request=shown,
            answer=_masked(_answer_text(answer), setup),
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


def _told(answer: Answer) -> str:
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


def _request_text(call: Call, body: bytes) -> str:
    lines = [f"{call.method} {call.url}"]
    for name, value in call.headers.items():
        is_secret = any(word in name.lower() for word in _SECRET_HEADERS)
        lines.append(f"{name}: {MASK if is_secret else value}")
    return "\n".join([*lines, "", _excerpt(body)])


def _answer_text(answer: Answer) -> str:
    lines = [
        str(answer.status),
        *(f"{name}: {value}" for name, value in answer.headers.items() if name != "set-cookie"),
    ]
    return "\n".join([*lines, "", _excerpt(answer.body)])


def _excerpt(body: bytes) -> str:
    text = body[: SHOWN * 4].decode("utf-8", "replace")
    is_cut = len(text) > SHOWN or len(body) > SHOWN * 4
    kept = "".join(one if one in "\n\t" else terminal_safe(one) for one in text[:SHOWN])
    return kept + (f"\n… {len(body):,} bytes in all" if is_cut else "")


def _masked(text: str, setup: Setup) -> str:
    """Without the secrets of the destination, wherever they were put: in the URL, or in what the other side repeats."""
    secrets = [*setup.secrets.values(), *setup.signing_secrets]
    # Of several lines, such as headers, each is one that may be repeated alone.
    for secret in sorted({line for one in secrets for line in (one, *one.splitlines())}, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return text


def _retry_after_s(value: str) -> float | None:
    """Seconds from now (RFC 9110 section 10.2.3): a number, or a date."""
    if value.strip().isascii() and value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return (until - clock.now()).total_seconds() if isinstance(until, datetime) and until.tzinfo else None
