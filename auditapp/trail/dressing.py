"""Event text as HTML: escaped, with unseen characters spelled out and names kept apart from the direction of the sentence.

Everything of an event that reaches a page goes through here or through a template's own escaping. Where it stands is
decided in rows.py and the templates.
"""

from functools import lru_cache
from typing import Any, Final, TypeAlias
from zlib import crc32

from django.templatetags.static import static

from auditapp.access.permissions import Permission
from auditapp.catalogue import registry
from auditapp.catalogue.sentence import Part, plain_sentence, sentence_parts
from auditapp.lib.markup import format_html
from auditapp.lib.visible_text import visible
from auditapp.record.drafts import MISSING, Actor, EventDraft
from auditapp.record.event_row import EventRow
from auditapp.record.event_types import OTHER_AREA_NAME

# Text that is escaped already: made by format_html alone, which Django's templates do not escape again.
Html: TypeAlias = str

TINTS: Final = 6
KIND_ICONS: Final = {"token": "key", "system": "system", "service": "system"}
OTHER_ICON: Final = "help"
# Middle-shortened in lists only; the page of an event shows it whole.
LONG_ADDRESS: Final = 20


# What a hidden value says to who points at it.
PERSONAL_RIGHT: Final = f"Shown to members whose role includes “{Permission.AUDIT_READ_PERSONAL.meaning}”"
# The tags around the parts of a sentence; what stands between them is always an argument of format_html.
FORMS: Final = {
    "text": "{}",
    "kind": '<span class="kind">{}</span>',
    "name": '<bdi class="thing">{}</bdi>',
    "value": "<bdi>{}</bdi>",
    "hidden": f'<span title="{PERSONAL_RIGHT}">{{}}</span>',
}
# As the catalogue's sentences end.
WHICH_ATTEMPT: Final = "[ on attempt {meta.attempt}]"
LAYOUT: Final = {"U+000A": "\n", "U+0009": "\t"}
CONTROL: Final = '<span class="control-char">{}</span>'


def shown(text: str) -> Html:
    """The text for a page: escaped, and each unseen character as its name."""
    form, pieces = _pieces(text)
    return format_html(form, *pieces) if pieces else ""


def shown_lines(text: str) -> Html:
    """The same for code and JSON in a block: its line breaks and tabs are as they should be."""
    runs = visible(text)
    form = "".join("{}" if not run.is_escape or run.text in LAYOUT else CONTROL for run in runs)
    return (
        format_html(form, *(LAYOUT.get(run.text, run.text) if run.is_escape else run.text for run in runs))
        if runs
        else ""
    )


def _pieces(text: str) -> tuple[str, list[str]]:
    """A format of constant tags, and the raw texts that belong in it."""
    if text.isascii() and text.isprintable():
        return "{}", [text]
    runs = visible(text)
    return "".join(CONTROL if run.is_escape else "{}" for run in runs), [run.text for run in runs]


def icon(name: str, *, small: bool = False) -> Html:
    """An icon of the sprite, without words: what it says is said beside it."""
    return _icon(name, small)


@lru_cache(maxsize=512)
def _icon(name: str, small: bool) -> Html:
    size = " icon--small" if small else ""
    form = '<svg class="icon{}" aria-hidden="true"><use href="{}#i-{}"/></svg>'
    return format_html(form, size, static("img/sprite.svg"), name)


def sentence(row: EventRow, *, without_attempt: bool = False) -> Html:
    """What happened, from the verb on.

    Takes:   without_attempt, where it is said beside it which attempt it was
    """
    form, texts = "", []
    # One call for the whole sentence: each call of format_html costs more than what it escapes.
    for part in parts_of(row, without_attempt=without_attempt):
        inner, pieces = _pieces(part.text)
        form += FORMS[part.kind].replace("{}", inner)
        texts += pieces
    return format_html(form, *texts) if texts else ""


def plain_text(row: EventRow) -> str:
    """The whole sentence with its actor, as unescaped text."""
    return f"{actor_name(row.event.actor)} {plain_sentence(parts_of(row))}"


def parts_of(row: EventRow, *, without_attempt: bool = False) -> list[Part]:
    sentence = row.type.sentence
    return event_parts(row.event, sentence.replace(WHICH_ATTEMPT, "") if without_attempt else sentence)


def event_parts(event: EventDraft, sentence: str) -> list[Part]:
    """What happened, from the verb on, in the words of this sentence."""
    return sentence_parts(
        sentence,
        targets=[{"type": target.type, "id": target.id, "name": target.name} for target in event.targets],
        meta=event.meta,
        changes=[{"path": c.path, "old": _side(c.old), "new": _side(c.new)} for c in event.changes],
    )


def actor_name(actor: Actor) -> str:
    """The actor as one name; the id where the name was erased, "Ana as Bo" where Ana acted as Bo."""
    name = actor.name or actor.id
    return f"{actor.real.name or actor.real.id} as {name}" if actor.real else name


def actor_tag(actor: Actor) -> Html:
    """Avatar and name."""
    return format_html(
        '<span class="actor">{}<bdi>{}</bdi></span>',
        avatar(actor.kind, actor.id, actor.name),
        shown(actor_name(actor)),
    )


def avatar(kind: str, actor_id: str, name: str, *, large: bool = False) -> Html:
    """People round with initials, their tint from the id; machines square with their icon."""
    size = " avatar--large" if large else ""
    if kind in KIND_ICONS:
        form = '<span class="avatar avatar--machine{}" aria-hidden="true">{}</span>'
        return format_html(form, size, icon(KIND_ICONS[kind]))
    tint = crc32(actor_id.encode(errors="replace")) % TINTS + 1
    form = '<span class="avatar avatar--{}{}" aria-hidden="true">{}</span>'
    return format_html(form, tint, size, initials(name or actor_id))


def initials(name: str) -> str:
    """The first letters of the first and the last word; of a text without letters, a question mark."""
    letters = [letter for word in name.split() if (letter := next(filter(str.isalnum, word), ""))]
    return (letters[0] + letters[-1] if len(letters) > 1 else "".join(letters) or "?").upper()


def area_name(key: str) -> str:
    """The area as the dropdown calls it; areas that nobody knows are one."""
    area = registry.area(key)
    return area.name if area else OTHER_AREA_NAME


@lru_cache(maxsize=64)
def area_tag(key: str) -> Html:
    """Icon and name of an area."""
    area = registry.area(key)
    return format_html('<span class="tag">{}{}</span>', icon(area.icon if area else OTHER_ICON), area_name(key))


def short_address(text: str) -> str:
    """An IP address for a list: a long one without its middle."""
    if len(text) <= LONG_ADDRESS:
        return text
    groups = text.split(":")
    return f"{':'.join(groups[:3])}:…:{groups[-1]}" if len(groups) > 4 else f"{text[:9]}…{text[-9:]}"


def _side(value: Any) -> Any:
    return None if value is MISSING else value
