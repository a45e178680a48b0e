"""How moments and days read on the page, in its time zone. Which moments are asked for is a matter of filters.py."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from auditapp.lib import clock

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
UTC_ZONE: Final = ZoneInfo("UTC")


def zone_named(name: str) -> ZoneInfo:
    """The time zone of this IANA name; UTC where this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError for the name of a folder, such as "Europe"
        return UTC_ZONE


@dataclass(frozen=True, slots=True)
class PageTime:
    """One zone and one present moment for everything on a page, so that its ages agree."""

    zone: ZoneInfo
    now: datetime

    @classmethod
    def in_zone(cls, zone: ZoneInfo) -> "PageTime":
        return cls(zone, clock.now())

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def zone_name(self) -> str:
        """The zone as people say it: `Oslo, UTC+2`, or `UTC`."""
        offset = self.now.astimezone(self.zone).utcoffset() or timedelta()
        if self.zone.key == "UTC":
            return "UTC"
        minutes = round(offset.total_seconds() / MINUTE_S)
        sign, (hours, rest) = "−" if minutes < 0 else "+", divmod(abs(minutes), 60)
        city = self.zone.key.rpartition("/")[2].replace("_", " ")
        return f"{city}, UTC{sign}{hours}" + (f":{rest:02}" if rest else "")

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def iso(self, moment: datetime) -> str:
        """For `<time datetime>`: with offset and milliseconds."""
        return self.local(moment).isoformat(timespec="milliseconds")

    def clock(self, moment: datetime) -> str:
        local = self.local(moment)
        return f"{local.hour:02}:{local.minute:02}"

    def exact(self, moment: datetime) -> str:
        """`Tue 12 May 2026, 14:31:48 CEST`."""
        local = self.local(moment)
        return f"{WEEKDAYS[local.weekday()][:3]} {_day_month(local)} {local.year}, {_seconds(local)} {_abbreviation(local)}"

    def utc(self, moment: datetime) -> str:
        """`12:31:48 UTC`."""
        return f"{_seconds(moment.astimezone(UTC))} UTC"

    def near(self, moment: datetime) -> str:
        """`Today, 14:18:07 CEST`, with the day's name or date."""
        local = self.local(moment)
        return f"{self.day_name(local.date())}, {_seconds(local)} {_abbreviation(local)}"

    def short(self, moment: datetime) -> str:
        """`Today 14:18` on this day, else `Sun 10 May`, with the year where it is another."""
        local = self.local(moment)
        if local.date() == self.today:
            return f"Today {self.clock(moment)}"
        year = f" {local.year}" if local.year != self.today.year else ""
        return f"{WEEKDAYS[local.weekday()][:3]} {local.day} {MONTHS[local.month - 1][:3]}{year}"

    def ago(self, moment: datetime) -> str:
        """`22 s ago`, then minutes, hours up to a day, and days."""
        seconds = int((self.now - moment).total_seconds())
        if seconds < 1:
            return "just now"
        if seconds < MINUTE_S:
            return f"{seconds} s ago"
        if seconds < HOUR_S:
            return f"{seconds // MINUTE_S} min ago"
        if seconds < DAY_S:
            return f"{seconds // HOUR_S} h ago"
        return f"{seconds // DAY_S:,} d ago"

    def day_name(self, day: date) -> str:
        """Today, Yesterday, the weekday within a week, else the date."""
        age = (self.today - day).days
        if age in (0, 1):
            return ("Today", "Yesterday")[age]
        return WEEKDAYS[day.weekday()] if 1 < age < 7 else self.written(day)

    def day_heading(self, day: date) -> tuple[str, str]:
        """What stands above the events of a day, in one shape: its name and its date."""
        age = (self.today - day).days
        weekday = WEEKDAYS[day.weekday()]
        if age in (0, 1):
            return self.day_name(day), f"{weekday} {self.written(day)}"
        return weekday, self.written(day)

    def written(self, day: date) -> str:
        """`12 May`, with the year where it is not this one."""
        return f"{_day_month(day)} {day.year}" if day.year != self.today.year else _day_month(day)


def _day_month(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


def _seconds(local: datetime) -> str:
    return f"{local.hour:02}:{local.minute:02}:{local.second:02}"


def _abbreviation(local: datetime) -> str:
    # Zones without letters are called by their offset, "+03"; that says less than UTC+03.
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name
