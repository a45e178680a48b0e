"""Exporting: a CSV as a browser fetches it from the real web, beside `COPY TO STDOUT` of the same events, and the memory it takes."""

import re
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from django.conf import settings
from django.test import Client, override_settings

from auditapp.access.models import User
from auditapp.lib.loopback import LOOPBACK
from auditapp.trail.exports.services import MAX_STREAMED
from tests.bench.pages import EMAILS, LARGEST, Pages, trail_path
from tests.torture.rig import children_of

READ_BYTES = 64 * 1024
MEGABYTE = 1024 * 1024
TIMEOUT_S = 600
ENTER = f"SELECT set_config('app.ws', '{LARGEST}', true)"
# Each export is an event itself.
ROOM = 100
# As many whole days, from the newest back, as are sent at once.
SINCE = f"""
SELECT day, total::int FROM (
    SELECT day, sum(n) OVER (ORDER BY day DESC) AS total FROM (
        SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, count(*) AS n FROM event WHERE workspace_id = {LARGEST} GROUP BY 1
    ) AS days
) AS totals WHERE total <= {MAX_STREAMED - ROOM} ORDER BY day LIMIT 1
"""
COPY = f"""
COPY (SELECT * FROM event WHERE workspace_id = {LARGEST} AND occurred_at >= '%s' ORDER BY occurred_at DESC, id DESC) TO STDOUT
"""


@dataclass(slots=True)
class Exports:
    """One installation: seconds of each round, and megabytes of the web's processes."""

    pages: Pages
    events: int = 0
    file_bytes: int = 0
    copies: list[float] = field(default_factory=list)
    files: list[float] = field(default_factory=list)
    peak_mb: float = 0
    growth_mb: float = 0

    def measure(self, rounds: int) -> None:
        """All rounds; the first file is not counted, by which the web has loaded what it needs."""
        [(since, self.events)] = self.pages.rig.ask(SINCE)
        path = f"{trail_path()}export.csv?reads=1&from={since}"
        cookie = self._session()
        with self.pages.rig.web() as (web, port):
            assert web.process is not None
            self.file_bytes = self._fetch(port, path, cookie)
            processes = [Memory(pid) for pid in children_of(web.process.pid)]
            for _ in range(rounds):
                self.copies.append(_seconds(lambda: self._copy(since)))
                self.files.append(_seconds(lambda: self._fetch(port, path, cookie)))
            self.peak_mb = max(one.peak_bytes() for one in processes) / MEGABYTE
            self.growth_mb = max(one.peak_bytes() - one.before for one in processes) / MEGABYTE

    def cells(self) -> list[str]:
        """Of the row in the table."""
        copy, file = (self.events / median(seconds) for seconds in (self.copies, self.files))
        sizes = [f"{self.events:,}", f"{self.file_bytes / MEGABYTE:,.0f}"]
        return [
            *sizes,
            f"{copy:,.0f}",
            f"{file:,.0f}",
            f"{file / copy:.0%}",
            f"{self.peak_mb:.0f}",
            f"{self.growth_mb:.0f}",
        ]

    def as_value(self) -> dict[str, Any]:
        named = ("events", "file_bytes", "copies", "files", "peak_mb", "growth_mb")
        return {name: getattr(self, name) for name in named}

    def _session(self) -> str:
        """The cookie of olga, who sees everything, for a web that has another secret than this process."""
        rig = self.pages.rig
        with rig.in_django("app"), override_settings(SECRET_KEY=rig.environment["SECRET_KEY"]):
            client = Client(SERVER_NAME=LOOPBACK)
            client.force_login(User.objects.get(email=EMAILS[0]))
            return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"

    def _fetch(self, port: int, path: str, cookie: str) -> int:
        """Fetch the file and give its size."""
        with closing(HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_S)) as web:
            web.request("GET", path, headers={"Cookie": cookie})
            answer = web.getresponse()
            assert answer.status == 200, answer.read()[:500]
            told = re.search(r"_(\d+)-events\.csv", answer.headers["Content-Disposition"])
            assert told
            assert 0 <= int(told[1]) - self.events < ROOM
            return sum(len(part) for part in iter(lambda: answer.read(READ_BYTES), b""))

    def _copy(self, since: date) -> None:
        with self.pages.rig.connect("app") as connection:
            connection.execute(ENTER)
            with connection.cursor() as cursor, cursor.copy(COPY % since) as copy:
                for _ in copy:
                    pass


class Memory:
    """What a process holds in memory now, and at most from now on (Linux; 0 elsewhere)."""

    def __init__(self, pid: int) -> None:
        self.folder = Path(f"/proc/{pid}")
        self.before = self._read("VmRSS")
        with suppress(OSError):
            (self.folder / "clear_refs").write_text("5")  # the peak starts anew (man proc)

    def peak_bytes(self) -> int:
        return self._read("VmHWM")

    def _read(self, name: str) -> int:
        with suppress(OSError):
            for line in (self.folder / "status").read_text().splitlines():
                if line.startswith(f"{name}:"):
                    return int(line.split()[1]) * 1024
        return 0


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started
