import re
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib.errors import Invalid
from auditapp.lib.keyset import PageKey, parse_page_key

MOMENT = datetime(2026, 11, 24, 13, 35, 55, 123456, tzinfo=UTC)
PLACES = st.builds(PageKey, st.datetimes(timezones=st.just(UTC)), st.uuids())


def test_page_key_can_be_read_by_people():
    assert str(PageKey(MOMENT, UUID(int=61))) == "20261124T133555.123456Z-000000000000000000000z"


def test_page_key_is_in_utc_whatever_the_zone_of_the_moment():
    in_tokyo = MOMENT.astimezone(timezone(timedelta(hours=9)))
    assert str(PageKey(in_tokyo, UUID(int=0))) == str(PageKey(MOMENT, UUID(int=0)))


@given(PLACES)
def test_page_key_reads_back_and_needs_no_quoting_in_a_url(place):
    assert re.fullmatch(r"[0-9A-Za-z.-]+", str(place))
    assert parse_page_key(str(place)) == place


@given(PLACES, PLACES)
def test_page_keys_sort_as_their_places(one, other):
    assert (str(one) < str(other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20261124T133555.123456Z",
        "20261124T133555Z-" + "0" * 22,
        "20261124T133555.123456-" + "0" * 22,
        "20261124T133555.123456Z-" + "0" * 21,
        "20261124T133555.123456Z-" + "0" * 23,
        "20261124T133555.123456Z-" + "z" * 22,
        "20260230T133555.123456Z-" + "0" * 22,
        "00000101T000000.000000Z-" + "0" * 22,
        "20261124T133560.123456Z-" + "0" * 22,
        "20261124T133555.123456Z-" + "0" * 22 + "\n",
        "٢0261124T133555.123456Z-" + "0" * 22,
        "9" * 30,
    ],
)
def test_damaged_page_key_is_refused(text):
    with pytest.raises(Invalid) as refusal:
        parse_page_key(text)
    assert refusal.value.code == "bad_page_key"
