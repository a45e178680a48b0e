"""`python -m tests.bench.exports`: an export as CSV beside `COPY TO STDOUT` of the same events, in turn, and the memory it takes."""

import argparse
import os
import resource
import sys
import time
from statistics import median
from zoneinfo import ZoneInfo

import django

COPY = "COPY (SELECT * FROM event WHERE workspace_id = 1 ORDER BY occurred_at DESC, id DESC) TO STDOUT"
COUNT = "SELECT count(*) FROM event WHERE workspace_id = 1"
ENTER = "SELECT set_config('app.ws', '1', true)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.testing")
    django.setup()
    from tests.bench.dataset import loaded_dataset
    from tests.torture.rig import installed

    with installed() as rig:
        loaded_dataset(rig, asked.events)
        [(events,)] = rig.ask(COUNT)
        copies, exports = [], []
        with rig.in_django("app"):
            for _ in range(asked.rounds):
                copies.append(_seconds(lambda: _copy(rig)))
                exports.append(_seconds(_export))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    share = median(copies) / median(exports)
    sys.stdout.write(
        f"{events:,} events: COPY {events / median(copies):,.0f} a second, CSV {events / median(exports):,.0f}"
        f" ({share:.0%}), {peak_mb:.0f} MB at most\n"
    )
    return 0


def _seconds(action) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _copy(rig) -> None:
    with rig.connect("app") as connection:
        connection.execute(ENTER)
        with connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for _ in copy:
                pass


def _export() -> None:
    from auditapp.lib import clock
    from auditapp.record.event_filter import EventFilter
    from auditapp.record.viewer import Viewer
    from auditapp.trail.exports.formats import FORMATS
    from auditapp.trail.exports.services import StreamedExport
    from auditapp.trail.exports.streaming import streamed_lines

    now = clock.now()
    wanted = StreamedExport(EventFilter(with_reads=True, until=now), 0, now)
    viewer = Viewer(1, sees_all=True, sees_personal=True)
    for _ in streamed_lines(FORMATS["csv"], viewer, wanted, ZoneInfo("Europe/Oslo")):
        pass


if __name__ == "__main__":
    sys.exit(main())
