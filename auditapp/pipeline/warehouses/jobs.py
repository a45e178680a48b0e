"""Housekeeping of warehouses: the history of syncs is kept for 90 days."""

from datetime import timedelta
from typing import Final

from auditapp.lib import clock
from auditapp.pipeline.warehouses.models import SyncState, WarehouseSync

KEPT: Final = timedelta(days=90)


def forget_syncs() -> int:
    """Delete syncs that began more than 90 days ago; gives how many."""
    old = WarehouseSync.objects.filter(started_at__lt=clock.now() - KEPT).exclude(state=SyncState.RUNNING)
    return old.delete()[0]
