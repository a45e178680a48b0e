"""A page of rows and the way to its neighbours. Keys are made and read by who queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.http import QueryDict

Row = TypeVar("Row")
OLDER, NEWER = "older", "newer"


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows; `older` and `newer` are the keys of the pages beside it, None where there is none."""

    rows: Sequence[Row]
    older: str | None = None
    newer: str | None = None

    def links(self, query: QueryDict) -> dict[str, str | None]:
        """The addresses of both neighbours, with everything else of the query kept."""
        return {
            OLDER: link(query, older=self.older, newer=None) if self.older else None,
            NEWER: link(query, newer=self.newer, older=None) if self.newer else None,
        }


def link(query: QueryDict, **changes: str | Sequence[str] | None) -> str:
    """The same page with some parameters set, or taken out with None: `?event=source.created&older=...`."""
    changed = query.copy()
    for name, value in changes.items():
        if value is None:
            changed.pop(name, None)
        elif isinstance(value, str):
            changed[name] = value
        else:
            changed.setlist(name, list(value))
    return f"?{changed.urlencode()}"
