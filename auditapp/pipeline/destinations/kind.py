"""What a kind of destination is: the fields it asks for, how a batch looks on the wire, how it is sent, what an answer means.

Bytes are made apart from sending them: the same batch gives the same bytes, whenever and wherever it is tried again.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal

from auditapp.pipeline.formats.rendering import Format

Event = Mapping[str, Any]
MAX_EVENTS: Final = 500
MAX_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a kind, as its form and the API ask for it.

    `type` lines is a text of several lines, flag is yes or no, messages a list of templates by event (messages.py), which have a
    page of their own. What is secret is sealed at rest and never shown again.
    """

    name: str
    label: str
    type: Literal["text", "url", "choice", "number", "flag", "lines", "messages"] = "text"
    help: str = ""
    is_required: bool = True
    is_secret: bool = False
    is_advanced: bool = False  # folded away: few need it
    default: str | int | bool = ""
    choices: tuple[tuple[str, str], ...] = ()
    placeholder: str = ""
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """A destination as its kind sees it: settings with their defaults, secrets opened, the format.

    `signing_secrets` are those that sign now, the newest first: two while one takes the place of the other.
    """

    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    form: Format = Format.SEGMENT
    signing_secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event after all stages, on its way out."""

    index: int
    message_id: str
    received_at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent in one go: the events that are left of the inbox from one index up to, not including, another.

    Batches follow each other without gaps: what is missing between was kept back by filters. The id is the same at every try.
    """

    id: str
    source_id: str
    destination_id: str
    start: int
    end: int
    events: tuple[Outgoing, ...]


class Outcome(StrEnum):
    """What came of a try."""

    DELIVERED = "delivered"
    RETRY = "retry"  # too busy, broken or not reached: the same bytes again, later
    AUTH = "auth_error"  # refuses whoever asks, or is set up wrongly: tried again, and nobody but a person can mend it
    REFUSED = "refused"  # refuses these events: one of them is to be found
    GONE = "gone"  # is not there any more, and says so


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a try, with what was said on both sides as far as it may be shown."""

    outcome: Outcome
    code: str = ""  # the status of HTTP, or a word for what has none
    message: str = ""
    retry_after_s: float | None = None
    request: str = field(default="", repr=False)
    answer: str = field(default="", repr=False)
    elapsed_ms: int = 0


class Kind(ABC):
    """A kind of destination. One instance serves all destinations of the kind and keeps nothing between calls."""

    key: str
    name: str
    summary: str
    icon: str = "destination"
    fields: tuple[Field, ...] = ()
    formats: tuple[Format, ...] = tuple(Format)

    @property
    def has_messages(self) -> bool:
        """Whether what it says of an event can be set by the event's type."""
        return any(one.type == "messages" for one in self.fields)

    signs = False  # has a signing secret, which is made with the destination and can be rotated

    def check(self, setup: Setup) -> None:  # noqa: B027  most kinds need no more than their fields
        """Settings that do not fit together.

        Raises:  Invalid, with the field
        """

    def max_events(self, setup: Setup) -> int:
        """The most events of a batch, 1 to 5_000."""
        return MAX_EVENTS

    def max_bytes(self, setup: Setup) -> int:
        """The most bytes of all items of a batch; an item that is larger goes alone."""
        return MAX_BYTES

    def linger_s(self, setup: Setup) -> float:
        """How long the oldest event may wait for others to fill a batch."""
        return 0.0

    @abstractmethod
    def item(self, outgoing: Outgoing, setup: Setup) -> bytes:
        """One event as it stands in a body."""

    @abstractmethod
    def body(self, items: Sequence[bytes], batch: Batch, setup: Setup) -> bytes:
        """The bytes of a batch."""

    @abstractmethod
    def send(self, body: bytes, batch: Batch, setup: Setup) -> Sent:
        """Send a body and tell what came of it. Never raises for what the other side does, or for not reaching it."""
