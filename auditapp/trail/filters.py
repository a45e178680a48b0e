"""What the trail's URL asks for, parsed and checked by django-filter.

There is no QuerySet of events: each filter narrows an EventFilter in its place, and `record` answers it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django_filters import Filter, FilterSet  # type: ignore[import-untyped]

from auditapp.lib.errors import Invalid
from auditapp.lib.ids import parse_event_key
from auditapp.lib.keyset import PageKey, parse_page_key
from auditapp.record.event_filter import Choice, EventFilter, Word
from auditapp.record.query_language import CLOSED, QueryProblem, unknown_value, words_of
from auditapp.record.token_query import token_query
from auditapp.record.viewer import Viewer
from auditapp.trail.address import NOT, UNFOLDED, Address
from auditapp.trail.zones import is_zone, zone_of

MAX_VALUES: Final = 200
MAX_LENGTH: Final = 300
FIRST_YEAR, LAST_YEAR = 1970, 2200
# Stands for an id that cannot be one: no event is found by it, and the page says so.
NO_EVENT: Final = UUID(int=0)
# What the page calls each key when it says what is wrong with it.
LABELS: Final = {
    "event": "Events",
    "area": "Areas",
    "actor": "Actors",
    "actor_kind": "Done by",
    "resource": "Resources",
    "target": "Targets",
    "risk": "Risk",
    "outcome": "Outcome",
    "ip": "Source IP",
    "support": "Done as support by",
    "token": "Access token",
    "request": "Request",
    "session": "Session",
    "reason": "Reason",
    "q": "Search",
    "from": "From",
    "to": "To",
    "reads": "Read events",
    "tz": "Time zone",
    "fold": "Fold retries",
    "older": "Page",
    "newer": "Page",
    "top": "Page",
    "jump": "Go to a day",
}
# Only asks whether a filter can be searched at all, which does not depend on who searches.
ANYBODY: Final = Viewer(0, sees_all=True, sees_personal=True)


class ValuesField(forms.Field):
    """A key that may be repeated: any of its values, none of those that begin with `!`."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Sequence[str] | None) -> Choice:
        values = [text for text in value or () if text]
        if len(values) > MAX_VALUES:
            raise forms.ValidationError(f"Choose at most {MAX_VALUES} values.")
        if any(len(text) > MAX_LENGTH or "\0" in text for text in values):
            raise forms.ValidationError("One of these values is too long to be in the trail.")
        out = tuple(text.removeprefix(NOT) for text in values if text.startswith(NOT))
        return Choice(tuple(text for text in values if not text.startswith(NOT)), out)


class OneOfField(ValuesField):
    """Some of the few values that a key of the query language has."""

    def __init__(self, key: str) -> None:
        super().__init__(required=False)
        self.key = key

    def clean(self, value: Sequence[str] | None) -> Choice:
        choice = super().clean(value)
        for text in (*choice.include, *choice.exclude):
            if text not in CLOSED[self.key]:
                raise forms.ValidationError(unknown_value(self.key, text))
        return choice


class AddressesField(ValuesField):
    """IP addresses and ranges."""

    def clean(self, value: Sequence[str] | None) -> Choice:
        choice = super().clean(value)
        for text in (*choice.include, *choice.exclude):
            _check_address(text)
        _check_search(EventFilter(ips=choice))
        return choice


class WordsField(forms.CharField):
    """Free text as words."""

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: Any) -> tuple[Word, ...]:
        text = super().clean(value)
        if len(text) > MAX_LENGTH:
            raise forms.ValidationError(f"Search for at most {MAX_LENGTH} characters of text; these are {len(text):,}.")
        words = words_of(text)
        if text and not words:
            raise forms.ValidationError("Write a word, a name, an id or an address to search for.")
        _check_search(EventFilter(words=words))
        return words


class DayField(forms.Field):
    """A day, or a minute of one: `2026-11-01` or `2026-11-01T14:30`. Gives a date or a naive datetime."""

    def clean(self, value: str | None) -> date | datetime | None:
        text = (value or "").strip()
        for length, parse in ((10, date.fromisoformat), (16, datetime.fromisoformat)):
            if len(text) == length:
                try:
                    found = parse(text)
                except ValueError:
                    break
                if FIRST_YEAR <= found.year <= LAST_YEAR:
                    return found
        if text:
            raise forms.ValidationError("Write a day such as 2026-11-01, or a minute such as 2026-11-01T14:30.")
        return None


class PageKeyField(forms.Field):
    """The key of a page's edge."""

    def clean(self, value: str | None) -> PageKey | None:
        try:
            return parse_page_key(value) if value else None
        except Invalid as damaged:
            raise forms.ValidationError(damaged.message) from None


class ZoneField(forms.Field):
    """`utc`, or the IANA name of a time zone."""

    def __init__(self) -> None:
        super().__init__(required=False)

    def clean(self, value: str | None) -> str:
        if value and not is_zone(value):
            raise forms.ValidationError("There is no time zone of this name. Write utc, or a name such as Europe/Oslo.")
        return value or ""


class FoldField(forms.Field):
    """Whether attempts of one task are one row; they are where nothing is said."""

    def clean(self, value: str | None) -> bool:
        if value and value != UNFOLDED:
            raise forms.ValidationError(f"Write {UNFOLDED}, or leave it out.")
        return not value


class TrailForm(forms.Form):
    """What is in the URL beside filters, and what only shows when all is seen together."""

    tz = ZoneField()
    fold = FoldField()
    older = PageKeyField()
    newer = PageKeyField()
    top = PageKeyField()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = cleaned.get("from"), cleaned.get("to")
        if first and last and _start(first) >= _end(last):
            self.add_error("to", "This is before the range begins.")
        if cleaned.get("older") and cleaned.get("newer"):
            self.add_error("newer", "A page is older or newer than another, not both.")
        return cleaned


class DimensionFilter(Filter):  # type: ignore[misc]
    """One dimension of the EventFilter, taken as its field cleaned it."""

    def __init__(self, dimension: str, make_field: Callable[[], forms.Field]) -> None:
        super().__init__()
        self.dimension = dimension
        self.make_field = make_field

    @property
    def field(self) -> forms.Field:
        return self.make_field()

    def filter(self, wanted: EventFilter, value: Any) -> EventFilter:
        return replace(wanted, **{self.dimension: self.read(value)}) if value else wanted

    def read(self, value: Any) -> Any:
        return value


class MomentFilter(DimensionFilter):
    """An end of the range, as a day or minute of the page's zone: `to` includes the whole of it."""

    def read(self, value: date | datetime) -> datetime:
        naive = _start(value) if self.dimension == "since" else _end(value)
        return naive.replace(tzinfo=self.parent.zone).astimezone(UTC)


def _values() -> forms.Field:
    return ValuesField(required=False)


class TrailFilterSet(FilterSet):  # type: ignore[misc]
    """The filters of the list, the export and its counts, by the keys of the URL."""

    class Meta:
        form = TrailForm

    def __init__(self, data: QueryDict, *, zone: ZoneInfo) -> None:
        super().__init__(data, queryset=_NoTable())
        self.zone = zone_of(data.get("tz", ""), zone)

    @classmethod
    def get_filters(cls) -> dict[str, Filter]:
        # In a table, since `from` cannot be the name of an attribute.
        return {
            "event": DimensionFilter("types", _values),
            "area": DimensionFilter("areas", lambda: OneOfField("area")),
            "actor": DimensionFilter("actors", _values),
            "actor_kind": DimensionFilter("actor_kinds", lambda: OneOfField("actor_kind")),
            "resource": DimensionFilter("resources", _values),
            "target": DimensionFilter("target_ids", _values),
            "risk": DimensionFilter("risks", lambda: OneOfField("risk")),
            "outcome": DimensionFilter("outcomes", lambda: OneOfField("outcome")),
            "ip": DimensionFilter("ips", lambda: AddressesField(required=False)),
            "support": DimensionFilter("behind", _values),
            "token": DimensionFilter("tokens", _values),
            "request": DimensionFilter("requests", _values),
            "session": DimensionFilter("sessions", _values),
            "reason": DimensionFilter("reasons", _values),
            "q": DimensionFilter("words", WordsField),
            "from": MomentFilter("since", lambda: DayField(required=False)),
            "to": MomentFilter("until", lambda: DayField(required=False)),
            "reads": DimensionFilter("with_reads", lambda: forms.BooleanField(required=False)),
        }

    def filter_queryset(self, wanted: EventFilter) -> EventFilter:
        """The filter narrowed by every value that is sound."""
        for name, value in self.form.cleaned_data.items():
            if name in self.filters:
                wanted = self.filters[name].filter(wanted, value)
        return wanted


class _NoTable:
    """Stands where django-filter expects a QuerySet, of which it only asks the model."""

    model = None


@dataclass(frozen=True, slots=True)
class TrailQuery:
    """What one request asks: the filter, the page of it, the event that is open beside it, and what was wrong by key.

    `typed` is what stood in the query box, where that is what was asked, and `problems` what was wrong with it.
    """

    address: Address
    wanted: EventFilter
    zone: ZoneInfo
    older: PageKey | None = None
    newer: PageKey | None = None
    open: UUID | None = None
    errors: dict[str, str] = field(default_factory=dict)
    typed: str | None = None
    problems: tuple[QueryProblem, ...] = ()
    is_folded: bool = True
    top: PageKey | None = None

    @property
    def error_notes(self) -> list[tuple[str, str]]:
        """Label and message of what was wrong; the search field is always in sight and says its own."""
        return [(LABELS[key], message) for key, message in self.errors.items() if key != "q"]

    @property
    def is_sound(self) -> bool:
        return not self.errors and not self.problems


def read_query(address: Address, *, zone: ZoneInfo) -> TrailQuery:
    """What an address asks for; what is wrong with it is named by key and left out of the filter."""
    data = QueryDict(mutable=True)
    for key, value in address.pairs:
        data.appendlist(key, value)
    filters = TrailFilterSet(data, zone=zone)
    errors = {name: " ".join(found) for name, found in filters.errors.items()}
    cleaned = filters.form.cleaned_data
    return TrailQuery(
        address,
        filters.filter_queryset(EventFilter()),
        filters.zone,
        cleaned.get("older"),
        cleaned.get("newer"),
        _event_id(data.get("open", "")),
        errors,
        is_folded=cleaned.get("fold", True),
        top=cleaned.get("top"),
    )


def jump_key(text: str, *, zone: ZoneInfo) -> PageKey:
    """The key of the page whose first event is the last one of a day, or the nearest before it.

    Raises:  Invalid
    """
    try:
        day = DayField().clean(text)
    except forms.ValidationError as wrong:
        raise Invalid(" ".join(wrong.messages), field="jump") from None
    if day is None:
        raise Invalid("Choose a day.", field="jump")
    return PageKey(_end(day).replace(tzinfo=zone).astimezone(UTC), NO_EVENT)


def _event_id(text: str) -> UUID | None:
    try:
        return parse_event_key(text) if text else None
    except Invalid:
        return NO_EVENT


def _start(moment: date | datetime) -> datetime:
    return moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)


def _end(moment: date | datetime) -> datetime:
    """The first moment after this day or minute."""
    return _start(moment) + (timedelta(minutes=1) if isinstance(moment, datetime) else timedelta(days=1))


def _check_address(text: str) -> None:
    """Say what is wrong with an address in the words of whoever typed it."""
    try:
        version = ip_address(text.partition("/")[0]).version
    except ValueError:
        raise forms.ValidationError("Write an address such as 203.0.113.7 or a range such as 203.0.113.0/24.") from None
    try:
        ip_network(text, strict=False)
    except ValueError:
        longest, example = (32, "203.0.113.0/24") if version == 4 else (128, "2001:db8::/48")
        raise forms.ValidationError(f"A range ends in /0 to /{longest}, for example {example}.") from None


def _check_search(wanted: EventFilter) -> None:
    try:
        token_query(wanted, ANYBODY)
    except Invalid as refused:
        raise forms.ValidationError(refused.message) from None
