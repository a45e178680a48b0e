"""What hangs on a source and goes with it: packages above say how, in wiring.py."""

from collections.abc import Callable

from auditapp.sources.models import Source

OnDelete = Callable[[Source], None]
_on_delete: list[OnDelete] = []


def attach_to_sources(on_delete: OnDelete) -> None:
    """Have this called in the transaction that deletes a source, before it is gone."""
    if on_delete not in _on_delete:
        _on_delete.append(on_delete)


def delete_attached(source: Source) -> None:
    """Take away what hangs on a source that is being deleted."""
    for on_delete in _on_delete:
        on_delete(source)
