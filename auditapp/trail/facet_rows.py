"""What there is to tick in the Events and Actors dropdowns, as one escaped function: templates take five times as long for it.

Which values there are is decided in facet_lists.py; what stands around them is a template.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from auditapp.lib.markup import format_html, format_html_join
from auditapp.trail.dressing import Html, avatar, icon, shown
from auditapp.trail.facet_lists import ActorGroup, AreaGroup, Option

# An area opens without scripts: the state is in a box without a name.
AREA: Final = """<div class="facet-group" role="group" aria-label="{name}">
<div class="facet-group__head">
<label class="facet-group__toggle"><input class="visually-hidden" type="checkbox" id="show-{key}" data-shows \
aria-label="Show the events of {name}"{is_open}>{chevron}</label>
<label class="facet facet--group"><input class="tick" type="checkbox" id="area-{key}" name="area" value="{key}"{checked}{some}>\
{icon}<span class="facet__name">{name}{left_out}</span><span class="facet__count">{count}</span></label>
</div>
<div class="facet-group__items">
{rows}
</div>
</div>
"""
TYPE: Final = (
    '<label class="facet"><input class="tick" type="checkbox" name="event" value="{}"{}>'
    '<span class="facet__name">{}{}</span><span class="facet__count">{}</span></label>'
)
ACTOR: Final = (
    '<label class="facet"><input class="tick" type="checkbox" name="{}" value="{}"{}>{}'
    '<span class="facet__name"><bdi>{}</bdi><small>{}</small></span><span class="facet__count">{}</span></label>'
)
LABEL: Final = '<p class="menu__label">{}</p>\n'
CHECKED: Final = format_html(" {}", "checked")
SOME: Final = format_html(" {}", "data-some")
LEFT_OUT: Final = format_html(" <small>{}</small>", "Left out")
NO_TYPES: Final = format_html(LABEL, "Nothing that you may see in this range")
NOBODY: Final = format_html(LABEL, "Nobody that you may see did anything in this range")


def event_options(groups: Iterable[AreaGroup], *, is_open: bool) -> Html:
    """The areas with their types.

    Takes:   is_open, whether all areas show their types, as where words narrow the list
    """
    return format_html_join("", "{}", ((_area(group, is_open=is_open),) for group in groups))


def actor_options(groups: Iterable[ActorGroup]) -> Html:
    """People, tokens and the system under their headings."""
    return format_html_join("\n", "{}", ((html,) for html in _actors(groups))) or NOBODY


def _area(group: AreaGroup, *, is_open: bool) -> Html:
    area = group.option
    return format_html(
        AREA,
        name=area.name,
        key=area.value,
        is_open=CHECKED if is_open or group.is_open else "",
        chevron=icon("chevron-right"),
        checked=CHECKED if area.is_ticked else "",
        some=SOME if group.is_some else "",
        icon=icon(group.icon),
        left_out=LEFT_OUT if area.is_excluded else "",
        count=f"{area.count:,}",
        rows=format_html_join("\n", TYPE, map(_type, group.types)) or NO_TYPES,
    )


def _type(one: Option) -> tuple[Any, ...]:
    """What TYPE says of one type."""
    left_out = LEFT_OUT if one.is_excluded else ""
    return one.value, CHECKED if one.is_ticked else "", shown(one.name), left_out, f"{one.count:,}"


def _actors(groups: Iterable[ActorGroup]) -> Iterator[Html]:
    for group in groups:
        yield format_html(LABEL, group.name)
        yield format_html_join("\n", ACTOR, ((group.key, *_actor(one)) for one in group.actors))


def _actor(one: Option) -> tuple[Any, ...]:
    """What ACTOR says of one actor."""
    picture = avatar(one.kind, one.value, one.name, large=True)
    note = "Left out" if one.is_excluded else shown(one.note)
    return one.value, CHECKED if one.is_ticked else "", picture, shown(one.name), note, f"{one.count:,}"
