"""What a sync noticed: values and rows that could not be loaded as they are, by place and with how often."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# As many places as a page can show; what comes beyond is counted as one.
MOST: Final = 100
MESSAGES: Final = {
    "type_differs": "holds another type; these values were left empty",
    "too_many_columns": "has no room for further columns; what they would hold was left out",
    "too_many_tables": "has no room for further tables; these events are in tracks alone",
    "same_column": "is what several properties of one event would be called; the first one was kept",
    "cleaned": "cannot hold NUL characters, which were taken out",
    "row_refused": "refused rows",
    "no_longer_kept": "does not keep its oldest events any longer, which were not loaded",
    "loaded_again": "was gone from the warehouse; what its source still keeps was loaded again",
    "schema_taken": "is taken by something else in this database; another name was used",
    "more": "further notices of this sync",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One kind of thing at one place."""

    code: str
    where: str
    count: int
    detail: str = ""

    @property
    def message(self) -> str:
        return MESSAGES.get(self.code, self.code)


@dataclass(slots=True)
class Notices:
    """Counts by code and place."""

    found: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    def add(self, code: str, where: str, *, count: int = 1, detail: str = "") -> None:
        key = (code, where)
        if key not in self.found and len(self.found) >= MOST:
            key = ("more", "")
        one = self.found.setdefault(key, [0, detail[:300]])
        one[0] += count

    def as_value(self) -> list[dict[str, Any]]:
        """As it is stored."""
        return [
            {"code": code, "where": where, "count": count, **({"detail": detail} if detail else {})}
            for (code, where), (count, detail) in self.found.items()
        ]


def added(stored: Iterable[Mapping[str, Any]], more: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Stored notices with further ones counted in."""
    sums = Notices()
    for one in (*stored, *more):
        sums.add(one["code"], one["where"], count=one["count"], detail=one.get("detail", ""))
    return sums.as_value()


def notices_from(stored: Iterable[Mapping[str, Any]]) -> list[Notice]:
    """Stored notices for a page, the most frequent first."""
    found = [Notice(one["code"], one["where"], one["count"], one.get("detail", "")) for one in stored]
    return sorted(found, key=lambda one: (-one.count, one.where))
