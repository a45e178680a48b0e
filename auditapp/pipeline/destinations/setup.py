"""What a destination was set to: its fields checked as they come in, and opened for its kind when something is sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from auditapp.lib import clock
from auditapp.lib.clock import parse_utc, utc_text
from auditapp.lib.errors import Invalid
from auditapp.lib.outbound import Refused
from auditapp.lib.outbound.urls import parts_of
from auditapp.lib.secret_box import seal, unseal
from auditapp.pipeline.destinations.kind import Field, Kind, Setup
from auditapp.pipeline.destinations.messages import checked_messages
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.registry import destination_kind
from auditapp.pipeline.formats.rendering import Format

MAX_TEXT: Final = 2_000
MAX_LINES: Final = 20_000


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A secret that signs; `until` is set where a newer one took its place."""

    secret: str = field(repr=False)
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """All that is secret of a destination: values of its fields, and what it signs with, the newest first."""

    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    signing: tuple[SigningSecret, ...] = ()

    def sealed(self) -> bytes:
        signing = [[one.secret, utc_text(one.until) if one.until else None] for one in self.signing]
        return seal(json.dumps({"values": dict(self.values), "signing": signing}))


def secrets_of(destination: Destination) -> Secrets:
    """The secrets of a destination, opened.

    Raises:  SecretBoxLocked
    """
    if destination.secrets is None:
        return Secrets()
    opened = json.loads(unseal(bytes(destination.secrets)))
    signing = tuple(SigningSecret(secret, parse_utc(until) if until else None) for secret, until in opened["signing"])
    return Secrets(opened["values"], signing)


def setup_of(destination: Destination) -> Setup:
    """What the kind needs to send.

    Raises:  SecretBoxLocked, Invalid where the kind is not there any more, or a secret that it needs was not entered yet
    """
    secrets = secrets_of(destination)
    for one in destination_kind(destination.kind).fields:
        if one.is_secret and one.is_required and not secrets.values.get(one.name):
            raise _required(one)
    return made_up(destination, secrets)


def made_up(destination: Destination, secrets: Secrets) -> Setup:
    """The setup with these secrets; settings that the kind has got since have their defaults."""
    kind, now = destination_kind(destination.kind), clock.now()
    defaults = {one.name: one.default for one in kind.fields if not one.is_secret}
    signing = tuple(one.secret for one in secrets.signing if one.until is None or one.until > now)
    return Setup(defaults | destination.settings, secrets.values, Format(destination.form), signing)


def checked_form(kind: Kind, value: str) -> Format:
    """The format with this name, where the kind takes it.

    Raises:  Invalid
    """
    if value not in kind.formats:
        names = ", ".join(kind.formats)
        raise Invalid(f"{kind.name} takes {names}.", field="form", code="unknown_format")
    return Format(value)


def checked_settings(
    kind: Kind, given: Mapping[str, Any], before: Mapping[str, str] | None = None, *, with_secrets: bool = True
) -> tuple[dict[str, Any], dict[str, str]]:
    """Settings and secrets as they may be stored.

    Takes:   before, secrets there are: one that is given as "" or not at all stays, one that is given as None goes;
             with_secrets, False where they may be entered later
    Raises:  Invalid, with the field
    """
    known = {one.name for one in kind.fields}
    if unknown := [name for name in given if name not in known]:
        raise Invalid(f"{kind.name} has no setting “{unknown[0][:60]}”.", field=unknown[0][:60], code="unknown_setting")
    settings: dict[str, Any] = {}
    secrets = {name: value for name, value in (before or {}).items() if name in known}
    for one in kind.fields:
        value = given.get(one.name)
        if not one.is_secret:
            settings[one.name] = _checked(one, value)
            continue
        if one.name in given and value is None:
            secrets.pop(one.name, None)
        elif value not in (None, ""):
            secrets[one.name] = str(_checked(one, value))
        if with_secrets and one.is_required and not secrets.get(one.name):
            raise _required(one)
    return settings, secrets


def _checked(one: Field, value: Any) -> Any:
    if one.type == "messages":
        return checked_messages(value)
    if one.type == "flag":
        if value not in (True, False, None):
            raise Invalid("Send true or false.", field=one.name, code="bad_flag")
        return bool(one.default if value is None else value)
    if value is None or (isinstance(value, str) and not value.strip()):
        if one.is_required and one.default == "":
            raise _required(one)
        return one.default
    if one.type == "number":
        return _checked_number(one, value)
    if one.type == "lines" and isinstance(value, list) and all(isinstance(line, str) for line in value):
        value = "\n".join(value)  # over the API a list is the same
    if not isinstance(value, str):
        raise Invalid("Send text.", field=one.name, code="bad_text")
    return _checked_text(one, value)


def _checked_number(one: Field, value: Any) -> int:
    try:
        number = int(str(value).strip())
    except ValueError:
        raise Invalid("Write a whole number.", field=one.name, code="bad_number") from None
    if (one.least is not None and number < one.least) or (one.most is not None and number > one.most):
        raise Invalid(f"Write a number from {one.least:,} to {one.most:,}.", field=one.name, code="bad_number")
    return number


def _checked_text(one: Field, value: str) -> str:
    text = value.replace("\r\n", "\n").strip()
    if len(text) > (MAX_LINES if one.type == "lines" else MAX_TEXT):
        raise Invalid("This is too long.", field=one.name, code="too_long")
    if not all(character.isprintable() or (character == "\n" and one.type == "lines") for character in text):
        raise Invalid("There are line breaks or invisible characters in this.", field=one.name, code="bad_text")
    if one.type == "choice" and text not in {choice for choice, _ in one.choices}:
        offered = ", ".join(choice for choice, _ in one.choices)
        raise Invalid(f"Choose one of {offered}.", field=one.name, code="unknown_choice")
    if one.type == "url":
        try:
            parts_of(text)
        except Refused as fault:
            raise Invalid(fault.message, field=one.name, code="bad_url") from None
    return text


def _required(one: Field) -> Invalid:
    return Invalid(f"{one.label} is needed.", field=one.name, code="required")
