"""Cuts a file of any size into its records, in flat memory: JSON Lines, or CloudTrail's {"Records": [...]}; gzip of either.

Records are bytes here; whether they are JSON that can be taken is for lib.strict_json to say.
"""

import gzip
import re
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from io import BufferedReader
from json import JSONDecoder
from typing import Final, NamedTuple

from auditapp.lib.errors import Invalid
from auditapp.lib.strict_json import EVENT_MAX_BYTES

_GZIP: Final = b"\x1f\x8b"
_RECORDS: Final = re.compile(rb'\s*\{\s*"Records"\s*:\s*\[')
_BETWEEN: Final = " \t\r\n,"
_CHUNK: Final = 64 * 1024
_DECODER: Final = JSONDecoder()
File = BufferedReader | gzip.GzipFile


class CutRecord(NamedTuple):
    """A record with its place, from 1: a line, or of {"Records": [...]} an item. Without a body it was too long."""

    place: int
    body: bytes | None


def cut_records(file: BufferedReader) -> Iterator[CutRecord]:
    """The records of a file, empty lines left out.

    Raises:  Invalid, where the rest of the file cannot be read
    """
    try:
        # Whoever opened the file closes it; over a pipe it cannot be read twice, so nothing is closed here.
        reader = gzip.GzipFile(fileobj=file) if file.peek(2).startswith(_GZIP) else file
        if opening := _RECORDS.match(reader.peek(_CHUNK)):
            reader.read(opening.end())
            yield from _items(reader)
        else:
            yield from _lines(reader)
    except (gzip.BadGzipFile, EOFError, zlib.error) as damaged:
        raise Invalid(f"The file is damaged: {damaged}.") from None


def _lines(file: File) -> Iterator[CutRecord]:
    place = 0
    while line := file.readline(EVENT_MAX_BYTES + 1):
        place += 1
        if len(line) > EVENT_MAX_BYTES and not line.endswith(b"\n"):
            while (rest := file.readline(_CHUNK)) and not rest.endswith(b"\n"):
                pass
            yield CutRecord(place, None)
        elif line := line.strip():
            yield CutRecord(place, line)


def _items(file: File) -> Iterator[CutRecord]:
    """The items of an array that has been opened, until it closes."""
    # What is no UTF-8 goes through as it is, so that the record is refused and not the file.
    decoder = getincrementaldecoder("utf-8")("surrogateescape")
    waiting, start, place = "", 0, 0
    while True:
        while start < len(waiting) and waiting[start] in _BETWEEN:
            start += 1
        if waiting.startswith("]", start):
            return
        try:
            _, end = _DECODER.raw_decode(waiting, start)
        except (ValueError, RecursionError):  # cut off, or no JSON: more text tells
            more = decoder.decode(file.read(_CHUNK))
            if not more or len(waiting) - start > EVENT_MAX_BYTES:
                raise Invalid(f"Record {place + 1} cannot be read, nor what follows it.") from None
            waiting, start = waiting[start:] + more, 0
        else:
            place += 1
            yield CutRecord(place, waiting[start:end].encode(errors="surrogateescape"))
            start = end
