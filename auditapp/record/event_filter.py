"""What is asked of the trail: one value for the dropdowns, the query box, saved views, the API and exports.

It is a conjunction: each dimension narrows the result, and within one the included values are alternatives. Two backends read it:
SQL (token_query.py, event_keys.py) and Python (event_matches.py). How text becomes a filter is in query_language.py and in `trail`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from auditapp.catalogue.types import Risk

# At the end of a type: every type that begins so. `source.*` is all that happens to sources themselves.
ANY_END: Final = "*"


@dataclass(frozen=True, slots=True)
class Choice:
    """Values of one dimension: any of `include` (all where empty), and none of `exclude`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.include or self.exclude)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of free text: found by its beginning, or whole where it was quoted."""

    text: str
    is_exact: bool = False
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What to show. Types and areas are one dimension: an event is in by its type or by its area.

    `types` may end in `*`; `resources` are "type" or "type:id"; `target_ids` the ids of any target whatever its type, or words of
    its name; `risks` are those of the event's type; `tokens` are ids of access tokens: what they did themselves, and what they sent
    in somebody's name; `reasons` words of what an actor said, each value all of its words, `*` anything; `ips` addresses or CIDR ranges; `since` is included, `until` is not.
    `behind` are ids of people who acted as somebody else, `*` all of them. `not_of` leaves out what this one did themselves, in whose
    name ever; what another did in theirs stays.
    """

    types: Choice = field(default_factory=Choice)
    areas: Choice = field(default_factory=Choice)
    actors: Choice = field(default_factory=Choice)
    actor_kinds: Choice = field(default_factory=Choice)
    resources: Choice = field(default_factory=Choice)
    target_ids: Choice = field(default_factory=Choice)
    risks: Choice = field(default_factory=Choice)
    outcomes: Choice = field(default_factory=Choice)
    ips: Choice = field(default_factory=Choice)
    tokens: Choice = field(default_factory=Choice)
    requests: Choice = field(default_factory=Choice)
    sessions: Choice = field(default_factory=Choice)
    reasons: Choice = field(default_factory=Choice)
    behind: Choice = field(default_factory=Choice)
    not_of: str = ""
    words: tuple[Word, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    with_reads: bool = False

    def is_in_range(self, moment: datetime) -> bool:
        """Whether a moment is between `since` and `until`."""
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)

    @property
    def hides_reads(self) -> bool:
        """Read events are shown where they are asked for: by the switch, by their type or by their whole area."""
        return not self.with_reads and not self.types.include and not self.areas.include

    @property
    def is_everything(self) -> bool:
        """True where nothing but a range and the switch for reads narrows the result."""
        return not (self.types or self.actors or self.resources or self._is_for_tokens or self.is_beyond_indexes)

    @property
    def needs_tokens(self) -> bool:
        """True where a btree index alone cannot serve it."""
        exact_resources = all(":" in resource for resource in self.resources.include)
        exact_types = not any(key.endswith(ANY_END) for key in self.types.include)
        excludes = (self.types.exclude, self.actors.exclude, self.resources.exclude)
        is_exact = exact_resources and exact_types and not any(excludes)
        return bool(self._is_for_tokens or self.is_beyond_indexes or not is_exact)

    @property
    def is_beyond_indexes(self) -> bool:
        """True where no index knows the values: such events are looked for one after another, as far as time allows."""
        return bool(self.tokens or self.requests or self.sessions)

    @property
    def allowed_risks(self) -> frozenset[Risk]:
        """The risks that are left once `risks` has been obeyed."""
        included = self.risks.include or tuple(Risk)
        return frozenset(risk for risk in Risk if risk in included and risk not in self.risks.exclude)

    @property
    def _is_for_tokens(self) -> bool:
        dimensions = (self.areas, self.actor_kinds, self.target_ids, self.risks, self.outcomes, self.ips, self.words)
        return any(map(bool, (*dimensions, self.reasons, self.behind, self.not_of)))
