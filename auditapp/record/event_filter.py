"""What is asked of the trail: one value for the dropdowns, the query box, the API and exports.

It is a conjunction: each dimension narrows the result, and within one the included values are alternatives. How it becomes
SQL is in event_query.py; how a URL becomes a filter is a matter of `trail`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Final
from unicodedata import normalize

from auditapp.lib.errors import Invalid
from auditapp.lib.visible_text import search_words
from auditapp.record.search_tokens import IPV4_LEVELS, IPV6_LEVELS, Token, lexeme, quoted
from auditapp.record.viewer import Viewer

# A range is spelled out in networks of the next level that is indexed: at most 128 of them.
MAX_NETWORKS: Final = 128
MAX_WORDS: Final = 12
EVERYONES_WORDS: Final = (Token.WORD, Token.ACTOR_WORD, Token.TARGET_WORD, Token.META_WORD)
PERSONAL_WORDS: Final = (Token.EMAIL_WORD, Token.IP)


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

    `resources` are "type" or "type:id"; `target_ids` the ids of any target whatever its type, or words of its name;
    `ips` addresses or CIDR ranges; `since` is included, `until` is not.
    """

    types: Choice = field(default_factory=Choice)
    areas: Choice = field(default_factory=Choice)
    actors: Choice = field(default_factory=Choice)
    resources: Choice = field(default_factory=Choice)
    target_ids: Choice = field(default_factory=Choice)
    outcomes: Choice = field(default_factory=Choice)
    ips: Choice = field(default_factory=Choice)
    words: tuple[Word, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    with_reads: bool = False

    @property
    def hides_reads(self) -> bool:
        """Read events are shown where they are asked for: by the switch, by their type or by their whole area."""
        return not self.with_reads and not self.types.include and not self.areas.include

    @property
    def is_everything(self) -> bool:
        """True where nothing but a range and the switch for reads narrows the result."""
        return not (self.types or self.actors or self.resources or self._is_for_tokens)

    @property
    def needs_tokens(self) -> bool:
        """True where a btree index alone cannot serve it."""
        exact_resources = all(":" in resource for resource in self.resources.include)
        excludes = (self.types.exclude, self.actors.exclude, self.resources.exclude)
        return bool(self._is_for_tokens or any(excludes) or not exact_resources)

    @property
    def _is_for_tokens(self) -> bool:
        return bool(self.areas or self.target_ids or self.outcomes or self.ips or self.words)


@dataclass(frozen=True, slots=True)
class TokenQuery:
    """A filter as text of a tsquery; without a positive term no index can serve it."""

    text: str
    has_positive: bool


def token_query(wanted: EventFilter, viewer: Viewer) -> TokenQuery:
    """The whole filter, and what the viewer may see, as one tsquery over search tokens.

    Raises:  Invalid, for an IP range that cannot be searched or too many words
    """
    positive = [any_of(terms) for terms in _positive(wanted, viewer) if terms]
    negative = [f"!{term}" for term in _negative(wanted, viewer)]
    return TokenQuery(" & ".join([*positive, *negative]), bool(positive))


def any_of(terms: list[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({' | '.join(terms)})"


def _positive(wanted: EventFilter, viewer: Viewer) -> Iterator[list[str]]:
    def all_of(token_class: Token, words: tuple[str, ...]) -> list[str]:
        return [quoted(lexeme(viewer.workspace_id, token_class, word)) for word in words]

    if not viewer.sees_all:
        yield all_of(Token.SCOPE, viewer.scope_ids) + all_of(Token.ACTOR, viewer.own_actor_ids) or [NOTHING]
    yield all_of(Token.TYPE, wanted.types.include) + all_of(Token.AREA, wanted.areas.include)
    yield all_of(Token.ACTOR, wanted.actors.include)
    yield [_resource(viewer, resource) for resource in wanted.resources.include]
    yield all_of(Token.TARGET_WORD, tuple(map(str.casefold, wanted.target_ids.include)))
    yield all_of(Token.OUTCOME, wanted.outcomes.include)
    if wanted.ips.include:
        yield _ip_terms(viewer, wanted.ips.include) or [NOTHING]
    for word in _words(wanted):
        if not word.is_excluded:
            yield [_word(viewer, word)]


def _negative(wanted: EventFilter, viewer: Viewer) -> Iterator[str]:
    classes = (
        (Token.TYPE, wanted.types),
        (Token.AREA, wanted.areas),
        (Token.ACTOR, wanted.actors),
        (Token.OUTCOME, wanted.outcomes),
    )
    for token_class, choice in classes:
        for value in choice.exclude:
            yield quoted(lexeme(viewer.workspace_id, token_class, value))
    for resource in wanted.resources.exclude:
        yield _resource(viewer, resource)
    for target_id in wanted.target_ids.exclude:
        yield quoted(lexeme(viewer.workspace_id, Token.TARGET_WORD, target_id.casefold()))
    yield from _ip_terms(viewer, wanted.ips.exclude)
    for word in _words(wanted):
        if word.is_excluded:
            yield _word(viewer, word)
    if wanted.hides_reads:
        yield quoted(lexeme(viewer.workspace_id, Token.READ, "read"))


# A term that no event has: a lexeme always has a workspace and a class in front.
NOTHING: Final = "'nothing'"


def _resource(viewer: Viewer, resource: str) -> str:
    token_class = Token.RESOURCE if ":" in resource else Token.RESOURCE_TYPE
    return quoted(lexeme(viewer.workspace_id, token_class, resource))


def _words(wanted: EventFilter) -> tuple[Word, ...]:
    if len(wanted.words) > MAX_WORDS:
        raise Invalid(f"Search for at most {MAX_WORDS} words at a time.", field="q")
    return wanted.words


def _word(viewer: Viewer, word: Word) -> str:
    classes = EVERYONES_WORDS + (PERSONAL_WORDS if viewer.sees_personal else ())
    suffix = "" if word.is_exact else ":*"

    def in_any_class(text: str) -> str:
        return any_of([quoted(lexeme(viewer.workspace_id, token_class, text)) + suffix for token_class in classes])

    parts = [in_any_class(part) for part in search_words(word.text)]
    if not parts:
        return NOTHING
    # Ids and addresses are stored whole, names by their words.
    whole = normalize("NFKC", word.text).casefold()
    return any_of([in_any_class(whole), f"({' & '.join(parts)})"])


def _ip_terms(viewer: Viewer, ranges: tuple[str, ...]) -> list[str]:
    # Who may not see addresses finds none by them: a filter must not tell what the page hides.
    if not viewer.sees_personal:
        return []
    words = [word for text in ranges for word in _networks(text)]
    return [quoted(lexeme(viewer.workspace_id, Token.IP, word)) for word in words]


def _networks(text: str) -> list[str]:
    """An address as it is, a range as networks of a size that events are indexed by."""
    try:
        if "/" not in text:
            return [str(ip_address(text))]
        network = ip_network(text, strict=False)
    except ValueError:
        raise Invalid("Write an address such as 203.0.113.7 or a range such as 203.0.113.0/24.", field="ip") from None
    levels = IPV4_LEVELS if network.version == 4 else IPV6_LEVELS
    full = network.max_prefixlen
    level = next((level for level in (*levels, full) if level >= network.prefixlen), full)
    if 2 ** (level - network.prefixlen) > MAX_NETWORKS:
        raise Invalid(f"The range {text} is too wide to search. Take one of /{levels[0]} or smaller.", field="ip")
    parts = network.subnets(new_prefix=level)
    return [str(part.network_address) if level == full else str(part) for part in parts]


def words_of(text: str) -> tuple[Word, ...]:
    """Free text as typed: words, "quoted" ones whole, -word or -"quoted" left out."""
    words = []
    for piece in _pieces(text):
        is_excluded = piece.startswith("-") and len(piece) > 1
        piece = piece[1:] if is_excluded else piece
        bare = piece.strip('"')
        if search_words(bare):
            words.append(Word(bare, is_exact=piece.startswith('"'), is_excluded=is_excluded))
    return tuple(words)


def _pieces(text: str) -> Iterator[str]:
    """Split at spaces outside of double quotes; a quote that is never closed ends with the text."""
    piece, in_quotes = "", False
    for character in text:
        if character == '"':
            in_quotes = not in_quotes
        if character.isspace() and not in_quotes:
            if piece:
                yield piece
            piece = ""
        else:
            piece += character
    if piece:
        yield piece
