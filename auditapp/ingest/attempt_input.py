"""What an event as somebody sent it says of an attempt at a task, which its meta keeps, as that of this system's own tasks."""

from collections.abc import Mapping
from typing import Any, Final

from auditapp.lib.errors import Invalid

FIELDS: Final = ("task", "attempt", "of", "final")
ALWAYS: Final = ("task", "attempt", "of")
NUMBERS: Final = ("attempt", "of")


def attempt_said(item: Mapping[str, Any]) -> dict[str, Any]:
    """The attempt that an event tells of; nothing where it tells of none.

    Takes:   item, whose shape was checked
    Raises:  Invalid, with the field that does not go with the others
    """
    # JSON knows no integers: 2.0 is 2.
    said = {name: int(item[name]) if name in NUMBERS else item[name] for name in FIELDS if name in item}
    if not said:
        return {}
    for name in ALWAYS:
        if name not in said:
            raise _wrong(name, f'"{name}" is missing: an attempt at a task says all of "task", "attempt" and "of".')
    # An export has both: the same again is no contradiction.
    meta = item.get("meta", {})
    for name, value in said.items():
        if name in meta and meta[name] != value:
            raise _wrong(name, f"meta says another {name}. Leave it out there.")
    if said["attempt"] > said["of"]:
        raise _wrong("attempt", f"There are {said['of']} attempts at most. Write a number from 1 to {said['of']}.")
    if "final" in said:
        if item.get("outcome", "success") != "failure":
            raise _wrong("final", "Only of a failure is it said whether it is final. Leave it out.")
        if not said["final"] and said["attempt"] == said["of"]:
            raise _wrong("final", "This is the last attempt that there is. Leave it out, or write true.")
    return said


def _wrong(name: str, message: str) -> Invalid:
    return Invalid(message, pointer=f"/{name}", code="bad_attempt")
