"""Downloads that are made while they are sent."""

from contextlib import contextmanager

from auditapp.web.streaming import CHUNK_BYTES, stream_file


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
