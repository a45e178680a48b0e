"""The kinds of destinations there are, by key. wiring.py registers them, in the order in which they are offered."""

from auditapp.lib.errors import Invalid
from auditapp.pipeline.destinations.kind import Kind

_kinds: dict[str, Kind] = {}


def register_destination_kind(kind: Kind) -> None:
    """Make a kind known."""
    _kinds[kind.key] = kind


def destination_kinds() -> tuple[Kind, ...]:
    """All kinds, in the order in which they are offered."""
    return tuple(_kinds.values())


def destination_kind(key: str, *, field: str = "kind") -> Kind:
    """The kind with this key.

    Takes:   field, where the key was said
    Raises:  Invalid
    """
    if key not in _kinds:
        raise Invalid("There is no such kind of destination.", field=field, code="unknown_kind")
    return _kinds[key]
