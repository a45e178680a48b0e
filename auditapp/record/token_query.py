"""A filter, and what its viewer may see, as one tsquery over search tokens: the half of the SQL backend that indexes serve."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from auditapp.catalogue.types import Risk
from auditapp.lib.errors import Invalid
from auditapp.lib.visible_text import search_words
from auditapp.record.event_filter import ANY_END, EventFilter, Word
from auditapp.record.search_tokens import IPV4_LEVELS, IPV6_LEVELS, Token, lexeme, quoted
from auditapp.record.viewer import Viewer

# A range is spelled out in networks of the next level that is indexed: at most 128 of them.
MAX_NETWORKS: Final = 128
MAX_WORDS: Final = 12
EVERYONES_WORDS: Final = (Token.WORD, Token.ACTOR_WORD, Token.TARGET_WORD, Token.META_WORD)
PERSONAL_WORDS: Final = (
    *(Token.EMAIL_WORD, Token.HIDDEN_TARGET_WORD, Token.HIDDEN_META_WORD),
    *(Token.IP, Token.REASON_WORD),
)
# A term that no event has: a lexeme always has a workspace and a class in front.
NOTHING: Final = "'nothing'"
ALL_ROUTINE: Final[Mapping[str, Risk]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TokenQuery:
    """A filter as text of a tsquery; without a positive term no index can serve it."""

    text: str
    has_positive: bool


def token_query(wanted: EventFilter, viewer: Viewer, type_risks: Mapping[str, Risk] = ALL_ROUTINE) -> TokenQuery:
    """The whole filter, and what the viewer may see, as one tsquery; but for what is_beyond_indexes.

    Takes:   type_risks, of every type that is not routine, where the filter has risks
    Raises:  Invalid, for an IP range that cannot be searched or too many words
    """
    positive = [any_of(terms) for terms in _positive(wanted, viewer, type_risks) if terms]
    negative = [f"!{term}" for term in _negative(wanted, viewer, type_risks)]
    return TokenQuery(" & ".join([*positive, *negative]), bool(positive))


def any_of(terms: list[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({' | '.join(terms)})"


def _positive(wanted: EventFilter, viewer: Viewer, type_risks: Mapping[str, Risk]) -> Iterator[list[str]]:
    def all_of(token_class: Token, words: tuple[str, ...]) -> list[str]:
        return [quoted(lexeme(viewer.workspace_id, token_class, word)) for word in words]

    if not viewer.sees_all:
        yield all_of(Token.SCOPE, viewer.scope_ids) + all_of(Token.ACTOR, viewer.own_actor_ids) or [NOTHING]
    yield [_type(viewer, key) for key in wanted.types.include] + all_of(Token.AREA, wanted.areas.include)
    yield all_of(Token.ACTOR, wanted.actors.include)
    yield all_of(Token.ACTOR_KIND, wanted.actor_kinds.include)
    yield [_resource(viewer, resource) for resource in wanted.resources.include]
    yield [quoted(one) for target_id in wanted.target_ids.include for one in target_lexemes(viewer, target_id)]
    if wanted.risks and Risk.ROUTINE not in wanted.allowed_risks:
        # Types that nobody declared are routine: only without them is there a list of types to look for.
        found = tuple(key for key, risk in type_risks.items() if risk in wanted.allowed_risks)
        yield all_of(Token.TYPE, found) or [NOTHING]
    yield all_of(Token.OUTCOME, wanted.outcomes.include)
    yield [_behind(viewer, person) for person in wanted.behind.include]
    if wanted.ips.include:
        yield _ip_terms(viewer, wanted.ips.include) or [NOTHING]
    if wanted.reasons.include:
        yield _reason_terms(viewer, wanted.reasons.include) or [NOTHING]
    for word in _words(wanted):
        if not word.is_excluded:
            yield [_word(viewer, word)]


def _negative(wanted: EventFilter, viewer: Viewer, type_risks: Mapping[str, Risk]) -> Iterator[str]:
    classes = (
        (Token.AREA, wanted.areas),
        (Token.ACTOR, wanted.actors),
        (Token.ACTOR_KIND, wanted.actor_kinds),
        (Token.OUTCOME, wanted.outcomes),
    )
    for key in wanted.types.exclude:
        yield _type(viewer, key)
    for token_class, choice in classes:
        for value in choice.exclude:
            yield quoted(lexeme(viewer.workspace_id, token_class, value))
    for resource in wanted.resources.exclude:
        yield _resource(viewer, resource)
    for target_id in wanted.target_ids.exclude:
        yield from map(quoted, target_lexemes(viewer, target_id))
    if wanted.risks and Risk.ROUTINE in wanted.allowed_risks:
        for key, risk in type_risks.items():
            if risk not in wanted.allowed_risks:
                yield quoted(lexeme(viewer.workspace_id, Token.TYPE, key))
    for person in wanted.behind.exclude:
        yield _behind(viewer, person)
    if wanted.not_of:
        own = quoted(lexeme(viewer.workspace_id, Token.ACTOR, wanted.not_of))
        yield f"({own} & !{_behind(viewer, ANY_END)})"
        yield _behind(viewer, wanted.not_of)
    yield from _ip_terms(viewer, wanted.ips.exclude)
    yield from _reason_terms(viewer, wanted.reasons.exclude)
    for word in _words(wanted):
        if word.is_excluded:
            yield _word(viewer, word)
    if wanted.hides_reads:
        yield quoted(lexeme(viewer.workspace_id, Token.READ, "read"))


def _type(viewer: Viewer, key: str) -> str:
    if key.endswith(ANY_END):
        return quoted(lexeme(viewer.workspace_id, Token.TYPE, key.removesuffix(ANY_END))) + ":*"
    return quoted(lexeme(viewer.workspace_id, Token.TYPE, key))


def _behind(viewer: Viewer, person: str) -> str:
    if person == ANY_END:
        return quoted(lexeme(viewer.workspace_id, Token.BEHIND, "")) + ":*"
    return quoted(lexeme(viewer.workspace_id, Token.BEHIND, person))


def _resource(viewer: Viewer, resource: str) -> str:
    token_class = Token.RESOURCE if ":" in resource else Token.RESOURCE_TYPE
    return quoted(lexeme(viewer.workspace_id, token_class, resource))


def _words(wanted: EventFilter) -> tuple[Word, ...]:
    if len(wanted.words) > MAX_WORDS:
        raise Invalid(f"Search for at most {MAX_WORDS} words at a time.", field="q")
    return wanted.words


def _word(viewer: Viewer, word: Word) -> str:
    suffix = "" if word.is_exact else ":*"

    def in_any_class(text: str) -> str:
        found = [quoted(lexeme(viewer.workspace_id, one, text)) + suffix for one in searched_classes(viewer)]
        return any_of(found)

    parts = [in_any_class(part) for part in search_words(word.text)]
    if not parts:
        return NOTHING
    # Ids and addresses are stored whole, names by their words.
    return any_of([in_any_class(whole_word(word)), f"({' & '.join(parts)})"])


def searched_classes(viewer: Viewer) -> tuple[Token, ...]:
    """Where this viewer's words are looked for: who may not see addresses finds nothing by them."""
    return EVERYONES_WORDS + (PERSONAL_WORDS if viewer.sees_personal else ())


def target_lexemes(viewer: Viewer, text: str) -> list[str]:
    """The lexemes under which this viewer finds the id of a target, or a word of its name."""
    classes = (Token.TARGET_WORD, *((Token.HIDDEN_TARGET_WORD,) if viewer.sees_personal else ()))
    return [lexeme(viewer.workspace_id, one, text.casefold()) for one in classes]


def whole_word(word: Word) -> str:
    """A word as ids and addresses are stored."""
    return normalize("NFKC", word.text).casefold()


def _ip_terms(viewer: Viewer, ranges: tuple[str, ...]) -> list[str]:
    # Who may not see addresses finds none by them: a filter must not tell what the page hides.
    if not viewer.sees_personal:
        return []
    words = [word for text in ranges for word in networks(text)]
    return [quoted(lexeme(viewer.workspace_id, Token.IP, word)) for word in words]


def _reason_terms(viewer: Viewer, reasons: tuple[str, ...]) -> list[str]:
    # They may name people: as with addresses, who may not see them finds nothing by them.
    if not viewer.sees_personal:
        return []
    return [_reason(viewer, text) for text in reasons]


def _reason(viewer: Viewer, text: str) -> str:
    if text == ANY_END:
        return quoted(lexeme(viewer.workspace_id, Token.REASON_WORD, "")) + ":*"
    words = [quoted(lexeme(viewer.workspace_id, Token.REASON_WORD, word)) for word in search_words(text)]
    return f"({' & '.join(words)})" if words else NOTHING


def networks(text: str) -> list[str]:
    """An address as it is, a range as networks of a size that events are indexed by.

    Raises:  Invalid
    """
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
