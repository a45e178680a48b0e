"""Whether one event matches a filter, without a database: for alerts and forwarding, and to check the SQL backend against.

It means what SQL means (token_query.py, event_keys.py): property tests hold the two equal.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from auditapp.catalogue.types import Risk
from auditapp.lib.visible_text import search_words
from auditapp.record.drafts import EventDraft
from auditapp.record.event_filter import ANY_END, Choice, EventFilter, Word
from auditapp.record.masking import askable
from auditapp.record.search_tokens import Token, lexeme, searched_text, tokens_of
from auditapp.record.token_query import searched_classes, target_lexemes, whole_word
from auditapp.record.viewer import Viewer

NEVER_CUT: Final = 32


class Looked:
    """What many filters ask about one event, found out once, when the first one asks."""

    __slots__ = ("_address", "_sorted", "_text", "event")

    def __init__(self, event: EventDraft) -> None:
        self.event = event
        self._address: IPv4Address | IPv6Address | bool | None = None
        self._sorted: list[str] | None = None
        self._text: str | None = None

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        if self._address is None:
            try:
                self._address = ip_address(str(self.event.context.get("ip") or ""))
            except ValueError:
                self._address = False
        return None if isinstance(self._address, bool) else self._address

    @property
    def tokens(self) -> list[str]:
        """Its search tokens, sorted."""
        if self._sorted is None:
            self._sorted = sorted(tokens_of(self.event))
        return self._sorted

    def has_token(self, token: str, *, or_begins: bool) -> bool:
        """Whether it has this token, or one that begins so."""
        at = bisect_left(self.tokens, token)
        return at < len(self.tokens) and (self.tokens[at].startswith(token) if or_begins else self.tokens[at] == token)

    def may_have(self, part: str) -> bool:
        """False where no token begins so: told by its text alone, which costs a tenth of its tokens."""
        if self._text is None:
            self._text = searched_text(self.event)
        # Tokens are cut, and have no NUL; so much of one is never cut.
        return part[:NEVER_CUT].replace("\x00", "") in self._text


def matches(
    wanted: EventFilter,
    event: EventDraft,
    viewer: Viewer,
    *,
    risk: Risk = Risk.ROUTINE,
    looked: Looked | None = None,
) -> bool:
    """Whether this viewer would find this event with this filter.

    Takes:   event, as it was recorded, before anything in it is hidden or erased; risk, of its type (KnownType.risk); looked, of this
             event, where several filters look at it
    """
    if event.is_read and wanted.hides_reads:
        return False
    looked, wanted = looked or Looked(event), askable(wanted, viewer)
    return (
        _is_seen(event, viewer)
        and wanted.is_in_range(event.occurred_at)
        and (not wanted.risks or risk in wanted.allowed_risks)
        and is_of_type(wanted, event.type, event.area)
        and all(_allows(choice, values) for choice, values in _values(wanted, event))
        and _is_from(wanted.ips, looked, viewer)
        and _is_for(wanted.reasons, looked, viewer)
        and _is_found(wanted, looked, viewer)
    )


def _is_seen(event: EventDraft, viewer: Viewer) -> bool:
    return viewer.sees_all or event.scope_id in viewer.scope_ids or event.actor.id in viewer.own_actor_ids


def is_of_type(wanted: EventFilter, event_type: str, area: str) -> bool:
    """Whether an event of this type and area is in, as far as these go."""

    def one_of(types: Iterable[str], areas: Iterable[str]) -> bool:
        return area in areas or any(_is_type(key, event_type) for key in types)

    types, areas = wanted.types, wanted.areas
    if not (types or areas):
        return True
    if (types.include or areas.include) and not one_of(types.include, areas.include):
        return False
    return not one_of(types.exclude, areas.exclude)


def _is_type(key: str, of_event: str) -> bool:
    return of_event.startswith(key.removesuffix(ANY_END)) if key.endswith(ANY_END) else of_event == key


def _values(wanted: EventFilter, event: EventDraft) -> Iterator[tuple[Choice, set[str]]]:
    """Each dimension of plain values that is asked for, with those that the event has."""
    context = event.context
    if wanted.actors:
        yield wanted.actors, {event.actor.id}
    if wanted.behind:
        real = event.actor.real
        yield wanted.behind, {real.id, ANY_END} if real else set()
    if wanted.not_of:
        yield Choice(exclude=(wanted.not_of,)), {event.actor.doer.id}
    if wanted.actor_kinds:
        yield wanted.actor_kinds, {event.actor.kind}
    if wanted.resources:
        first = event.targets[0] if event.targets else None
        yield wanted.resources, {first.type, f"{first.type}:{first.id}"} if first else set()
    if wanted.outcomes:
        yield wanted.outcomes, {event.outcome}
    if wanted.tokens:
        yield wanted.tokens, {event.actor.id, context.get("token_id") or ""}
    if wanted.requests:
        yield wanted.requests, {context.get("request_id") or ""}
    if wanted.sessions:
        yield wanted.sessions, {context.get("session_id") or ""}


def _allows(choice: Choice, values: set[str]) -> bool:
    return (not choice.include or bool(values & {*choice.include})) and not values & {*choice.exclude}


def _is_from(ips: Choice, looked: Looked, viewer: Viewer) -> bool:
    if not ips:
        return True
    if not viewer.sees_personal:
        return not ips.include
    return (not ips.include or _is_in(ips.include, looked)) and not _is_in(ips.exclude, looked)


def _is_in(ranges: Iterable[str], looked: Looked) -> bool:
    address = looked.address
    return address is not None and any(address in _network(text) for text in ranges)


def _is_for(reasons: Choice, looked: Looked, viewer: Viewer) -> bool:
    """Whether the actor said this, looked for as `_is_found` looks for words."""
    if not reasons:
        return True
    if not viewer.sees_personal:
        return not reasons.include
    begin = lexeme(viewer.workspace_id, Token.REASON_WORD, "")
    said = {token for token in looked.tokens if token.startswith(begin)}

    def is_said(text: str) -> bool:
        words = {lexeme(viewer.workspace_id, Token.REASON_WORD, word) for word in search_words(text)}
        return bool(said) if text == ANY_END else bool(words) and words <= said

    return (not reasons.include or any(map(is_said, reasons.include))) and not any(map(is_said, reasons.exclude))


@lru_cache(maxsize=4_096)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)


def _is_found(wanted: EventFilter, looked: Looked, viewer: Viewer) -> bool:
    """Words are looked for in the search tokens that are stored with the event, of which a long text has only the first."""

    def names_target(text: str) -> bool:
        return any(looked.has_token(token, or_begins=False) for token in target_lexemes(viewer, text))

    targets = wanted.target_ids
    if targets.include and not any(map(names_target, targets.include)):
        return False
    if any(map(names_target, targets.exclude)):
        return False
    return all(_has_word(word, looked, viewer) is not word.is_excluded for word in wanted.words)


def _has_word(word: Word, looked: Looked, viewer: Viewer) -> bool:
    classes = searched_classes(viewer)

    def is_in_any_class(text: str) -> bool:
        return any(
            looked.has_token(one, or_begins=not word.is_exact) for one in _sought(viewer.workspace_id, classes, text)
        )

    whole, parts = _read(word)
    if not parts or not (looked.may_have(whole) or all(map(looked.may_have, parts))):
        return False
    return is_in_any_class(whole) or all(map(is_in_any_class, parts))


@lru_cache(maxsize=4_096)
def _read(word: Word) -> tuple[str, tuple[str, ...]]:
    """A word as it is looked for: whole, and in its parts."""
    return whole_word(word), tuple(search_words(word.text))


@lru_cache(maxsize=16_384)
def _sought(workspace_id: int, classes: tuple[Token, ...], text: str) -> tuple[str, ...]:
    return tuple(lexeme(workspace_id, one, text) for one in classes)
