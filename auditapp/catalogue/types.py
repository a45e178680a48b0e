"""The words of the catalogue: what an area, a field and an event type are.

Only shapes live here; the declarations are in the files named after their areas.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verb(StrEnum):
    """What an event did to its resource."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"


class Risk(StrEnum):
    """How much a reader should care.

    Risky is what stops, removes or fails for good; notable is keys, roles, retries and lesser warnings.
    """

    ROUTINE = "routine"
    NOTABLE = "notable"
    RISKY = "risky"


class Sensitivity(StrEnum):
    """Who may see a value: every reader, readers of personal data, or nobody."""

    PUBLIC = "public"
    PERSONAL = "personal"
    SECRET = "secret"  # noqa: S105  a class of values, not one of them


@dataclass(frozen=True, slots=True)
class Area:
    """A product area, one group of the Events dropdown; `resource` is the word for one thing in it, `section` the one
    (sections.py) that all of it belongs to.
    """

    key: str
    name: str
    icon: str
    resource: str
    section: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One value an event carries.

    `path` is written as in a change (`settings.schedule`) or as a key of meta (`role`), and covers both;
    `targets.N.name` is the name of a target that is a person.
    """

    path: str
    label: str
    sensitivity: Sensitivity = Sensitivity.PUBLIC


@dataclass(frozen=True, slots=True)
class EventType:
    """All that is known about one kind of event before any happens.

    `name` is the display name, `aliases` are other names in public use; `sentence` is a template without
    the actor, see `sentence.py`; `icon` is a sprite id; `sample` is the body of one event of this type; `section` is the
    one (sections.py) that it belongs to without all of its area.
    """

    key: str
    name: str
    area: str
    resource_type: str
    verb: Verb
    risk: Risk
    icon: str
    sentence: str
    fields: tuple[Field, ...]
    sample: Mapping[str, Any] = field(hash=False)
    revertible: bool
    aliases: tuple[str, ...]
    section: str = ""
