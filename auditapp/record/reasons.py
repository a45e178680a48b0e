"""Why somebody did something: one line of their own, kept in the context of the event. Why something failed is in its meta.

Here alone is decided which events need one. Whether a workspace asks for it is `access`'s to know: who opens `acting()` says so.
"""

import re
from typing import Final, Protocol

from auditapp.catalogue.types import Risk, Verb
from auditapp.lib.errors import Invalid
from auditapp.record.drafts import Actor
from auditapp.record.event_types import KnownType

MAX_REASON: Final = 300
CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# The system decides nothing, and a service reports what was decided elsewhere.
ASKED_KINDS: Final = frozenset({"user", "token"})


class BadReason(Invalid):
    """Say in one line why you do this."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, field="reason", code="bad_reason")


class ReasonTooLong(BadReason):
    """A reason has at most 300 characters. Shorten it."""


class ReasonNeeded(BadReason):
    """This workspace asks for a reason before what is risky."""

    def __init__(self, type_name: str) -> None:
        super().__init__(f"{type_name} needs a reason in this workspace. Say in one line why. Nothing was changed.")
        self.code = "reason_needed"
        self.type_name = type_name


class HasReason(Protocol):
    """What is asked of `Acting`."""

    @property
    def actor(self) -> Actor: ...
    @property
    def reason(self) -> str: ...
    @property
    def needs_reason(self) -> bool: ...


def one_line(text: str) -> str:
    """A reason as it is kept: its line breaks and control characters are spaces."""
    return " ".join(CONTROLS.sub(" ", text).split())


def require_short(reason: str) -> None:
    """Refuse what is no line any more.

    Raises:  ReasonTooLong
    """
    if len(reason) > MAX_REASON:
        raise ReasonTooLong


def may_ask(kind: KnownType) -> bool:
    """Whether events of this type are ones to give a reason for."""
    return kind.risk is Risk.RISKY and kind.verb is not Verb.READ


def require_reason(acting: HasReason, kind: KnownType, *, outcome: str) -> None:
    """Refuse an event that its workspace wants a reason for and that has none; nobody means to fail, so failures need none.

    Raises:  ReasonNeeded
    """
    is_asked = acting.needs_reason and acting.actor.kind in ASKED_KINDS and outcome != "failure"
    if is_asked and may_ask(kind) and not acting.reason:
        raise ReasonNeeded(kind.name)
