"""The time zone of a page: UTC, the workspace's, or that of the viewer's browser; chosen by link, kept in a cookie, said in the URL.

Without a choice it is the workspace's, so that a link without `tz` shows everybody the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

from auditapp.lib import clock
from auditapp.trail.address import Address
from auditapp.trail.moments import UTC_ZONE, PageTime, zone_named

UTC: Final = "utc"  # as the URL says it
KEPT, HERE = "tz", "tz_here"  # cookies that trail_zones.js writes: what was chosen, and what the browser says


@dataclass(frozen=True, slots=True)
class ZoneChoice:
    """One zone to choose: `value` is what the URL says and the cookie keeps."""

    value: str
    name: str
    note: str
    address: Address
    is_current: bool


def settled(address: Address, cookies: Mapping[str, str], home: ZoneInfo) -> Address:
    """The address with the zone that the viewer keeps where it says none; without one that goes without saying."""
    said, kept = "".join(address.values("tz")[:1]), cookies.get(KEPT, "")
    kept = kept if is_zone(kept) else ""
    usual = zone_of(kept, home)
    if said and is_zone(said) and zone_of(said, home) == usual == home:
        # Not `without`, which is for links: words typed into a dropdown stay.
        return replace(address, pairs=tuple(pair for pair in address.pairs if pair[0] != "tz"))
    return address if said or usual == home else address.having("tz", kept)


def is_zone(value: str) -> bool:
    """Whether this is a zone as the URL may say it."""
    return value == UTC or (bool(value) and zone_named(value).key == value)


def zone_of(value: str, home: ZoneInfo) -> ZoneInfo:
    """The zone that the URL says; the workspace's where it says none."""
    return UTC_ZONE if value == UTC else zone_named(value) if value and is_zone(value) else home


def zone_choices(address: Address, cookies: Mapping[str, str], home: ZoneInfo, current: ZoneInfo) -> list[ZoneChoice]:
    """The zones offered, each once: the workspace's, the browser's where it is known, UTC."""
    now = clock.now()
    here = cookies.get(HERE, "")
    rows = [(home, "The workspace's"), (UTC_ZONE, "The same for everybody")]
    if is_zone(here):
        rows.insert(1, (zone_named(here), "Of this browser"))
    found: dict[str, ZoneChoice] = {}
    for zone, note in rows:
        value = UTC if zone.key == UTC_ZONE.key else zone.key
        name = PageTime(zone, now).zone_name
        found.setdefault(zone.key, ZoneChoice(value, name, note, address.having("tz", value), zone.key == current.key))
    if current.key not in found:
        name = PageTime(current, now).zone_name
        found[current.key] = ZoneChoice(current.key, name, "Of this link", address, is_current=True)
    return list(found.values())
