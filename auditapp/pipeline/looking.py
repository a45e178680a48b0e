"""That somebody looked at what customers sent is an event of the trail; while one tries things, one event for a while is enough."""

from datetime import timedelta
from typing import Final

from django.core.cache import cache

from auditapp.record.acting import current_acting
from auditapp.record.services import record
from auditapp.sources.models import Source

ONCE_IN: Final = timedelta(minutes=5)


def note_look(source: Source, looked_at: int) -> None:
    """Record that whoever acts looked at the last events of a source in a preview.

    Writes:  source.debugger_viewed, once in five minutes for a person and source
    """
    acting = current_acting()
    key = f"preview:{acting.workspace_id}:{source.id}:{acting.actor.id}"
    if looked_at and cache.add(key, 1, ONCE_IN.total_seconds()):
        record("source.debugger_viewed", target=source, meta={"event": f"Last {looked_at} events, in a preview"})
