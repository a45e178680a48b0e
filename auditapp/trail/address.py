"""The trail's URL, which is its whole state: read into one order, and changed by links one parameter at a time.

What the values mean is in filters.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from django.http import QueryDict

from auditapp.catalogue import registry

FILTER_KEYS: Final = (
    *("event", "area", "actor", "actor_kind", "resource", "target", "risk", "outcome", "ip"),
    *("support", "token", "request", "session", "reason", "q", "from", "to", "reads"),
)
# Said once; of several values the last one counts.
ONCE: Final = {"q", "from", "to", "reads", "tz", "view", "fold", "older", "newer", "top", "open"}
# `top` goes along with the others: the newest place when somebody began to turn pages (folding.py).
TOP: Final = "top"
PAGE_KEYS: Final = ("older", "newer", TOP)
# The saved view that the filters began as, by its id; `view=all` only says that no view is asked for.
VIEW: Final = "view"
ALL: Final = "all"
# Attempts of one task are one row unless this is "off"; a form without scripts also says "on".
FOLD: Final = "fold"
FOLDED, UNFOLDED = "on", "off"
KEYS: Final = (*FILTER_KEYS, "tz", FOLD, VIEW, *PAGE_KEYS, "open")
# What a form can say without scripts, and the URL then says in its own way.
MATCH: Final = {"event": "event_match", "area": "event_match", "actor": "actor_match"}
FIND_KEYS: Final = ("event_q", "actor_q")
NOT: Final = "!"


@dataclass(frozen=True, slots=True)
class Address:
    """A path with parameters in the order of KEYS; a change of filters leaves page keys and the open event behind, one of the zone does not.

    `bare` stands where there are no parameters: for who has a default view, the path alone would lead back to it.
    """

    path: str
    pairs: tuple[tuple[str, str], ...] = ()
    bare: str = ""

    def __str__(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def query(self) -> str:
        """The parameters as they stand in the URL."""
        return urlencode(self.pairs, safe="!:/*") or self.bare

    def values(self, key: str) -> list[str]:
        return [value for name, value in self.pairs if name == key]

    def having(self, key: str, *values: str) -> "Address":
        """With exactly these values of a key."""
        return self._made([*((n, v) for n, v in self.pairs if n != key), *((key, value) for value in values)], key)

    def adding(self, key: str, value: str) -> "Address":
        """With one more value of a key, its opposite taken out."""
        opposite = value.removeprefix(NOT) if value.startswith(NOT) else NOT + value
        return self.having(key, *(old for old in self.values(key) if old not in (value, opposite)), value)

    def without(self, *keys: str) -> "Address":
        return self._made([(n, v) for n, v in self.pairs if n not in keys], *keys)

    def without_filters(self) -> "Address":
        return self.without(*FILTER_KEYS, VIEW)

    @property
    def first_page(self) -> "Address":
        return self.without(*PAGE_KEYS)

    def paged(self, key: str, place: str, *, top: str | None) -> "Address":
        """The page older or newer than a place.

        Takes:   top, the newest place when its reader began to turn pages, where it matters
        """
        page = self.having(key, place)
        return replace(page, pairs=_sorted([*page.pairs, (TOP, top)])) if top else page

    def opening(self, event_key: str) -> "Address":
        """The same page of the list with an event open beside it."""
        return self.having("open", event_key)

    def at(self, path: str) -> "Address":
        """The same parameters at another path, such as an export's."""
        return replace(self, path=path)

    def _made(self, pairs: Iterable[tuple[str, str]], *changed: str) -> "Address":
        left: set[str] = set(FIND_KEYS)
        if set(changed) & set(PAGE_KEYS):
            left |= {"open", *PAGE_KEYS} - set(changed)
        elif changed not in (("open",), ("tz",)):
            left |= {"open", *PAGE_KEYS}
        kept = ((name, value) for name, value in pairs if name not in left)
        return replace(self, pairs=_sorted(kept))


_ORDER: Final = {key: place for place, key in enumerate(KEYS)}


def _sorted(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(pairs, key=lambda pair: _ORDER[pair[0]]))


def read_address(path: str, query: QueryDict, *, keep_finds: bool = True) -> Address:
    """The address that a request means: empty fields left out, a form's "is none of" written as `!`, areas over their types.

    Takes:   keep_finds, whether words typed into a dropdown stay: without scripts they narrow it on the server
    """
    pairs = []
    for key in KEYS:
        match = query.get(MATCH[key]) if key in MATCH else None
        values = [text for value in query.getlist(key) if (text := value.strip())]
        values = values[-1:] if key in ONCE else values
        pairs += [(key, _matched(value, match)) for value in dict.fromkeys(values) if value != NOT]
    pairs = [pair for pair in pairs if pair not in ((VIEW, ALL), (FOLD, FOLDED))]
    if keep_finds:
        pairs += [(key, value) for key in FIND_KEYS if (value := query.get(key, "").strip())]
    areas = {value for key, value in pairs if key == "area"}
    return Address(path, tuple(pair for pair in dict.fromkeys(pairs) if not _is_covered(pair, areas)))


def _matched(value: str, match: str | None) -> str:
    return NOT + value if match == "none" and not value.startswith(NOT) else value


def _is_covered(pair: tuple[str, str], areas: set[str]) -> bool:
    """Whether a type adds nothing to its whole area."""
    key, value = pair
    declared = registry.event_type(value.removeprefix(NOT)) if key == "event" else None
    if declared is None:
        return False
    return (NOT + declared.area if value.startswith(NOT) else declared.area) in areas
