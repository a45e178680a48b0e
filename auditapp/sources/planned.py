"""Which events of a source are planned. Plans belong to a package above this one, which wiring.py registers here."""

from collections.abc import Callable, Container

from auditapp.sources.models import Source
from auditapp.sources.schema import EventName

Planned = Callable[[Source], Container[EventName] | None]
_planned: list[Planned] = []


def register_planned(planned: Planned) -> None:
    """Ask this which events of a source are planned; it gives None for a source without a plan."""
    if planned not in _planned:
        _planned.append(planned)


def planned_events(source: Source) -> Container[EventName] | None:
    """Which events of a source are planned; None where it follows no plan."""
    found = (planned(source) for planned in _planned)
    return next((names for names in found if names is not None), None)
