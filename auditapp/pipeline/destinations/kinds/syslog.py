"""Syslog: RFC 5424 messages over TCP or TLS, each with its length in front (RFC 6587, RFC 5425).

Nobody answers in syslog: what is known is that all bytes were taken, not that they were stored.
"""

import re
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any, Final

import orjson

from auditapp.catalogue.types import Risk
from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.lib.outbound import Refused, Unreachable, deliver
from auditapp.lib.outbound.urls import canonical_host
from auditapp.pipeline.destinations.http_kind import SHOWN, TLS_FIELDS, client_certificate_of, excerpt, masked
from auditapp.pipeline.destinations.kind import Batch, Field, Kind, Outcome, Outgoing, Sent, Setup
from auditapp.pipeline.formats.reading import Facts, read
from auditapp.pipeline.formats.rendering import Format, render

WAIT_S: Final = 0.3
VERSION: Final = 1
BOM: Final = b"\xef\xbb\xbf"
# 32473 is the number that RFC 5612 sets aside for whoever has none of their own.
SD_ID: Final = "audit@32473"
MAX_VALUE: Final = 200
_FACILITIES: Final = (
    ("13", "log audit (13)"),
    ("10", "security, private (10)"),
    ("4", "security (4)"),
    ("1", "user (1)"),
    *((str(16 + number), f"local{number} ({16 + number})") for number in range(8)),
)
_ERR, _WARNING, _NOTICE, _INFO = 3, 4, 5, 6
_SEVERITIES: Final = {Risk.ROUTINE: _INFO, Risk.NOTABLE: _NOTICE, Risk.RISKY: _WARNING}
_ESCAPED: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "]": "\\]"})
# Within a value or a line nothing steers or ends anything: C0, DEL, C1, and the separators of lines that Unicode has.
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HEADER: Final = re.compile(r"[!-~]+", re.ASCII)
_ELEMENT: Final = re.compile(
    r'\[[!#-<>-\\^-~]{1,80}( [!#-<>-\\^-~]{1,32}="([^"\\\]\x00-\x1f]|\\["\\\]])*")*\]', re.ASCII
)
# What an event keeps where it is too long for a receiver: who did what to what.
_KEPT: Final = ("type", "area", "workspace", "workspace_id", "resource", "outcome", "risk", "actor", "event_id")


class Syslog(Kind):
    """Severity says how an event ended and what it risks; id, actor and resource stand in the structured data too."""

    key = "syslog"
    name = "Syslog"
    summary = "RFC 5424 over TLS or TCP. Syslog has no receipts: that everything was sent is known, that it was stored is not."
    icon = "terminal"
    formats = (Format.CEF, Format.SEGMENT, Format.OCSF, Format.ECS)
    fields = (
        Field("host", "Host", placeholder="syslog.example.com"),
        Field("port", "Port", "number", default=6514, least=1, most=65_535),
        Field(
            "transport",
            "Transport",
            "choice",
            "TCP in the clear goes to networks that the operator allows.",
            default="tls",
            choices=(("tls", "TLS (RFC 5425)"), ("tcp", "TCP (RFC 6587)")),
        ),
        Field("facility", "Facility", "choice", default="13", choices=_FACILITIES, is_advanced=True),
        Field("app_name", "App name", default="audit-trail", is_advanced=True),
        Field("hostname", "Host name in messages", default="audit-trail", is_advanced=True),
        Field(
            "longest",
            "Bytes of a message",
            "number",
            "Longer ones are shortened to who did what. Receivers take 8,192 or what they are set to.",
            default=8_192,
            least=2_048,
            most=1_000_000,
            is_advanced=True,
        ),
        Field(
            "element",
            "Structured data of the receiver",
            help='Such as [TOKEN@41058 tag="audit"], where a hosted service knows you by it.',
            is_required=False,
            is_secret=True,
            is_advanced=True,
        ),
        *TLS_FIELDS,
    )

    def check(self, setup: Setup) -> None:
        try:
            canonical_host(str(setup.settings["host"]))
        except Refused as fault:
            raise Invalid(fault.message, field="host", code="bad_host") from None
        for name, most in (("app_name", 48), ("hostname", 255)):
            if len(setup.settings[name]) > most or not _HEADER.fullmatch(setup.settings[name]):
                raise Invalid(
                    f"Write up to {most} letters, digits and signs, without spaces.", field=name, code=f"bad_{name}"
                )
        element = setup.secrets.get("element", "")
        if element and not _ELEMENT.fullmatch(element):
            raise Invalid('Write one element, as in [TOKEN@41058 tag="audit"].', field="element", code="bad_element")

    def item(self, outgoing: Outgoing, setup: Setup) -> bytes:
        facts = read(outgoing.event)
        head = _head(facts, outgoing, setup) + BOM
        room = int(setup.settings["longest"]) - len(head)
        said = _line(setup.form, outgoing.event)
        for most in (1_000, 100, 20):
            if len(said) <= room:
                break
            said = _line(setup.form, _shortened(outgoing.event, most))
        # Still too long is only what is set to be next to nothing; a receiver cuts it as it sees fit.
        message = head + said
        return str(len(message)).encode() + b" " + message

    def body(self, items: Sequence[bytes], batch: Batch, setup: Setup) -> bytes:
        return b"".join(items)

    def send(self, body: bytes, batch: Batch, setup: Setup) -> Sent:
        said, started_at = setup.settings, monotonic()
        secrets = [*filter(None, setup.secrets.values())]
        shown = masked(excerpt(body[: SHOWN * 4]), secrets)
        request = f"{said['transport']} {said['host']}:{said['port']}\n\n{shown}"
        try:
            has_ended = deliver(
                str(said["host"]),
                int(said["port"]),
                body,
                tls=said["transport"] == "tls",
                wait_s=WAIT_S,
                client_certificate=client_certificate_of(setup),
                ca=str(said.get("ca") or "") or None,
            )
        except (Refused, Unreachable) as fault:
            return Sent(Outcome.RETRY, fault.why.value, masked(fault.message, secrets), request=request)
        ended = "the other side closed" if has_ended else "the other side stayed open"
        message = f"Sent, but syslog has no receipts: all {len(body):,} bytes were taken and {ended}"
        elapsed_ms = round((monotonic() - started_at) * 1_000)
        return Sent(Outcome.DELIVERED, "sent", message, request=request, elapsed_ms=elapsed_ms)


def _head(facts: Facts, outgoing: Outgoing, setup: Setup) -> bytes:
    """Everything up to the message, with the space in front of it."""
    said = setup.settings
    severity = _ERR if facts.is_success is False and facts.risk is Risk.RISKY else _SEVERITIES[facts.risk]
    if facts.is_success is False:
        severity = min(severity, _WARNING)
    priority = int(said["facility"]) * 8 + severity
    msgid = "".join(_HEADER.findall(facts.key))[:32] or "-"
    values = {
        "id": outgoing.message_id,
        "actor": facts.actor.id,
        "real_actor": facts.real.id,
        "resource": facts.resource.id,
        "workspace": facts.workspace.id,
        "outcome": {True: "success", False: "failure", None: ""}[facts.is_success],
    }
    data = "".join(f' {name}="{_value(value)}"' for name, value in values.items() if value)
    element = f"[{SD_ID}{data}]{setup.secrets.get('element', '')}"
    head = f"<{priority}>{VERSION} {utc_text(facts.at)} {said['hostname']} {said['app_name']} - {msgid} {element} "
    return head.encode()


def _value(text: str) -> str:
    return _CONTROLS.sub(" ", text[:MAX_VALUE]).translate(_ESCAPED)


def _line(form: Format, event: Mapping[str, Any]) -> bytes:
    """The message: JSON writes controls as escapes and CEF has none, but for what both leave of Unicode's."""
    said = render(form, event)
    if isinstance(said, str):
        return _CONTROLS.sub(" ", said).encode()
    written = orjson.dumps(said).decode()
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", written).encode()


def _shortened(event: Mapping[str, Any], most: int) -> dict[str, Any]:
    """The event without what goes beyond who did what to what, its texts cut, and marked as such."""
    properties = event.get("properties")
    kept = {name: properties[name] for name in _KEPT if name in properties} if isinstance(properties, Mapping) else {}
    names = ("type", "event", "name", "messageId", "userId", "anonymousId", "timestamp", "receivedAt")
    context = event.get("context")
    address = {"ip": context["ip"]} if isinstance(context, Mapping) and "ip" in context else {}
    said = {name: event[name] for name in names if name in event}
    shorter: dict[str, Any] = _cut({**said, "context": address, "properties": {**kept, "is_shortened": True}}, most, 3)
    return shorter


def _cut(value: Any, most: int, depth: int) -> Any:
    if isinstance(value, str):
        return value[:most]
    if isinstance(value, Mapping):
        inner = [*value.items()][:20] if depth else []
        return {str(name)[:most]: _cut(one, most, depth - 1) for name, one in inner}
    return value if value is None or isinstance(value, (bool, int, float)) else None
