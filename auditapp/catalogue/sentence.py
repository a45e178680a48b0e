"""How an event reads: its type's template filled from the event, as parts that a renderer can dress.

Parts carry raw text, hostile or not; escaping and visible control characters are the renderer's work.

A template is plain words with slots. `{resource}` is the first target as kind and name, `{target.1}` the next
one, `{resource.name}` and `{target.1.name}` the name alone, `{meta.role}` a value of meta, `{change.<path>.old}`
and `{change.<path>.new}` the two sides of a change, `{meta.rows:event}` a count with its noun. A clause in square
brackets disappears when a slot in it has no value; any other empty slot becomes words that say so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

JsonObject = Mapping[str, Any]

# In place of what its reader may not see.
HIDDEN: Final = "•••"
_CLAUSE = re.compile(r"\[([^\[\]]*)\]|([^\[\]]+)")
_PIECE = re.compile(r"\{([^{}:]*):?([^{}]*)\}|([^{}]+)")

# Kinds whose words are not just their type with spaces: shorter on the page, or a product name with its capitals.
_KIND_WORDS = {
    "engage_warehouse_source": "Engage warehouse source",
    "profiles_sync_warehouse": "Profiles Sync warehouse",
    "reverse_etl_model": "Reverse ETL model",
    "user_group": "group",
}

# Participles that do not end in -ed, with the past tense that a sentence needs.
_IRREGULAR = {
    "begun": "began",
    "bought": "bought",
    "broken": "broke",
    "built": "built",
    "chosen": "chose",
    "cut": "cut",
    "found": "found",
    "frozen": "froze",
    "given": "gave",
    "held": "held",
    "hidden": "hid",
    "kept": "kept",
    "left": "left",
    "lost": "lost",
    "made": "made",
    "overridden": "overrode",
    "paid": "paid",
    "put": "put",
    "read": "read",
    "rebuilt": "rebuilt",
    "reset": "reset",
    "run": "ran",
    "sent": "sent",
    "set": "set",
    "shown": "showed",
    "sold": "sold",
    "split": "split",
    "taken": "took",
    "undone": "undid",
    "withdrawn": "withdrew",
    "written": "wrote",
}


class Part(NamedTuple):
    """A run of one sentence: plain words, the kind of a resource, its name, another value, or one that is hidden from the reader."""

    kind: Literal["text", "kind", "name", "value", "hidden"]
    text: str


class _Slots:
    """The values that one event offers to a template; None where it has none."""

    def __init__(
        self, targets: Sequence[JsonObject], meta: JsonObject, changes: Sequence[JsonObject], more: Mapping[str, str]
    ) -> None:
        self.targets = {str(number): target for number, target in enumerate(targets)}
        self.meta = meta
        self.changes = changes
        self.more = more

    def parts(self, slot: str, noun: str) -> list[Part] | None:
        if slot in self.more:
            return [Part("value", self.more[slot])] if self.more[slot] else None
        if noun:
            return self._counted(slot, noun)
        where, _, rest = slot.partition(".")
        if where == "resource":
            return self._target("0", rest)
        if where == "target":
            number, _, form = rest.partition(".")
            return self._target(number, form)
        text = value_text(self._value(slot))
        return None if text is None else [Part("hidden" if text == HIDDEN else "value", text)]

    def _target(self, number: str, form: str) -> list[Part] | None:
        target = self.targets.get(number)
        if target is None:
            return None
        kind = _kind_word(target.get("type"))
        name = value_text(target.get("name")) or value_text(target.get("id"))
        if name is None:
            return [Part("text", "an unnamed "), Part("kind", kind)] if kind else None
        if form == "name" or not kind:
            return [Part("name", name)]
        return [Part("kind", kind), Part("text", " "), Part("name", name)]

    def _counted(self, slot: str, noun: str) -> list[Part] | None:
        count = self._value(slot)
        text = value_text(count)
        if text is None:
            return None
        return [Part("value", text), Part("text", f" {noun}" if count == 1 else f" {noun}s")]

    def _value(self, slot: str) -> Any:
        where, _, rest = slot.partition(".")
        if where == "change":
            path, _, side = rest.rpartition(".")
            return next((change.get(side) for change in self.changes if change.get("path") == path), None)
        if where != "meta":
            return None
        value: Any = self.meta
        for key in rest.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        return value


def sentence_parts(
    sentence: str,
    *,
    targets: Sequence[JsonObject],
    meta: JsonObject,
    changes: Sequence[JsonObject],
    more: Mapping[str, str] | None = None,
) -> list[Part]:
    """Fill a template from an event; the actor is not part of it.

    Takes:   more, slots beside those of every sentence, by their whole names
    Gives:   parts in reading order, spaces included; what the event lacks is left out or said in words
    """
    slots = _Slots(targets, meta, changes, more or {})
    parts: list[Part] = []
    for clause in _clauses(sentence):
        parts += _clause_parts(clause, slots)
    return _joined(parts)


def plain_sentence(parts: Sequence[Part]) -> str:
    """The sentence as one line of unescaped text."""
    return "".join(part.text for part in parts)


def slots_in(template: str) -> list[str]:
    """The slots that a template names, in their order, without the nouns of counts."""
    pieces = (piece for clause in _clauses(template) for piece in clause.pieces)
    return [piece[0] for piece in pieces if not isinstance(piece, Part)]


def stray_mark(template: str) -> str:
    """The first brace or bracket that has no other half, or stands inside its like; "" where all are well."""
    opened = ""
    for mark in re.findall(r"[\[\]{}]", template):
        if mark in "[{":
            if mark in opened or opened.endswith("{"):
                return str(mark)
            opened += mark
        elif not opened or opened[-1] + mark not in ("[]", "{}"):
            return str(mark)
        else:
            opened = opened[:-1]
    return opened[:1]


def default_sentence(key: str) -> str:
    """A template for a type that nobody declared, made from the words of its key."""
    _, dot, action = key.rpartition(".")
    words = _words(action)
    if not dot or not words:
        # Without a noun.verb form there is no verb to trust, so the sentence only says that the event came.
        return f"recorded {name_from_key(key) or 'an event'}[ on {{resource}}]"
    past = _past_tense(words[-1])
    if past is None:
        return f"recorded {' '.join(words)}[ of {{resource}}]"
    return f"{past} {{resource}}" if len(words) == 1 else f"{past} {' '.join(words[:-1])} of {{resource}}"


def name_from_key(key: str) -> str:
    """A display name for a type that nobody declared: `order.refunded` is "Order Refunded"."""
    return " ".join(word[:1].upper() + word[1:] for word in _words(key))


class _Clause(NamedTuple):
    """A run of a template: words as a part that never changes, or a slot with its noun."""

    is_optional: bool
    pieces: tuple[Part | tuple[str, str], ...]


@lru_cache(maxsize=2_000)
def _clauses(sentence: str) -> tuple[_Clause, ...]:
    """The template taken apart, once: an export reads the same few sentences a million times."""
    return tuple(
        _Clause(found[1] is not None, tuple(_pieces(found[1] or found[2] or "")))
        for found in _CLAUSE.finditer(sentence)
    )


def _pieces(clause: str) -> Iterator[Part | tuple[str, str]]:
    for slot, noun, words in (piece.groups() for piece in _PIECE.finditer(clause)):
        yield (slot, noun) if words is None else Part("text", words)


def _clause_parts(clause: _Clause, slots: _Slots) -> list[Part]:
    parts: list[Part] = []
    for piece in clause.pieces:
        if isinstance(piece, Part):
            parts.append(piece)
            continue
        slot, noun = piece
        if (found := slots.parts(slot, noun)) is not None:
            parts += found
        elif clause.is_optional:
            return []
        else:
            parts.append(Part("text", _words_for_nothing(slot, noun)))
    return parts


def _words_for_nothing(slot: str, noun: str) -> str:
    if noun:
        return f"some {noun}s"
    return "something" if slot.startswith(("resource", "target")) else "(not stated)"


def value_text(value: Any) -> str | None:
    """A value in words; None where there is nothing to say, or no words for it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:,}"
        case str():
            return value if value.strip() else None
        case {"redacted": "hidden"}:
            return HIDDEN
        case {"redacted": _}:
            return "(withheld)"
        case list() | tuple():
            return ", ".join(text for item in value if (text := value_text(item)) is not None) or None
    return None


def _kind_word(resource_type: Any) -> str:
    if not isinstance(resource_type, str):
        return ""
    return _KIND_WORDS.get(resource_type) or resource_type.replace("_", " ").lower()


def _joined(parts: Sequence[Part]) -> list[Part]:
    joined: list[Part] = []
    for part in parts:
        if joined and part.kind == joined[-1].kind == "text":
            joined[-1] = Part("text", joined[-1].text + part.text)
        else:
            joined.append(part)
    return joined


def _words(key: str) -> list[str]:
    # Splitting on every non-word character also drops braces and brackets, so a key can never become a slot.
    return [word for word in re.split(r"[\W_]+", key) if word]


def _past_tense(word: str) -> str | None:
    lowered = word.lower()
    return lowered if lowered.endswith("ed") else _IRREGULAR.get(lowered)
