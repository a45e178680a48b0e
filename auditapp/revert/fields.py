"""What one change did to the fields of a resource, and what they hold now. Pure: values in, values out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from auditapp.lib.canonical_json import canonical_bytes
from auditapp.record.drafts import MISSING, Change, changed

# The resource itself, which is there or not: the path of a change that made or deleted it.
WHOLE: Final = ""


class Standing(StrEnum):
    """How a field stands: may it go back, and would that undo what somebody did since?"""

    SAFE = "safe"
    CONFLICT = "conflict"
    SAME = "same"
    WITHHELD = "withheld"
    ERASED = "erased"
    FIXED = "fixed"
    DONE = "done"

    @property
    def may_change(self) -> bool:
        return self in (Standing.SAFE, Standing.CONFLICT)


@dataclass(frozen=True, slots=True)
class Field:
    """One field in its three values: before the change, as the change set it, and now."""

    path: str
    before: Any
    after: Any
    now: Any
    standing: Standing


def flat(told: Mapping[str, Any]) -> dict[str, Any]:
    """What events tell of a resource, by the paths that their changes have.

    >>> flat({"name": "Snowflake prod", "settings": {"port": 5432}})
    {'name': 'Snowflake prod', 'settings.port': 5432}
    """
    return {change.path: change.new for change in changed({}, told)}


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are one, as JSON tells them apart: true is not 1, and nothing is not null."""
    if one is MISSING or other is MISSING:
        return one is other
    return canonical_bytes(one) == canonical_bytes(other)


def is_withheld(value: Any) -> bool:
    """Whether this stands for a value that was never stored, or that the reader may not see."""
    return isinstance(value, Mapping) and len(value) == 1 and "redacted" in value


def weighed(change: Change, now: Any, *, is_settable: bool) -> Field:
    """One changed field beside what it holds now."""
    return Field(change.path, change.old, change.new, now, _standing(change, now, is_settable=is_settable))


def merged(changes: Iterable[Sequence[Change]]) -> list[Change]:
    """Several changes of one resource as one, oldest first: from what each field was to what it became in the end."""
    fields: dict[str, Change] = {}
    for one in changes:
        for change in one:
            known = fields.get(change.path)
            fields[change.path] = Change(change.path, known.old if known else change.old, change.new)
    return [change for change in fields.values() if is_withheld(change.new) or not is_same(change.old, change.new)]


def version_before(now: Mapping[str, Any], later: Iterable[Sequence[Change]]) -> dict[str, Any]:
    """What the fields held before these changes.

    Takes:   now, the fields as they are, with WHOLE where the resource is there; later, changes newest first
    Gives:   the fields as they were; one that cannot be known is there with a withheld value
    """
    version = dict(now)
    for one in later:
        for change in reversed(one):
            if change.old is MISSING and change.new is not MISSING:
                version.pop(change.path, None)
            else:
                version[change.path] = {"redacted": "erased"} if change.old is MISSING else change.old
    return version


def differing(now: Mapping[str, Any], version: Mapping[str, Any]) -> list[Change]:
    """The changes that lead from a version to what is there now."""
    paths = [*now, *(path for path in version if path not in now)]
    pairs = ((path, version.get(path, MISSING), now.get(path, MISSING)) for path in paths)
    return [Change(path, old, new) for path, old, new in pairs if not is_same(old, new)]


def _standing(change: Change, now: Any, *, is_settable: bool) -> Standing:
    if change.old is MISSING and change.new is MISSING:
        return Standing.ERASED
    if is_withheld(change.old) or is_withheld(change.new):
        return Standing.ERASED if change.old == {"redacted": "erased"} else Standing.WITHHELD
    if is_same(now, change.old):
        return Standing.SAME
    if not is_settable:
        return Standing.FIXED
    return Standing.SAFE if is_same(now, change.new) else Standing.CONFLICT
