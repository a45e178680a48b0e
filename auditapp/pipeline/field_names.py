"""Names of fields to take out of an object or to keep alone, whole or down to a part. Nothing is changed in place.

And how a name stands in a sentence that is read back: in quotes where it is not plain.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from auditapp.pipeline.field_paths import steps_of

# A name takes all below it (None) or only what is named there.
Names = Mapping[str, "Names | None"]
NAME: Final = r'(?:[\w.$@/\[\]-]+|"(?:[^"\\]|\\.)*")'
_PLAIN: Final = re.compile(r"[\w.$@/\[\]-]+")


def quoted(name: str) -> str:
    """A name as it stands in a sentence.

    >>> quoted("order.id"), quoted("order id")
    ('order.id', '"order id"')
    """
    return name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def unquoted(said: str) -> str:
    """The name that a sentence says."""
    return str(json.loads(said)) if said.startswith('"') else said


def names_tree(names: Sequence[str]) -> Names:
    """Names as they are looked up: `a.b` is the key b in the object a as well as a key of that name."""
    tree: dict[str, Any] = {}
    for name in names:
        steps = steps_of(name)
        level = tree
        for step in steps[:-1]:
            below = level.setdefault(step, {})
            if below is None:
                break  # all of it is named already
            level = below
        else:
            level[steps[-1] if steps else name] = None
        tree[name] = None
    return tree


def without_names(value: Any, names: Names) -> Any:
    """The object without what is named, each object of a list likewise; the same object where it has none of it."""
    if isinstance(value, list):
        return [without_names(item, names) for item in value]
    if not isinstance(value, dict) or names.keys().isdisjoint(value):
        return value
    kept = {}
    for key, item in value.items():
        if key not in names:
            kept[key] = item
        elif (below := names[key]) is not None:
            kept[key] = without_names(item, below)
    return kept


def only_names(value: Any, names: Names) -> Any:
    """The object with nothing but what is named, each object of a list likewise."""
    if isinstance(value, list):
        return [only_names(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, item in value.items():
        if key in names:
            below = names[key]
            kept[key] = item if below is None else only_names(item, below)
    return kept
