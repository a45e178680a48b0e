from datetime import UTC, datetime, timedelta, timezone
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib import clock
from auditapp.lib.errors import Invalid

MOMENT = datetime(2026, 11, 24, 13, 35, 55, 123456, tzinfo=UTC)


def test_now_is_aware_utc_and_moves():
    first, second = clock.now(), clock.now()
    assert first.tzinfo is UTC
    assert timedelta(0) <= second - first < timedelta(minutes=1)


def fail_tomorrow() -> None:
    with clock.at(MOMENT):
        assert clock.now() == MOMENT
        with clock.at(MOMENT + timedelta(days=1)):
            assert clock.now().day == 25
        assert clock.now() == MOMENT
        raise RuntimeError


def test_clock_can_be_moved_and_comes_back_even_after_an_error():
    with pytest.raises(RuntimeError):
        fail_tomorrow()
    assert clock.now() != MOMENT


def test_moved_clock_answers_in_utc():
    with clock.at(MOMENT.astimezone(timezone(timedelta(hours=9)))):
        assert clock.now().tzinfo is UTC


def test_moving_the_clock_does_not_move_it_for_another_thread():
    seen = []
    with clock.at(MOMENT):
        thread = Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen[0] != MOMENT


def test_naive_moments_are_a_programming_error():
    with pytest.raises(ValueError, match="naive"), clock.at(datetime(2026, 1, 1)):
        pass
    with pytest.raises(ValueError, match="naive"):
        clock.utc_text(datetime(2026, 1, 1))


def test_text_always_has_microseconds_and_z():
    assert clock.utc_text(MOMENT.replace(microsecond=0)) == "2026-11-24T13:35:55.000000Z"
    plus_two = MOMENT.astimezone(timezone(timedelta(hours=2)))
    assert clock.utc_text(plus_two) == "2026-11-24T13:35:55.123456Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_text_reads_back_to_the_same_moment(moment):
    assert clock.parse_utc(clock.utc_text(moment)) == moment


@pytest.mark.parametrize(
    ("text", "seconds_later"),
    [
        ("2026-11-24T13:35:55Z", 0),
        ("2026-11-24t13:35:55.5z", 0.5),
        ("2026-11-24T15:35:55+02:00", 0),
        ("2026-11-24T13:35:55.123456789Z", 0.123456),
    ],
)
def test_rfc_3339_spellings_are_read(text, seconds_later):
    expected = MOMENT.replace(microsecond=0) + timedelta(seconds=seconds_later)
    assert clock.parse_utc(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-24",
        "2026-11-24T13:35:55",  # naive
        "2026-11-24 13:35:55Z",
        "2026-W48-2T13:35:55Z",
        "20261124T133555Z",
        "2026-11-24T13:35Z",
        "2026-11-24T13:35:55,5Z",
        "2026-11-24T13:35:55+02",
        "2026-11-24T13:35:55+24:00",
        "2026-13-24T13:35:55Z",
        "2026-02-30T13:35:55Z",
        "2026-11-24T13:35:60Z",
        "0001-01-01T00:00:00+23:59",  # before the first year in UTC
        "2026-11-24T13:35:55Z\n",
        "٢٠٢٦-11-24T13:35:55Z",
        "1795527355",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(Invalid) as refusal:
        clock.parse_utc(text)
    assert refusal.value.code == "bad_time"
