"""Whether this process serves (`/healthz`) and whether the installation around it can work (`/readyz`); for load balancers."""

import shutil
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse

# Three heartbeats of procrastinate's workers, which then counts one as stalled.
HEARTBEAT_S: Final = 30
LEAST_FREE_BYTES: Final = 512 * 1024 * 1024
OK: Final = "ok"
HEARTBEAT = "SELECT extract(epoch FROM min(clock_timestamp() - last_heartbeat))::int FROM procrastinate_workers"


def healthz(request: HttpRequest) -> HttpResponse:
    """200 "ok", or 503 while the database does not answer."""
    if database_state() != OK:
        return HttpResponse("The database does not answer.\n", status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


def readyz(request: HttpRequest) -> JsonResponse:
    """Each part with "ok" or what is wrong with it; 503 where anything is."""
    found = {"database": database_state()}
    for name, state in PARTS.items():
        try:
            found[name] = state() if found["database"] == OK or name == "disk" else "not known without the database"
        except DatabaseError:
            found[name] = "the database refuses to tell"
    is_ready = set(found.values()) == {OK}
    return JsonResponse({"ready": is_ready, "parts": found}, status=200 if is_ready else 503)


def database_state() -> str:
    """Whether the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return OK


def migrations_state() -> str:
    """Whether the tables are those that this version of the code needs."""
    missing = _newest_migrations() - MigrationRecorder(connection).applied_migrations().keys()
    named = ", ".join(f"{app}.{name}" for app, name in sorted(missing))
    return f"not applied: {named}; run manage.py migrate" if missing else OK


def worker_state() -> str:
    """Whether a worker has told lately that it is alive."""
    with connection.cursor() as cursor:
        age_s = cursor.execute(HEARTBEAT).fetchone()[0]
    if age_s is None:
        return "no worker runs; start manage.py worker"
    return OK if age_s <= HEARTBEAT_S else f"no worker has been heard of for {age_s} s"


def disk_state() -> str:
    """Whether there is room where this process keeps files, and the embedded database its data."""
    free_bytes = free_disk_bytes()
    return OK if free_bytes >= LEAST_FREE_BYTES else f"{free_bytes // 1024**2} MiB free, less than 512"


def free_disk_bytes() -> int:
    """What is free in the data folder, or beside the embedded database where that is less."""
    folders = [Path(settings.DATA_DIR)]
    if not settings.DATABASE_URL:
        folders.append(settings.EMBEDDED_SERVER.home)
    return min(shutil.disk_usage(folder).free for folder in folders if folder.exists())


@lru_cache(maxsize=1)
def _newest_migrations() -> frozenset[tuple[str, str]]:
    """The last one of each app; files do not change under a running process."""
    return frozenset(MigrationLoader(None).graph.leaf_nodes())


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "migrations": migrations_state,
    "worker": worker_state,
    "disk": disk_state,
}
