"""A moment by which all of a call has to be over, however many reads and writes it takes."""

from __future__ import annotations

from time import monotonic


class Deadline:
    """So many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = monotonic() + seconds

    def left(self) -> float:
        """The seconds that remain, as a timeout for what comes next.

        Raises:  TimeoutError where none do
        """
        left = self._at - monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def within(self, seconds: float) -> Deadline:
        """A deadline so many seconds from now, but no later than this one."""
        return Deadline(min(seconds, max(0.0, self._at - monotonic())))
