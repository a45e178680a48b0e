"""What an event can be found by: lexemes `<workspace>:<class>=<word>` of a tsvector.

The workspace in front keeps every posting list inside its tenant, and the class says who may search it and with which value it
is erased. Words are found by prefix; structural classes (type, actor, ...) let one index serve every combination of filters.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

from auditapp.lib.personal_text import says_address
from auditapp.lib.visible_text import folded, search_words
from auditapp.record.drafts import Actor, EventDraft


class Token(StrEnum):
    """The classes. Erasing a value also erases its classes (audit_erase in the migrations)."""

    TYPE = "y"
    AREA = "g"
    ACTOR = "u"
    ACTOR_KIND = "k"
    RESOURCE_TYPE = "r"
    RESOURCE = "x"  # type and id
    SCOPE = "s"
    OUTCOME = "o"
    READ = "v"
    WORD = "w"  # of the type's key
    ACTOR_WORD = "a"  # with the unit actor
    BEHIND = "b"  # who acted as another, by id; with the unit actor
    EMAIL_WORD = (
        "e"  # of actors what says an address, and of targets that are e-mail addresses; with either unit; personal
    )
    TARGET_WORD = "t"  # with the unit targets
    HIDDEN_TARGET_WORD = (
        "h"  # the same of what says an address or is declared as personal; with the unit targets; personal
    )
    META_WORD = "m"  # with the unit meta
    HIDDEN_META_WORD = "p"  # the same of what says an address or is declared as personal; with the unit meta; personal
    IP = "i"  # with the unit context; personal
    REASON_WORD = "n"  # with the unit context; personal, since it may name people


# What everybody searches, and what its words are where they are hidden from some.
HIDDEN_AS: Final = {
    Token.ACTOR_WORD: Token.EMAIL_WORD,
    Token.TARGET_WORD: Token.HIDDEN_TARGET_WORD,
    Token.META_WORD: Token.HIDDEN_META_WORD,
}
IPV4_LEVELS: Final = (8, 16, 24)
IPV6_LEVELS: Final = (32, 48, 64)
MAX_TOKENS: Final = 160
MAX_META_WORDS: Final = 40
MAX_REASON_WORDS: Final = 40
MAX_TARGETS: Final = 20
MAX_LEXEME_BYTES: Final = 200


def tokens_of(draft: EventDraft) -> set[str]:
    """All lexemes of an event, of at most 160 words; a long text is found by its first words."""
    prefix = f"{draft.workspace_id}:"
    return {
        _lexeme(prefix, HIDDEN_AS[token_class], word) if is_hidden and token_class in HIDDEN_AS else plain
        for plain, token_class, word, is_hidden in _kept(draft)
    }


def plain_tokens_of(draft: EventDraft) -> set[str]:
    """The same as if nothing of an event were hidden from anybody: what its bytes alone tell, whatever its type declared when."""
    return {plain for plain, *_ in _kept(draft)}


def _kept(draft: EventDraft) -> Iterator[tuple[str, Token, str, bool]]:
    """Lexeme, class, word and whether it is hidden from some, until there are enough; who may search for a word changes not how many."""
    prefix = f"{draft.workspace_id}:"
    kept: set[str] = set()
    for token_class, word, is_hidden in _tokens(draft):
        plain = _lexeme(prefix, token_class, word)
        if plain not in kept and len(kept) >= MAX_TOKENS:
            return
        kept.add(plain)
        yield plain, token_class, word, is_hidden


def lexeme(workspace_id: int, token_class: Token, word: str) -> str:
    """The lexeme under which a word of a class is stored."""
    return _lexeme(f"{workspace_id}:", token_class, word)


def tsvector_text(lexemes: Iterable[str]) -> str:
    """The lexemes as PostgreSQL reads a tsvector."""
    return " ".join(map(quoted, lexemes))


def quoted(lexeme: str) -> str:
    """One lexeme in the quotes of tsvector and tsquery."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def searched_text(draft: EventDraft) -> str:
    """All text that words of an event are taken from, folded as they are: what is not in it is in no word's token."""
    people = [one for one in (draft.actor, draft.actor.real) if one]
    texts = [draft.type.replace(".", " ").replace("_", " ")]
    texts += [text for one in people for text in (one.name, one.email or "")]
    texts += [target.name for target in draft.targets[:MAX_TARGETS]]
    texts += [*(text for text, _ in _texts(draft.meta, "", frozenset(), True)), str(draft.context.get("reason") or "")]
    ids = [one.id.casefold() for one in people] + [one.id.casefold() for one in draft.targets[:MAX_TARGETS]]
    # A line's end keeps them apart: it is part of no word and goes together with no character.
    whole = "\n".join([folded("\n".join(texts)), *ids, *ip_words(str(draft.context.get("ip") or ""))])
    return whole.replace("\x00", "")


# Names and addresses come again and again: their words are made once.
@lru_cache(maxsize=8192)
def _words(text: str) -> tuple[str, ...]:
    return tuple(search_words(text))


@lru_cache(maxsize=8192)
def ip_words(text: str) -> tuple[str, ...]:
    """An address and the networks it is found by; what is no address is one word."""
    try:
        address = ip_address(text)
    except ValueError:
        return (text.casefold(),) if text else ()
    levels = IPV4_LEVELS if address.version == 4 else IPV6_LEVELS
    return (str(address), *(_network(address, level) for level in levels))


def _network(address: IPv4Address | IPv6Address, level: int) -> str:
    return str(ip_network((address, level), strict=False))


def _lexeme(prefix: str, token_class: str, word: str) -> str:
    text = f"{prefix}{token_class}={word}"
    # A lexeme may have 2,046 bytes; nobody types a word of more than 200, and NUL is no character of text.
    if len(text) * 4 > MAX_LEXEME_BYTES:
        text = text.encode()[:MAX_LEXEME_BYTES].decode(errors="ignore")
    return text.replace("\x00", "")


def _tokens(draft: EventDraft) -> Iterator[tuple[Token, str, bool]]:
    plain: list[tuple[Token, str]] = [
        (Token.TYPE, draft.type),
        (Token.AREA, draft.area),
        (Token.ACTOR, draft.actor.id),
        (Token.ACTOR_KIND, draft.actor.kind),
        (Token.OUTCOME, draft.outcome),
        (Token.READ, "read" if draft.is_read else "write"),
    ]
    if draft.targets:
        plain.append((Token.RESOURCE_TYPE, draft.targets[0].type))
        plain.append((Token.RESOURCE, f"{draft.targets[0].type}:{draft.targets[0].id}"))
    if draft.scope_id:
        plain.append((Token.SCOPE, draft.scope_id))
    plain += [(Token.WORD, word) for word in _type_words(draft.type)]
    for token_class, word in plain:
        yield token_class, word, False
    yield from _actor_tokens(draft.actor)
    for word in ip_words(str(draft.context.get("ip") or "")):
        yield Token.IP, word, False
    for number, target in enumerate(draft.targets[:MAX_TARGETS]):
        yield Token.TARGET_WORD, target.id.casefold(), says_address(target.id)
        is_hidden = f"targets.{number}.name" in draft.personal_paths or says_address(target.name)
        for word in _words(target.name):
            # Somebody invited is a target by address: no more to be searched by everyone than an actor's.
            yield (Token.EMAIL_WORD if "@" in target.name else Token.TARGET_WORD), word, is_hidden
    words = (
        (word, is_hidden)
        for text, is_hidden in _texts(draft.meta, "", draft.personal_paths, False)
        for word in search_words(text)
    )
    for (word, is_hidden), _ in zip(words, range(MAX_META_WORDS), strict=False):
        yield Token.META_WORD, word, is_hidden
    # Last: where an event has too many words for all of them, those of a value that is erased with its context are left out first.
    reason = draft.context.get("reason")
    for word in _words(reason)[:MAX_REASON_WORDS] if isinstance(reason, str) else ():
        yield Token.REASON_WORD, word, False


def _actor_tokens(actor: Actor) -> Iterator[tuple[Token, str, bool]]:
    for person in (actor, actor.real):
        if person is None:
            continue
        if person is actor.real:
            yield Token.BEHIND, person.id, False
        yield Token.ACTOR_WORD, person.id.casefold(), says_address(person.id)
        is_hidden = says_address(person.name)
        for word in _words(person.name):
            yield Token.ACTOR_WORD, word, is_hidden
        for word in _words(person.email or ""):
            yield Token.EMAIL_WORD, word, False


@lru_cache(maxsize=4096)
def _type_words(key: str) -> tuple[str, ...]:
    return tuple(search_words(key.replace(".", " ").replace("_", " ")))


def _texts(value: Any, path: str, personal: frozenset[str], is_hidden: bool) -> Iterator[tuple[str, bool]]:
    """Each text of a value, and whether masking.py hides it from who may not see addresses."""
    if isinstance(value, str):
        yield value, is_hidden or says_address(value)
    elif isinstance(value, dict):
        is_hidden = is_hidden or any(map(says_address, value))
        # In the order of the sealed bytes, whose keys are sorted: verification makes the same tokens from them.
        for key in sorted(value):
            inside = f"{path}.{key}" if path else key
            yield from _texts(value[key], inside, personal, is_hidden or inside in personal)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item, path, personal, is_hidden)
