"""The moment of the past that a page is asked to show, as its address says it."""

from datetime import UTC, date, datetime, time, timedelta

from django.utils import timezone

from auditapp.lib import clock
from auditapp.lib.errors import Invalid


def asked_moment(text: str) -> datetime | None:
    """The end of a day in the page's time zone, `2026-03-31`, or a moment, `2026-03-31T13:35:00Z`; None for now.

    Raises:  Invalid, also for what has not come yet
    """
    # An unescaped plus in an address is a space.
    text = text.strip().replace(" ", "+")
    if not text:
        return None
    is_moment = text[10:11] in {"T", "t"}
    moment = clock.parse_utc(text) if is_moment else _end_of(text)
    if moment > clock.now():
        if not is_moment and date.fromisoformat(text) == clock.now().astimezone(timezone.get_current_timezone()).date():
            return None
        raise Invalid("This has not come yet. Choose today or a day before.", field="on", code="future")
    return moment


def _end_of(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
        begins = datetime.combine(day + timedelta(days=1), time(), timezone.get_current_timezone())
        return begins.astimezone(UTC) - timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise Invalid("Write a day as 2026-03-31, or a moment as 2026-03-31T13:35:00Z.", field="on") from None
