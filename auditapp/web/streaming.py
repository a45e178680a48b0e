"""Answers that are sent while they are made: CSV and JSON Lines, in flat memory."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import orjson
from django.http import StreamingHttpResponse

from auditapp.lib.csv_safe import csv_cell

CHUNK_BYTES = 64 * 1024


def stream_file(
    lines: Callable[[], Iterable[bytes]],
    *,
    inside: Callable[[], AbstractContextManager[Any]],
    filename: str,
    content_type: str,
) -> StreamingHttpResponse:
    """A download whose lines are made while it is sent.

    Takes:   lines, called once the sending starts; inside, what must be open meanwhile, such as the workspace's own
             transaction: by then the one of the view is closed. filename, of our own making
    """
    response = StreamingHttpResponse(_chunks(lines, inside), content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["X-Accel-Buffering"] = "no"
    return response


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    """RFC 4180 with CRLF; cells that a spreadsheet would run are made text."""
    writer = csv.writer(_Echo())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow(["" if cell is None else csv_cell(str(cell)) for cell in row])


def json_lines(rows: Iterable[Any]) -> Iterator[bytes]:
    """One JSON value a line."""
    return (orjson.dumps(row) + b"\n" for row in rows)


def _chunks(lines: Callable[[], Iterable[bytes]], inside: Callable[[], AbstractContextManager[Any]]) -> Iterator[bytes]:
    """Lines in chunks: one write to the socket for each line would take longer than making it."""
    with inside():
        waiting: list[bytes] = []
        size = 0
        for line in lines():
            waiting.append(line)
            size += len(line)
            if size >= CHUNK_BYTES:
                yield b"".join(waiting)
                waiting, size = [], 0
        if waiting:
            yield b"".join(waiting)


class _Echo:
    """A file for csv.writer that gives back each line instead of keeping it."""

    def write(self, line: str) -> bytes:
        return line.encode("utf-8", "backslashreplace")
