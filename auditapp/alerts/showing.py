"""A rule as the pages show it: in words, with its bars of 30 days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from auditapp.alerts.models import AlertRule
from auditapp.alerts.seen import Fared
from auditapp.alerts.telling import when_words
from auditapp.trail.moments import PageTime

HEIGHT: Final = 18.0
LEAST: Final = 3.0
STEP: Final = 100 / 30


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: where its bar begins and how high it is; a day without firings is a line."""

    x: str
    y: str
    height: str
    is_hit: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule in words. `channels` are icons and names. `is_partly` where it watches more than the viewer sees, `is_hidden` where that leaves
    no number to show.
    """

    rule: AlertRule
    owner: str
    when: str
    channels: tuple[tuple[str, str], ...]
    quiet: str
    fired: str
    total: int
    bars: tuple[Bar, ...]
    can_change: bool
    is_partly: bool = False
    is_hidden: bool = False


def row_of(rule: AlertRule, how: Fared, people: Mapping[str, str], time: PageTime, *, can_change: bool) -> RuleRow:
    """A rule and how it fared."""
    fired = f"{time.ago(how.last_at)}, {how.total:,} in 30 d" if how.last_at else "Not yet"
    if how.is_hidden:
        fired = "At nothing that your roles show"
    quiet = f"Quiet from {rule.quiet_from:%H:%M} to {rule.quiet_to:%H:%M}" if rule.quiet_from and rule.quiet_to else ""
    owner = people.get(rule.owner_id, "A former member") if rule.owner_id != "system" else "Audit Trail"
    return RuleRow(
        rule,
        owner,
        when_words(rule),
        tuple(_channels(rule, people)),
        quiet,
        fired,
        how.total,
        spark_of(how.days),
        can_change,
        how.is_partly,
        how.is_hidden,
    )


def spark_of(days: Sequence[int]) -> tuple[Bar, ...]:
    """The bars of 30 days."""
    most = max(days, default=0)
    bars = []
    for number, count in enumerate(days):
        height = LEAST + (HEIGHT - LEAST) * count / most if count else 1.0
        bars.append(Bar(f"{number * STEP:.2f}%", f"{HEIGHT - height:.1f}", f"{height:.1f}", bool(count)))
    return tuple(bars)


def _channels(rule: AlertRule, people: Mapping[str, str]) -> list[tuple[str, str]]:
    found = []
    named = [people[one] for one in rule.told_ids if one in people]
    if named:
        told = named[0] if len(named) == 1 else f"{named[0]} and {len(named) - 1} more"
        found += [("mail", told)] if rule.by_email else []
        found += [("bell", told)] if rule.by_bell else []
    if rule.has_slack:
        found.append(("chat", "Slack"))
    if rule.webhook_url:
        found.append(("bolt", urlsplit(rule.webhook_url).hostname or "Webhook"))
    return found
