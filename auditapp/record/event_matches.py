"""Whether one event matches a filter, without a database: for alerts and forwarding, and to check the SQL backend against.

It means what SQL means (token_query.py, event_keys.py): property tests hold the two equal.
"""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network

from auditapp.catalogue.types import Risk
from auditapp.lib.visible_text import search_words
from auditapp.record.drafts import EventDraft
from auditapp.record.event_filter import ANY_END, Choice, EventFilter, Word
from auditapp.record.search_tokens import Token, lexeme, tokens_of
from auditapp.record.token_query import searched_classes, whole_word
from auditapp.record.viewer import Viewer


def matches(wanted: EventFilter, event: EventDraft, viewer: Viewer, *, risk: Risk = Risk.ROUTINE) -> bool:
    """Whether this viewer would find this event with this filter.

    Takes:   event, as it was recorded, before anything in it is hidden or erased; risk, of its type (KnownType.risk)
    """
    if event.is_read and wanted.hides_reads:
        return False
    return (
        _is_seen(event, viewer)
        and wanted.is_in_range(event.occurred_at)
        and (not wanted.risks or risk in wanted.allowed_risks)
        and is_of_type(wanted, event.type, event.area)
        and all(_allows(choice, values) for choice, values in _values(wanted, event))
        and _is_from(wanted.ips, event, viewer)
        and _is_for(wanted.reasons, event, viewer)
        and _is_found(wanted, event, viewer)
    )


def _is_seen(event: EventDraft, viewer: Viewer) -> bool:
    return viewer.sees_all or event.scope_id in viewer.scope_ids or event.actor.id in viewer.own_actor_ids


def is_of_type(wanted: EventFilter, event_type: str, area: str) -> bool:
    """Whether an event of this type and area is in, as far as these go."""

    def one_of(types: Iterable[str], areas: Iterable[str]) -> bool:
        return area in areas or any(_is_type(key, event_type) for key in types)

    types, areas = wanted.types, wanted.areas
    if (types.include or areas.include) and not one_of(types.include, areas.include):
        return False
    return not one_of(types.exclude, areas.exclude)


def _is_type(key: str, of_event: str) -> bool:
    return of_event.startswith(key.removesuffix(ANY_END)) if key.endswith(ANY_END) else of_event == key


def _values(wanted: EventFilter, event: EventDraft) -> Iterator[tuple[Choice, set[str]]]:
    """Each dimension of plain values, with those that the event has."""
    context, first = event.context, event.targets[0] if event.targets else None
    yield wanted.actors, {event.actor.id}
    yield wanted.actor_kinds, {event.actor.kind}
    yield wanted.resources, {first.type, f"{first.type}:{first.id}"} if first else set()
    yield wanted.outcomes, {event.outcome}
    yield wanted.tokens, {event.actor.id, context.get("token_id") or ""}
    yield wanted.requests, {context.get("request_id") or ""}
    yield wanted.sessions, {context.get("session_id") or ""}


def _allows(choice: Choice, values: set[str]) -> bool:
    return (not choice.include or bool(values & {*choice.include})) and not values & {*choice.exclude}


def _is_from(ips: Choice, event: EventDraft, viewer: Viewer) -> bool:
    if not viewer.sees_personal:
        return not ips.include
    return (not ips.include or _is_in(ips.include, event)) and not _is_in(ips.exclude, event)


def _is_in(ranges: Iterable[str], event: EventDraft) -> bool:
    try:
        address = ip_address(str(event.context.get("ip") or ""))
    except ValueError:
        return False
    return any(address in ip_network(text, strict=False) for text in ranges)


def _is_for(reasons: Choice, event: EventDraft, viewer: Viewer) -> bool:
    """Whether the actor said this, looked for as `_is_found` looks for words."""
    if not reasons:
        return True
    if not viewer.sees_personal:
        return not reasons.include
    begin = lexeme(viewer.workspace_id, Token.REASON_WORD, "")
    said = {token for token in tokens_of(event) if token.startswith(begin)}

    def is_said(text: str) -> bool:
        words = {lexeme(viewer.workspace_id, Token.REASON_WORD, word) for word in search_words(text)}
        return bool(said) if text == ANY_END else bool(words) and words <= said

    return (not reasons.include or any(map(is_said, reasons.include))) and not any(map(is_said, reasons.exclude))


def _is_found(wanted: EventFilter, event: EventDraft, viewer: Viewer) -> bool:
    """Words are looked for in the search tokens that are stored with the event, of which a long text has only the first."""
    if not (wanted.words or wanted.target_ids):
        return True
    tokens = tokens_of(event)

    def names_target(text: str) -> bool:
        return lexeme(viewer.workspace_id, Token.TARGET_WORD, text.casefold()) in tokens

    targets = wanted.target_ids
    if targets.include and not any(map(names_target, targets.include)):
        return False
    if any(map(names_target, targets.exclude)):
        return False
    return all(_has_word(word, tokens, viewer) is not word.is_excluded for word in wanted.words)


def _has_word(word: Word, tokens: set[str], viewer: Viewer) -> bool:
    def is_in_any_class(text: str) -> bool:
        sought = tuple(lexeme(viewer.workspace_id, one, text) for one in searched_classes(viewer))
        return any(one in tokens if word.is_exact else _begins_any(one, tokens) for one in sought)

    parts = search_words(word.text)
    return bool(parts) and (is_in_any_class(whole_word(word)) or all(map(is_in_any_class, parts)))


def _begins_any(beginning: str, tokens: set[str]) -> bool:
    return any(token.startswith(beginning) for token in tokens)
