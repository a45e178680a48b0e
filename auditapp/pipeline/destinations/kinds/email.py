"""E-mail through the mail server of this installation: one mail a batch, a few lines an event.

Source:  RFC 5321 section 4.2 for answers of a server, RFC 3834 for Auto-Submitted
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from email.utils import format_datetime
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.template.loader import render_to_string

from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.lib.visible_text import terminal_safe
from auditapp.pipeline.destinations.kind import Batch, Field, Kind, Outcome, Outgoing, Sent, Setup
from auditapp.pipeline.destinations.messages import MESSAGES_FIELD, message_for
from auditapp.pipeline.destinations.telling import told
from auditapp.pipeline.formats.rendering import Format

MOST_EVENTS: Final = 100
MOST_RECIPIENTS: Final = 10
ALL_WITHIN_S: Final = 15.0
SPEECHLESS: Final = "smtp"  # the code of a server that does not answer
_PERMANENT: Final = 500
_LOGIN: Final = {530, 534, 535, 538}  # RFC 4954


class Email(Kind):
    """Each recipient is written to alone. The id of the mail is that of the batch: mailboxes fold one that comes twice."""

    key = "email"
    name = "Email"
    summary = "A digest to up to ten addresses: who did what to which resource."
    icon = "mail"
    formats = (Format.SEGMENT,)
    fields = (
        Field("recipients", "Recipients", "lines", "One address a line."),
        Field("subject", "Subject begins with", default="[Audit]"),
        Field("linger_minutes", "Minutes to gather events", "number", default=5, least=0, most=1_440),
        MESSAGES_FIELD,
    )

    def check(self, setup: Setup) -> None:
        addresses = _recipients(setup)
        if not addresses or len(addresses) > MOST_RECIPIENTS:
            raise Invalid(f"Write 1 to {MOST_RECIPIENTS} addresses.", field="recipients", code="bad_recipients")
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError:
                shown = terminal_safe(address[:80])
                raise Invalid(f"“{shown}” is no e-mail address.", field="recipients", code="bad_recipients") from None

    def max_events(self, setup: Setup) -> int:
        return MOST_EVENTS

    def linger_s(self, setup: Setup) -> float:
        return float(setup.settings["linger_minutes"]) * 60

    def item(self, outgoing: Outgoing, setup: Setup) -> bytes:
        event = told(outgoing.event)
        text = message_for(outgoing.event, event, setup.settings)
        said = {
            "at": utc_text(event.at),
            "lines": text.splitlines(),
            # Words of somebody's own say what they want said.
            "details": " · ".join(event.details) if text == event.sentence else "",
            "link": event.link,
            "is_risky": event.is_risky,
        }
        return orjson.dumps(said)

    def body(self, items: Sequence[bytes], batch: Batch, setup: Setup) -> bytes:
        events = [orjson.loads(item) for item in items]
        first = events[0]["lines"][0] if len(events) == 1 else f"{len(events)} events"
        context = {"events": events, "is_one": len(events) == 1}
        said = {
            # Of the words of an event no line is left that could end the header.
            "subject": " ".join(f"{setup.settings['subject']} {first}".split())[:200],
            "text": render_to_string("emails/events.txt", context),
            "html": render_to_string("emails/events.html", context),
        }
        return orjson.dumps(said)

    def send(self, body: bytes, batch: Batch, setup: Setup) -> Sent:
        said, started_at = orjson.loads(body), monotonic()
        request = f"To: {', '.join(_recipients(setup))}\nSubject: {said['subject']}\n\n{said['text'][:2_000]}"
        refused: list[tuple[Outcome, str, str]] = []
        taken = 0
        for message in _mails(said, batch, setup):
            if monotonic() - started_at > ALL_WITHIN_S:
                refused.append((Outcome.RETRY, SPEECHLESS, "The mail server is too slow."))
                break
            try:
                message.send()
                taken += 1
            except OSError as fault:
                _hang_up(message)
                refused.append(meaning_of(fault, message.to[0]))
                if refused[-1][1] == SPEECHLESS:
                    break
        outcome, code, told_of = _summed_up(taken, refused)
        return Sent(outcome, code, told_of, request=request, elapsed_ms=round((monotonic() - started_at) * 1_000))


def _summed_up(taken: int, refused: Sequence[tuple[Outcome, str, str]]) -> tuple[Outcome, str, str]:
    """What came of all the mails of a batch. Those who have theirs do not get it again because another is not taken."""
    told_of = " ".join(dict.fromkeys(message for _, _, message in refused))
    if taken and not any(code == SPEECHLESS for _, code, _ in refused):
        lost = f" {len(refused)} did not get it: {told_of}" if refused else ""
        taker = "Put into the outbox, since EMAIL_URL names no server," if _is_outbox() else "The mail server took it"
        return Outcome.DELIVERED, "sent", f"{taker} for {taken} of {taken + len(refused)} recipients.{lost}"
    outcomes = [outcome for outcome, _, _ in refused]
    outcome = Outcome.RETRY if Outcome.RETRY in outcomes else outcomes[0]
    return outcome, next(code for one, code, _ in refused if one is outcome), told_of


class _Mail(EmailMultiAlternatives):
    """A mail whose bytes are the same whenever it is made."""

    boundary = ""

    def message(self, *args: Any, **options: Any) -> Any:
        made = super().message(*args, **options)
        made.set_boundary(self.boundary)
        return made


def _mails(said: Mapping[str, str], batch: Batch, setup: Setup) -> Iterator[_Mail]:
    host = urlsplit(settings.PUBLIC_URL).hostname
    headers = {
        "Message-ID": f"<{batch.id}@{host}>",
        "Date": format_datetime(batch.events[-1].received_at),
        "Auto-Submitted": "auto-generated",
    }
    for address in _recipients(setup):
        mail = _Mail(said["subject"], said["text"], None, [address], headers=headers)
        mail.attach_alternative(said["html"], "text/html")
        mail.boundary = f"=_{batch.id}"
        yield mail


def _hang_up(mail: _Mail) -> None:
    # Django leaves the connection open whose login was not taken.
    if connection := getattr(mail, "connection", None):
        with suppress(OSError):
            connection.close()


def _recipients(setup: Setup) -> list[str]:
    lines = str(setup.settings["recipients"]).splitlines()
    return list(dict.fromkeys(filter(None, (line.strip() for line in lines))))


def _is_outbox() -> bool:
    # MAILERS since Django 6.1
    return "filebased" in str(getattr(settings, "MAILERS", None) or getattr(settings, "EMAIL_BACKEND", ""))


def meaning_of(fault: OSError, address: str) -> tuple[Outcome, str, str]:
    """What it means that a mail was not taken, its code and words for it.

    Errors of smtplib are OSErrors that carry what the server answered: to the recipient, the sender, the login or the mail.
    """
    if recipients := getattr(fault, "recipients", None):
        code, said = next(iter(recipients.values()))
        outcome = Outcome.AUTH if code >= _PERMANENT else Outcome.RETRY
        return outcome, str(code), f"{address} is not taken: {_words(code, said)}"
    code, said = getattr(fault, "smtp_code", 0), getattr(fault, "smtp_error", b"")
    if not code:
        return Outcome.RETRY, SPEECHLESS, f"The mail server could not be spoken to: {terminal_safe(str(fault))[:200]}"
    if code < _PERMANENT:
        return Outcome.RETRY, str(code), f"Not now: {_words(code, said)}"
    if code in _LOGIN:
        return Outcome.AUTH, str(code), f"The mail server does not take the login of EMAIL_URL: {_words(code, said)}"
    if hasattr(fault, "sender"):
        return Outcome.AUTH, str(code), f"The mail server does not take DEFAULT_FROM_EMAIL: {_words(code, said)}"
    return Outcome.REFUSED, str(code), f"The mail server refuses this mail: {_words(code, said)}"


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {terminal_safe(' '.join(text.split()))[:200]}"
