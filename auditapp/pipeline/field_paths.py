r"""Where in an event a field is: `properties.product\ 1.price`, with dots between keys and a backslash before a dot that belongs to one.

Events are never changed: what changes a field gives a new event that shares the rest with the old one.
"""

from collections.abc import Mapping
from typing import Any, Final

Steps = tuple[str, ...]


class NotThere:
    """In place of the value of a field that an event does not have."""


NOT_THERE: Final = NotThere()


def steps_of(path: str) -> Steps:
    """The keys that a path goes through; none for the empty path, which is the whole event."""
    if not path:
        return ()
    steps, at = [""], 0
    while at < len(path):
        if path[at] == ".":
            steps.append("")
        else:
            at += path[at] == "\\" and at + 1 < len(path)
            steps[-1] += path[at]
        at += 1
    return tuple(steps)


def value_at(value: Any, steps: Steps) -> Any:
    """What is at a path, or NOT_THERE; lists are not gone through."""
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return NOT_THERE
        value = value[step]
    return value


def with_value(event: Mapping[str, Any], steps: Steps, value: Any) -> dict[str, Any]:
    """The event with this value at the path; objects are made on the way, and replace what is none."""
    first, rest = steps[0], steps[1:]
    if rest:
        below = event.get(first)
        value = with_value(below if isinstance(below, dict) else {}, rest, value)
    return {**event, first: value}


def without_value(event: Mapping[str, Any], steps: Steps) -> dict[str, Any]:
    """The event without the field at the path; objects that become empty stay."""
    first, rest = steps[0], steps[1:]
    if not rest:
        return {key: value for key, value in event.items() if key != first}
    return {**event, first: without_value(event[first], rest)} if value_at(event, steps) is not NOT_THERE else {**event}
