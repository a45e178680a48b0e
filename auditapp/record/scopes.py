"""Which scope an event has: whose role over what lets them see it, beside those who see everything.

A scope is the id of a source, a function or a space, or one of the sections of the catalogue. What other systems may say of it is
decided in `ingest`.
"""

import re
from collections.abc import Sequence
from typing import Final

from auditapp.catalogue.sections import PREFIX
from auditapp.record.drafts import Target
from auditapp.record.event_types import KnownType

SPACE: Final = "space"
# As ids stand in URLs, in lists and in the trail's search.
SPACE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~@+=-]{0,199}", re.ASCII)
# Spaces have the ids of the system that owns them. One that looked like a scope of another kind would open its history.
NO_SPACE: Final = (PREFIX, "src_", "fun_", "whs_", "tp_")


def is_space_id(text: str) -> bool:
    """Whether a space can have this id."""
    return SPACE_ID.fullmatch(text) is not None and not text.startswith(NO_SPACE)


def spaces_among(targets: Sequence[Target]) -> list[Target]:
    """Those of an event's targets that are spaces."""
    return [target for target in targets if target.type == SPACE and is_space_id(target.id)]


def section_scope(kind: KnownType) -> str | None:
    """The section that events of this type belong to, whatever they are about."""
    return f"{PREFIX}{kind.section}" if kind.section else None


def space_scope(targets: Sequence[Target]) -> str | None:
    """The first space that an event is about."""
    return next((space.id for space in spaces_among(targets)), None)
