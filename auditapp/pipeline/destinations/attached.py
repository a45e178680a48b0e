"""What hangs on a destination and goes with it: packages beside this one say how, in wiring.py."""

from collections.abc import Callable

from auditapp.pipeline.destinations.models import Destination

OnDelete = Callable[[Destination], None]
_on_delete: list[OnDelete] = []


def attach_to_destinations(on_delete: OnDelete) -> None:
    """Have this called in the transaction that deletes a destination, before it is gone."""
    if on_delete not in _on_delete:
        _on_delete.append(on_delete)


def delete_attached(destination: Destination) -> None:
    """Take away what hangs on a destination that is being deleted."""
    for on_delete in _on_delete:
        on_delete(destination)
