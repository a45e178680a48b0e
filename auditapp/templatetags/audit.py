"""Template tags of the pages: icons, event text and moments. How they look is decided in the packages that make them."""

from datetime import datetime
from typing import Any

from django import template
from django.template import Context

from auditapp.access import second_factor
from auditapp.access.sso.provider import Provider, provider
from auditapp.record.drafts import Actor
from auditapp.record.event_filter import ANY_END
from auditapp.record.event_row import EventRow
from auditapp.record.event_types import CATALOGUE
from auditapp.record.reasons import may_ask
from auditapp.trail import dressing
from auditapp.trail.dressing import Html
from auditapp.trail.moments import PageTime

register = template.Library()

register.filter("visible", dressing.shown)
register.filter("visible_lines", dressing.shown_lines)
register.filter("area_tag", dressing.area_tag)
register.simple_tag(dressing.avatar)


@register.simple_tag
def icon(name: str, size: str = "") -> Html:
    """An icon of the sprite: `{% icon "key" %}`, `{% icon "key" "small" %}`."""
    return dressing.icon(name, small=size == "small")


@register.simple_tag
def personal_right() -> str:
    """Who is shown what `•••` stands for."""
    return dressing.PERSONAL_RIGHT


@register.filter
def sentence(row: EventRow) -> Html:
    """What happened, from the verb on."""
    return dressing.sentence(row)


@register.filter
def actor_tag(actor: Actor) -> Html:
    """Avatar and name of an actor."""
    return dressing.actor_tag(actor)


@register.filter
def actor_name(actor: Actor) -> Html:
    """The name of an actor, unseen characters spelled out."""
    return dressing.shown(dressing.actor_name(actor))


@register.filter
def ago(moment: datetime, time: PageTime) -> str:
    """How long ago: `14 min ago`."""
    return time.ago(moment)


@register.filter
def near(moment: datetime, time: PageTime) -> str:
    """`Today, 14:18:07 CEST`."""
    return time.near(moment)


@register.filter
def short(moment: datetime, time: PageTime) -> str:
    """`Today 14:18`, or the day."""
    return time.short(moment)


@register.filter
def exact(moment: datetime, time: PageTime) -> str:
    """Date, seconds and zone, and the same in UTC where that is another."""
    text, utc = time.exact(moment), time.utc(moment)
    return text if text.endswith(utc) else f"{text}, {utc}"


@register.filter
def iso(moment: datetime, time: PageTime) -> str:
    """For `<time datetime>`."""
    return time.iso(moment)


@register.filter
def day(of: datetime, time: PageTime) -> str:
    """The name of a day."""
    return time.day_name(of)


@register.simple_tag(takes_context=True)
def passkeys_work(context: Context) -> bool:
    """Whether browsers take passkeys at the address of this page."""
    return second_factor.passkeys_work(context["request"])


@register.simple_tag
def sso_provider() -> Provider | None:
    """The provider of single sign-on, where there is one."""
    return provider()


@register.inclusion_tag("_components/reason.html", takes_context=True)
def reason_field(context: Context, type_key: str, sometimes: str = "", kept: bool = False) -> dict[str, Any]:
    """The field Reason of a form that records this type, where it is risky and the workspace asks.

    Takes:   type_key, `*` for one that records any; sometimes, when it is needed, of a form that records the type only now and then;
             kept, whether what was typed is shown again in a form without it
    """
    typed = context["request"].POST.get("reason", "") if sometimes or kept else ""
    return {**_asked(context, type_key), "sometimes": sometimes, "typed": typed}


@register.inclusion_tag("_components/act.html", takes_context=True)
def act(
    context: Context,
    type_key: str,
    action: str,
    word: str,
    icon_name: str = "",
    about: object = "",
    small: bool = False,
    start: bool = False,
    **sent: object,
) -> dict[str, Any]:
    """A button that records this type: by itself, or with a step that asks why where the workspace asks; `sent` goes with it."""
    shown = {"word": word, "icon_name": icon_name, "about": str(about), "small": small, "start": start}
    return {**_asked(context, type_key), **shown, "action": action, "sent": list(sent.items())}


def _asked(context: Context, type_key: str) -> dict[str, bool]:
    workspace = context.get("workspace")
    is_risky = type_key == ANY_END or (type_key in CATALOGUE and may_ask(CATALOGUE[type_key]))
    if workspace is None or not is_risky:
        return {"asks": False, "needs": False}
    return {"asks": workspace.asks_reason, "needs": workspace.needs_reason}
