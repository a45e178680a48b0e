"""The actions of a filter as people send them, checked when they are saved. What they do is in actions.py."""

from collections.abc import Callable
from typing import Any, Final

from auditapp.lib.errors import Invalid, Problem
from auditapp.lib.json_pointer import json_pointer
from auditapp.pipeline.destination_filters.actions import KEPT, Action, ActionType
from auditapp.pipeline.field_names import names_tree
from auditapp.pipeline.field_paths import Steps, steps_of

MAX_ACTIONS: Final = 10
MAX_NAMES: Final = 500
MAX_PATH: Final = 500
MAX_STEPS: Final = 20


def actions_of(value: Any) -> tuple[Action, ...]:
    """The actions that this JSON value says, as `[{"type": "DROP_PROPERTIES", "fields": {"properties": ["email"]}}]`.

    Raises:  Invalid, with a pointer to each problem
    """
    problems: list[Problem] = []
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_ACTIONS:
        raise Invalid(f"Send a list of 1 to {MAX_ACTIONS} actions.", field="actions")
    actions = [_action(item, number, problems) for number, item in enumerate(value)]
    if problems:
        raise Invalid(problems=problems, field="actions")
    return tuple(action for action in actions if action)


def _action(item: Any, number: int, problems: list[Problem]) -> Action | None:
    def wrong(message: str, *place: str | int) -> None:
        problems.append(Problem(json_pointer(None, number, *place), message))

    kind = item.get("type") if isinstance(item, dict) else None
    if not isinstance(kind, str) or kind not in list(ActionType):
        wrong(f"Take one of {', '.join(ActionType)}.", "type")
        return None
    if kind == ActionType.SAMPLE:
        percent, path = item.get("percent"), item.get("path") or ""
        if isinstance(percent, bool) or not isinstance(percent, (int, float)) or not 0 <= percent <= 1:
            wrong("Write the share to let through as a number from 0 to 1.", "percent")
            return None
        if not isinstance(path, str) or not _is_path(path):
            wrong("Write the path of a field, such as userId.", "path")
            return None
        return Action(ActionType.SAMPLE, percent=float(percent), path=steps_of(path))
    if kind == ActionType.DROP:
        return Action(ActionType.DROP)
    fields = _fields(item.get("fields"), drops=kind == ActionType.DROP_PROPERTIES, wrong=wrong)
    return Action(ActionType(kind), fields) if fields else None


def _fields(value: Any, *, drops: bool, wrong: Callable[..., None]) -> tuple[tuple[Steps, Any], ...]:
    if not isinstance(value, dict) or not value:
        wrong('Say where and which, such as {"properties": ["email"]}.', "fields")
        return ()
    found = []
    for path, given in value.items():
        # What a shape of Segment's API wraps once more.
        names = given.get("fields") if isinstance(given, dict) else given
        if not isinstance(path, str) or not _is_path(path):
            wrong(f"Write a path of at most {MAX_STEPS} keys, such as context.traits.", "fields")
        elif not isinstance(names, list) or not all(
            isinstance(name, str) and 0 < len(name) <= MAX_PATH for name in names
        ):
            wrong("Send a list of the names of fields.", "fields", path)
        elif len(names) > MAX_NAMES:
            wrong(f"Name at most {MAX_NAMES} fields.", "fields", path)
        elif drops and not path and (needed := [name for name in names if name in KEPT]):
            wrong(f"{needed[0]} stays: an event is none without it.", "fields", path)
        else:
            found.append((steps_of(path), names_tree(names)))
    return tuple(found)


def _is_path(path: str) -> bool:
    return len(path) <= MAX_PATH and len(steps_of(path)) <= MAX_STEPS
