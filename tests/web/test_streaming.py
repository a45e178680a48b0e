"""Downloads that are made while they are sent."""

import csv
import io
from contextlib import contextmanager

import pytest

from auditapp.web.streaming import CHUNK_BYTES, csv_lines, json_lines, stream_file


def test_lines_are_made_only_while_what_they_need_is_open():
    steps = []

    @contextmanager
    def inside():
        steps.append("open")
        yield
        steps.append("closed")

    def lines():
        steps.append("first")
        yield b"one\n"
        yield b"two\n"

    response = stream_file(lines, inside=inside, filename="events.csv", content_type="text/csv")
    assert steps == []
    assert b"".join(response.streaming_content) == b"one\ntwo\n"
    assert steps == ["open", "first", "closed"]
    assert response["Content-Disposition"] == 'attachment; filename="events.csv"'


def test_a_reader_that_leaves_closes_what_was_open():
    closed = []

    @contextmanager
    def inside():
        try:
            yield
        finally:
            closed.append(True)

    endless = iter(lambda: b"x" * CHUNK_BYTES, None)
    response = stream_file(lambda: endless, inside=inside, filename="x", content_type="text/plain")
    next(iter(response.streaming_content))
    response.close()
    assert closed == [True]


def test_many_lines_are_sent_in_few_chunks():
    lines = [b"x" * 100] * 2_000

    @contextmanager
    def inside():
        yield

    chunks = list(stream_file(lambda: lines, inside=inside, filename="x", content_type="text/plain").streaming_content)
    assert sum(map(len, chunks)) == 200_000
    assert len(chunks) == 4


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@sum", "\t=1"])
def test_csv_defuses_formulas(formula):
    written = b"".join(csv_lines(["name"], [[formula]])).decode()
    assert list(csv.reader(io.StringIO(written, newline="")))[1] == [f"'{formula}"]


def test_csv_keeps_line_breaks_quotes_and_nothing():
    written = b"".join(csv_lines(["a", "b"], [['say "hi",\nthen go', None]])).decode()
    assert list(csv.reader(io.StringIO(written, newline=""))) == [["a", "b"], ['say "hi",\nthen go', ""]]


def test_json_lines_hold_one_value_each():
    assert b"".join(json_lines([{"a": "x\ny"}, 2])) == b'{"a":"x\\ny"}\n2\n'
