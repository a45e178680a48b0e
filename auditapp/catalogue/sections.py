"""The sections of a workspace that have one instance each and roles of their own: what belongs to one is a history of its own.

An area, or a single event type, says which section it is in.
"""

from dataclasses import dataclass
from typing import Final

PREFIX: Final = "section:"


@dataclass(frozen=True, slots=True)
class Section:
    """One section: `key` is also the first word of its permissions, `scope` that of its events."""

    key: str
    name: str

    @property
    def scope(self) -> str:
        return f"{PREFIX}{self.key}"


SECTIONS: Final = (
    Section("privacy", "End User Privacy"),
    Section("identity", "Identity"),
    Section("entity", "Entities"),
)
SCOPES: Final = frozenset(section.scope for section in SECTIONS)
KEYS: Final = frozenset(section.key for section in SECTIONS)
