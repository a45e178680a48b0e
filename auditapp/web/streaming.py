"""Answers that are sent while they are made, in flat memory."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from django.http import StreamingHttpResponse

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
