"""Which warehouses somebody may see, how they are reached, and how their syncs stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Lower

from auditapp.access.models import User
from auditapp.access.permissions import Access, Permission
from auditapp.lib import clock
from auditapp.lib.errors import NotFound
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.pipeline.warehouses.models import SyncState, Warehouse, WarehouseFeed, WarehouseSync
from auditapp.pipeline.warehouses.naming import schema_for
from auditapp.pipeline.warehouses.notices import Notice, notices_from
from auditapp.pipeline.warehouses.schedules import CONTINUOUS, MANUAL
from auditapp.pipeline.warehouses.tables import CALL_TABLES, collection_of
from auditapp.sources.inbox import read_inbox
from auditapp.sources.models import SeenEvent, Source, SourceHead
from auditapp.sources.queries import visible_sources
from auditapp.tasks.models import LIVE_STATES, Task, TaskAttempt
from auditapp.tasks.queries import attempts_of

SYNCS_SHOWN: Final = 50
NEARLY_FORGOTTEN: Final = 0.8


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A source that feeds a warehouse, and how far behind it is."""

    source: Source
    schema: str
    position: int
    waiting: int
    waiting_since: datetime | None
    left_out: int

    @property
    def forgotten_from(self) -> datetime | None:
        """From when on the inbox forgets what waits, where that is near."""
        if self.waiting_since is None:
            return None
        kept = timedelta(days=settings.SOURCE_DAYS)
        is_near = clock.now() - self.waiting_since > NEARLY_FORGOTTEN * kept
        return self.waiting_since + kept if is_near else None


@dataclass(frozen=True, slots=True)
class SourceLine:
    """What a sync did for one source."""

    source_id: str
    name: str
    schema: str
    events: int
    rows: int
    notices: Sequence[Notice]


@dataclass(frozen=True, slots=True)
class SyncRow:
    """A sync with its attempts, where there was more than a good one."""

    sync: WarehouseSync
    lines: Sequence[SourceLine]
    attempts: Sequence[TaskAttempt]
    asked_by: str

    @property
    def duration(self) -> str:
        """In words, of one sync on average."""
        if self.sync.state == SyncState.RUNNING:
            return ""
        seconds = self.sync.duration_ms / 1_000 / max(self.sync.syncs, 1)
        if seconds < 60:
            return f"{seconds:.1f} s"
        minutes, rest = divmod(int(seconds), 60)
        return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a warehouse stands: its last sync, the one that runs or waits, and what was loaded since midnight UTC."""

    last: WarehouseSync | None = None
    live: Task | None = None
    rows_today: int = 0

    @property
    def word(self) -> str:
        """healthy, partial, failing, syncing or idle."""
        if self.live and not (self.live.error and self.live.attempt):
            return "syncing"
        if self.live or (self.last and self.last.state == SyncState.FAILURE):
            return "failing"
        if self.last is None or self.last.state == SyncState.CANCELLED:
            return "idle"
        return "partial" if self.last.state == SyncState.PARTIAL else "healthy"


@dataclass(frozen=True, slots=True)
class Collection:
    """Events that can be left out of a sync: those of one name, or all calls of one kind."""

    key: str
    name: str
    is_left_out: bool


def visible_warehouses(access: Access) -> QuerySet[Warehouse]:
    """The warehouses that this person may see, by name."""
    warehouses = Warehouse.objects.filter(workspace_id=access.workspace_id).order_by(Lower("name"), "id")
    reach = access.reach(Permission.WAREHOUSE_READ)
    return warehouses if reach.everywhere else warehouses.filter(id__in=reach.ids)


def warehouse_names(workspace_id: int) -> dict[str, str]:
    """Every warehouse of the workspace, name by id."""
    warehouses = Warehouse.objects.filter(workspace_id=workspace_id).order_by(Lower("name"), "id")
    return dict(warehouses.values_list("id", "name"))


def warehouse_for(access: Access, warehouse_id: str) -> Warehouse:
    """One warehouse that this person may see.

    Raises:  NotFound, also where there is one that they may not see
    """
    warehouse = visible_warehouses(access).filter(id=warehouse_id).first()
    if warehouse is None:
        raise NotFound
    return warehouse


def fed_source(access: Access, warehouse: Warehouse, source_id: str) -> Source:
    """A source that feeds the warehouse and that this person may see.

    Raises:  NotFound
    """
    source = visible_sources(access).filter(id=source_id).first()
    if source is None or source_id not in warehouse.source_ids:
        raise NotFound
    return source


def connection_of(warehouse: Warehouse) -> Connection:
    """How a warehouse is reached; what was saved before a field was there has its default."""
    known = {field: warehouse.settings[field] for field in Connection._fields if field in warehouse.settings}
    return Connection(**{"host": "", "port": 0, "database": "", "username": "", **known})


def next_sync(warehouse: Warehouse) -> datetime | None:
    """When the schedule is due next, None where it follows no clock or the warehouse is off."""
    if not warehouse.is_enabled or warehouse.schedule == MANUAL or not warehouse.source_ids:
        return None
    if warehouse.schedule == CONTINUOUS:
        now = clock.now()
        return warehouse.next_sync_at if warehouse.next_sync_at and warehouse.next_sync_at > now else None
    return warehouse.next_sync_at or clock.now()


def feed_rows(access: Access, warehouse: Warehouse) -> list[FeedRow]:
    """The sources that feed a warehouse, of those that this person may see, by name."""
    own = {"workspace_id": warehouse.workspace_id}
    feeds = {feed.source_id: feed for feed in WarehouseFeed.objects.filter(**own, warehouse_id=warehouse.id)}
    ends = dict(
        SourceHead.objects.filter(**own, source_id__in=warehouse.source_ids).values_list("source_id", "next_index")
    )
    return [
        _feed_row(source, feeds.get(source.id), ends.get(source.id, 0))
        for source in visible_sources(access).filter(id__in=warehouse.source_ids)
    ]


def standings(warehouses: Sequence[Warehouse]) -> dict[str, Standing]:
    """How each of these warehouses stands."""
    if not warehouses:
        return {}
    ids = [warehouse.id for warehouse in warehouses]
    own = {"workspace_id": warehouses[0].workspace_id}
    syncs = WarehouseSync.objects.filter(**own, warehouse_id__in=ids)
    ended = syncs.exclude(state=SyncState.RUNNING).order_by("warehouse_id", "-started_at")
    last = {sync.warehouse_id: sync for sync in ended.distinct("warehouse_id")}
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = dict(syncs.filter(started_at__gte=midnight).values_list("warehouse_id").annotate(Sum("rows")).order_by())
    live = {task.key: task for task in Task.objects.filter(**own, subject_id__in=ids, state__in=LIVE_STATES)}
    return {one: Standing(last.get(one), live.get(one), rows.get(one, 0)) for one in ids}


def syncs_of(warehouse: Warehouse) -> "QuerySet[WarehouseSync]":
    """The syncs of a warehouse that are kept, newest first."""
    syncs = WarehouseSync.objects.filter(workspace_id=warehouse.workspace_id, warehouse_id=warehouse.id)
    return syncs.order_by("-started_at", "id")


def sync_rows(warehouse: Warehouse, *, before: datetime | None = None, limit: int = SYNCS_SHOWN) -> list[SyncRow]:
    """A page of syncs, newest first.

    Takes:   before, the start of the last one of the page before
    """
    syncs = syncs_of(warehouse)
    return told_syncs(warehouse, list((syncs.filter(started_at__lt=before) if before else syncs)[:limit]))


def told_syncs(warehouse: Warehouse, syncs: Sequence[WarehouseSync]) -> list[SyncRow]:
    """Syncs with what each did for each source, its attempts, and who asked for it."""
    attempts = attempts_of(warehouse.workspace_id, [sync.task_id for sync in syncs])
    people = User.objects.filter(id__in={sync.asked_by for sync in syncs if sync.asked_by})
    names = {person.id: person.name for person in people}
    return [_sync_row(sync, attempts.get(sync.task_id, []), names) for sync in syncs]


def collections_of(source: Source, left_out: Sequence[str]) -> list[Collection]:
    """What of a source can be left out: kinds of calls, and the names of track events that were seen or are left out."""
    seen = SeenEvent.objects.filter(workspace_id=source.workspace_id, source_id=source.id)
    names = seen.filter(Q(type="track") & ~Q(name="")).values_list("name", flat=True)
    tracks = {collection_of("track", name): name for name in names}
    tracks |= {key: key.removeprefix("track:") for key in left_out if key.startswith("track:")}
    kinds = {kind: f"{kind.capitalize()} calls ({table})" for kind, table in CALL_TABLES.items()}
    listed = [*kinds.items(), *sorted(tracks.items(), key=lambda one: one[1].casefold())]
    return [Collection(key, name, key in left_out) for key, name in listed]


def _feed_row(source: Source, feed: WarehouseFeed | None, end: int) -> FeedRow:
    position = feed.position if feed else 0
    waiting_since = None
    if end > position:
        first = read_inbox(source.workspace_id, source.id, position, limit=1)
        waiting_since = first[0].received_at if first else None
    schema = (feed.schema if feed else "") or schema_for(source.slug)
    left_out = len(feed.left_out) if feed else 0
    return FeedRow(source, schema, position, max(end - position, 0), waiting_since, left_out)


def _sync_row(sync: WarehouseSync, attempts: Sequence[TaskAttempt], names: dict[str, str]) -> SyncRow:
    lines = [
        SourceLine(one["id"], one["name"], one["schema"], one["events"], one["rows"], notices_from(one["notices"]))
        for one in sync.sources
    ]
    asked_by = names.get(sync.asked_by, "the API" if sync.asked_by.startswith("tok_") else "a former member")
    return SyncRow(sync, lines, attempts, asked_by if sync.asked_by else "")
