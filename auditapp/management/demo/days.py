"""When things of the demo's story happen: days counted from its start or back from today, never at a weekend."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SATURDAY: Final = 5
A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a history that begins at `start` and ends `now`."""

    start: datetime
    now: datetime

    def on_day(self, day: int, time: str) -> datetime:
        """A moment of the nth day, or of the Monday after it.

        >>> Calendar(...).on_day(5, "09:14:23")
        """
        at = self._at(self.start + day * A_DAY, time)
        while at.weekday() >= SATURDAY:
            at += A_DAY
        return at

    def ago(self, days: int, time: str) -> datetime:
        """A moment of the day so many days ago, or of the Friday before it."""
        at = self._at(self.now - days * A_DAY, time)
        while at.weekday() >= SATURDAY:
            at -= A_DAY
        return at

    @staticmethod
    def _at(day: datetime, time: str) -> datetime:
        hour, minute, second = map(int, time.split(":"))
        # Nothing happens at the full second.
        return day.replace(hour=hour, minute=minute, second=second, microsecond=second * 7_919 % 1_000_000)
