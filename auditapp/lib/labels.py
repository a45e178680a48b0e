"""Labels as they are written on sources, spaces and rules of a plan: `key:value`, as Segment's."""

import re
from collections.abc import Iterable

from auditapp.lib.errors import Invalid

# Both parts start with a letter and hold letters, digits and hyphens.
_LABEL = re.compile(r"[a-z][a-z0-9-]{0,39}:[a-z][a-z0-9-]{0,39}", re.IGNORECASE | re.ASCII)


def checked_labels(labels: Iterable[str]) -> list[str]:
    """Labels as they are stored: each once, in order, one value for each key.

    Raises:  Invalid
    """
    found: dict[str, str] = {}
    for label in (label.strip().lower() for label in labels):
        key = label.partition(":")[0]
        if not _LABEL.fullmatch(label):
            raise Invalid(f"“{label}” is not a label. Write key:value, as in environment:prod.", field="labels")
        if found.setdefault(key, label) != label:
            raise Invalid(f"A label has one value. Keep one of {found[key]} and {label}.", field="labels")
    return list(found.values())
