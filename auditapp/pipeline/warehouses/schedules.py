"""When a warehouse is synced."""

from datetime import datetime, timedelta
from typing import Final

MANUAL: Final = "manual"
CONTINUOUS: Final = "continuous"
DEFAULT: Final = "1h"
SCHEDULES: Final = {
    CONTINUOUS: "continuously",
    "5m": "every 5 minutes",
    "15m": "every 15 minutes",
    "1h": "every hour",
    "6h": "every 6 hours",
    "12h": "every 12 hours",
    "24h": "every 24 hours",
    MANUAL: "only by hand",
}
_EVERY: Final = {
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "12h": timedelta(hours=12),
    "24h": timedelta(hours=24),
}
# A continuous sync that failed for good is not tried at once again.
AFTER_FAILURE: Final = timedelta(minutes=15)


def next_after(schedule: str, planned: datetime | None, now: datetime) -> datetime | None:
    """The next time after now in the rhythm of the one that was planned; None where there is no rhythm."""
    every = _EVERY.get(schedule)
    if every is None:
        return None
    missed = max((now - planned) // every, 0) if planned else 0
    return (planned or now) + (missed + 1) * every
