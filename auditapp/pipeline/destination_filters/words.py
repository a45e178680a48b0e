"""A filter in words: for the list, for the trail, and `Only send`, which is a drop of everything else."""

from collections.abc import Mapping, Sequence
from typing import Any

from auditapp.lib.errors import AppError
from auditapp.pipeline.destination_filters.actions import ActionType, only_send
from auditapp.pipeline.destination_filters.fql import EVERYTHING, compile_fql


def in_words(actions: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each action as a line."""
    return [_in_words(action) for action in actions]


def only_sent(condition: str, actions: Sequence[Mapping[str, Any]]) -> str | None:
    """The condition of what alone is sent, where a filter drops everything else; None where it does something else."""
    if [action.get("type") for action in actions] != [ActionType.DROP]:
        return None
    if condition == "false":
        return EVERYTHING
    if not (condition.startswith("!(") and condition.endswith(")")):
        return None
    inner = condition[2:-1]
    try:
        compile_fql(inner)  # !(a) or (b) begins and ends so, too
    except AppError:
        return None
    return inner if only_send(inner) == condition else None


def _in_words(action: Mapping[str, Any]) -> str:
    kind = action["type"]
    if kind == ActionType.DROP:
        return "Drop"
    if kind == ActionType.SAMPLE:
        of = f" of the values of {action['path']}" if action.get("path") else ""
        return f"Let {action['percent'] * 100:g} %{of} through"
    paths = [
        f"{place}.{name}" if place else name for place, names in action["fields"].items() for name in _names(names)
    ]
    return f"{'Drop' if kind == ActionType.DROP_PROPERTIES else 'Keep only'} {', '.join(paths)}"


def _names(value: Any) -> list[str]:
    names: list[str] = value.get("fields", []) if isinstance(value, Mapping) else value
    return names
