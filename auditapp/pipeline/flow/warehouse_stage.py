"""The warehouses that a source feeds, beside its destinations: rows loaded, events that wait for a sync, the worst standing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from auditapp.access.permissions import Access
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseFeed, WarehouseSync
from auditapp.pipeline.warehouses.queries import standings, visible_warehouses
from auditapp.sources.models import Source, SourceHead

# The worst first, each with its tone and words.
WORDS: Final = {
    "failing": ("bad", "Failing"),
    "partial": ("warn", "Loads in part"),
    "syncing": ("good", "Syncing"),
    "healthy": ("good", "Healthy"),
    "idle": ("", "No sync yet"),
    "off": ("", "Off"),
}


@dataclass(frozen=True, slots=True)
class Fed:
    """The warehouses of a source together; `word` is that of the worst one, which is named where there are several."""

    warehouses: Sequence[Warehouse]
    rows: int
    waiting: int
    word: str
    worst: Warehouse

    @property
    def tone(self) -> str:
        return WORDS[self.word][0]

    @property
    def words(self) -> str:
        words = WORDS[self.word][1]
        return f"{self.worst.name}: {words.lower()}" if len(self.warehouses) > 1 and self.tone != "good" else words


def fed_by(access: Access, source: Source, since: datetime) -> Fed | None:
    """The warehouses that a source feeds, of those that this person may see; None where there are none."""
    found = list(visible_warehouses(access).filter(source_ids__contains=[source.id]))
    if not found:
        return None
    own = {"workspace_id": source.workspace_id}
    ids = [one.id for one in found]
    syncs = WarehouseSync.objects.filter(**own, warehouse_id__in=ids, started_at__gte=since)
    rows = sum(
        line["rows"]
        for sources in syncs.values_list("sources", flat=True)
        for line in sources
        if line["id"] == source.id
    )
    feeds = WarehouseFeed.objects.filter(**own, warehouse_id__in=ids, source_id=source.id)
    positions = dict(feeds.values_list("warehouse_id", "position"))
    end = SourceHead.objects.filter(**own, source_id=source.id).values_list("next_index", flat=True).first() or 0
    waiting = max((end - positions.get(one.id, 0) for one in found if one.is_enabled), default=0)
    stands = standings(found)
    words = {one.id: stands[one.id].word if one.is_enabled else "off" for one in found}
    worst = min(found, key=lambda one: list(WORDS).index(words[one.id]))
    return Fed(found, rows, max(waiting, 0), words[worst.id], worst)
