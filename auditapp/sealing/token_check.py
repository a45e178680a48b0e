"""The search words that an event must have, put together from parts that many events share; recomputing them all is slow.

What the words are is decided by record.search_tokens alone.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import orjson

from auditapp.record.drafts import EventDraft
from auditapp.record.envelope import FIRST_UNITS, opened
from auditapp.record.search_tokens import MAX_TOKENS, Token, plain_tokens_of

# Which words go with which value when it is erased (audit_erase in the migrations).
WORDS_OF: Final = {
    "actor": frozenset({Token.ACTOR_WORD, Token.BEHIND, Token.EMAIL_WORD}),
    "targets": frozenset({Token.TARGET_WORD, Token.EMAIL_WORD}),
    "context": frozenset({Token.IP, Token.REASON_WORD}),
    "meta": frozenset({Token.META_WORD}),
}
# Words that some may not search for are of a class of their own: which ones those are, the rules of the day say and not the event.
PLAIN: Final[dict[str, str]] = {
    Token.ACTOR_WORD: Token.EMAIL_WORD,
    Token.HIDDEN_TARGET_WORD: Token.TARGET_WORD,
    Token.HIDDEN_META_WORD: Token.META_WORD,
}
SEARCHED_CONTEXT: Final = frozenset({"ip", "reason"})
ERASABLE: Final = frozenset[Token]().union(*WORDS_OF.values())
OF_RESOURCE: Final = frozenset({Token.RESOURCE_TYPE, Token.RESOURCE})
OF_ENVELOPE: Final = frozenset(Token) - ERASABLE - OF_RESOURCE - {Token.HIDDEN_TARGET_WORD, Token.HIDDEN_META_WORD}
MAX_PARTS: Final = 50_000


class TokenCheck:
    """Knows the words of the parts it has seen."""

    def __init__(self) -> None:
        self._known: dict[Any, frozenset[str]] = {}

    def expected(self, envelope: dict[str, Any], units: Sequence[bytes | None], context: dict[str, Any]) -> set[str]:
        """What `plain_tokens_of` gives for this event.

        Takes:   units, from the first on; context, the parsed value of its unit
        """
        fixed = tuple(
            envelope[key] for key in ("ws", "type", "area", "actor", "actor_kind", "scope", "outcome", "read")
        )
        workspace, resource = fixed[0], tuple(envelope["resource"])
        actor, targets, _, meta = units[: len(FIRST_UNITS)]

        def part(key: Any, classes: frozenset[Token], *values: bytes | None) -> frozenset[str]:
            return self._part((key, classes), classes, lambda: opened(envelope, values))

        found = part(fixed, OF_ENVELOPE) | part((workspace, resource), OF_RESOURCE)
        # An actor or target whose value is gone is still known by its id.
        found |= part((workspace, envelope["actor"], actor), WORDS_OF["actor"], actor)
        found |= part((workspace, resource, targets), WORDS_OF["targets"], None, targets)
        if meta is not None:
            found |= part((workspace, meta), WORDS_OF["meta"], None, None, None, meta)
        # What is searched for alone: hardly any two events have the same context.
        for name in SEARCHED_CONTEXT & context.keys():
            value = context[name]
            key = (workspace, name, orjson.dumps(value)), WORDS_OF["context"]
            found |= self._part(key, key[1], partial(_with_context, envelope, {name: value}))
        # Only the first words are kept of an event with very many: which ones they are, the parts do not tell.
        return set(found) if len(found) < MAX_TOKENS else plain_tokens_of(opened(envelope, units[: len(FIRST_UNITS)]))

    def _part(self, key: Any, classes: frozenset[Token], draft: Callable[[], EventDraft]) -> frozenset[str]:
        if key not in self._known:
            if len(self._known) >= MAX_PARTS:
                self._known.clear()
            self._known[key] = frozenset(word for word in plain_tokens_of(draft()) if token_class(word) in classes)
        return self._known[key]


def _with_context(envelope: dict[str, Any], context: dict[str, Any]) -> EventDraft:
    return replace(opened(envelope, []), context=context)


def as_plain(lexemes: Iterable[str]) -> set[str]:
    """The lexemes without regard to who may search for them."""
    found = set()
    for lexeme in lexemes:
        workspace, _, rest = lexeme.partition(":")
        found.add(f"{workspace}:{PLAIN.get(rest[:1], rest[:1])}{rest[1:]}")
    return found


def token_class(lexeme: str) -> str:
    """The class of a lexeme `<workspace>:<class>=<word>`."""
    return lexeme.partition(":")[2][:1]
