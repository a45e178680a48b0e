"""The arithmetic of time: when a threshold is reached, how long it was quiet, and when a message may go out. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

# A storm is one message: at most so often a rule speaks.
COLLAPSE: Final = timedelta(minutes=5)


def counted(
    times: Sequence[datetime], moment: datetime, *, threshold: int, window: timedelta
) -> tuple[list[datetime], bool]:
    """The times that still count once an event came, and whether the threshold is reached; then counting begins anew.

    Events may come in another order than they happened in.
    """
    newest = max([moment, *times])
    kept = sorted(one for one in (*times, moment) if one > newest - window)
    return ([], True) if len(kept) >= threshold else (kept, False)


def reached_at(moments: Iterable[tuple[datetime, str]], *, threshold: int, window: timedelta) -> list[datetime]:
    """When a threshold would have been reached by these events, given with the key that they are counted by, oldest first."""
    kept: dict[str, list[datetime]] = {}
    reached = []
    for moment, key in moments:
        kept[key], is_reached = counted(kept.get(key, ()), moment, threshold=threshold, window=window)
        if is_reached:
            reached.append(moment)
    return reached


def silent_at(moments: Iterable[datetime], *, since: datetime, until: datetime, window: timedelta) -> list[datetime]:
    """When a silence would have been told of between two moments, by the times of events, oldest first."""
    found, last = [], since
    for moment in (*moments, until):
        if moment - last >= window:
            found.append(last + window)
        last = max(last, moment)
    return found


def may_be_sent_at(
    now: datetime, *, last_sent: datetime | None, quiet_from: time | None, quiet_to: time | None, zone: ZoneInfo
) -> datetime:
    """The first moment at which a rule may speak: not again within five minutes, and not in its quiet hours."""
    at = max(now, last_sent + COLLAPSE) if last_sent else now
    if quiet_from is None or quiet_to is None or quiet_from == quiet_to:
        return at
    local = at.astimezone(zone)
    clock = local.time()
    is_over_night = quiet_from > quiet_to
    has_begun, is_over = clock >= quiet_from, clock >= quiet_to
    if not (has_begun or not is_over if is_over_night else has_begun and not is_over):
        return at
    day = local.date() + timedelta(days=1 if is_over_night and clock >= quiet_from else 0)
    return datetime.combine(day, quiet_to, tzinfo=zone).astimezone(at.tzinfo)
