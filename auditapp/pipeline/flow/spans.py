"""For how long back a page counts. Counts are kept by the hour, so a span begins with a whole one, and says with which."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from auditapp.lib import clock


class Span(StrEnum):
    """A choice of how far back."""

    hours_before: int  # the present one
    words: str

    def __new__(cls, key: str, hours_before: int = 0, words: str = "") -> Self:
        member = str.__new__(cls, key)
        member._value_ = key
        member.hours_before, member.words = hours_before, words
        return member

    HOUR = "1h", 1, "1 h"
    DAY = "24h", 23, "24 h"
    WEEK = "7d", 7 * 24 - 1, "7 d"

    @property
    def since(self) -> datetime:
        """The hour with which it begins."""
        return clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=self.hours_before)


def span_named(text: str | None) -> Span:
    """The span that an address asks for; a day where it asks for none that there is."""
    return next((span for span in Span if span == text), Span.DAY)
