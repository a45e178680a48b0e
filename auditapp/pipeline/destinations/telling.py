"""An event as people are told of it, in a chat or a mail: plain words on one line each, and where to read more.

What is here is text as it was sent, made visible; escaping for a medium stays with the medium.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from auditapp.catalogue.types import Risk
from auditapp.lib.visible_text import terminal_safe
from auditapp.pipeline.formats.reading import read, text

MAX_TOLD: Final = 150
_EVENT_ID: Final = re.compile(r"evt_[0-9A-Za-z]{1,40}", re.ASCII)
_SLUG: Final = re.compile(r"[a-z0-9-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Told:
    """Who did what to which resource. Empty where the event does not say."""

    at: datetime
    what: str
    who: str
    resource: str
    is_failure: bool
    is_risky: bool
    link: str

    @property
    def sentence(self) -> str:
        """All of it but the time."""
        about = f": {self.resource}" if self.resource else ""
        by = f" by {self.who}" if self.who else ""
        return f"{self.what}{about}{by}{' (failed)' if self.is_failure else ''}"


def told(event: Mapping[str, Any]) -> Told:
    """What people are told of an event."""
    facts = read(event)
    return Told(
        at=facts.at,
        what=_plain(facts.name),
        who=_plain(facts.actor.name or facts.actor.email or facts.actor.id),
        resource=_plain(facts.resource.name or facts.resource.id),
        is_failure=facts.is_success is False,
        is_risky=facts.risk is Risk.RISKY,
        link=_link(event.get("properties")),
    )


def _plain(said: str) -> str:
    line = terminal_safe(" ".join(said[: MAX_TOLD * 2].split()))
    return line if len(line) <= MAX_TOLD else f"{line[: MAX_TOLD - 1]}…"


def _link(properties: Any) -> str:
    """Where an audit event is in this trail. Addresses that events bring along are not made into links."""
    if not isinstance(properties, Mapping):
        return ""
    event_id, slug = text(properties.get("event_id")), text(properties.get("workspace"))
    if not (_EVENT_ID.fullmatch(event_id) and _SLUG.fullmatch(slug)):
        return ""
    try:
        return str(settings.PUBLIC_URL) + reverse("trail:event_page", args=[slug, event_id])
    except NoReverseMatch:  # a project of its own that has no pages of the trail
        return ""
