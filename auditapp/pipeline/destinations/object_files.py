"""Files of a batch for a bucket: JSON Lines or CEF, packed, or Parquet. The same events give the same bytes."""

import gzip
from collections.abc import Sequence
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from auditapp.pipeline.destinations.kind import Outgoing
from auditapp.pipeline.formats.reading import read, text
from auditapp.pipeline.formats.rendering import Format

if TYPE_CHECKING:
    from arro3.core import Array, Schema

HOW_TO_INSTALL: Final = "pip install 'audit-trail[parquet]'"
# What is asked for most stands in columns; the event as it is formatted is whole in the last one.
COLUMNS: Final = ("message_id", "received_at", "occurred_at", "type", "name", "actor_id", "resource_id", "payload")
_MOMENTS: Final = frozenset({"received_at", "occurred_at"})


def has_parquet() -> bool:
    """Whether the extra is installed."""
    return find_spec("arro3") is not None and all(find_spec(f"arro3.{name}") is not None for name in ("core", "io"))


def packed_lines(items: Sequence[bytes]) -> bytes:
    """The items, one a line, as gzip without a time in it."""
    return gzip.compress(b"".join(item + b"\n" for item in items), 6, mtime=0)


def extension_of(form: Format) -> str:
    """How the file of `packed_lines` is called."""
    return "log.gz" if form is Format.CEF else "jsonl.gz"


def parquet_of(events: Sequence[Outgoing], items: Sequence[bytes]) -> bytes:
    """The events as a table of COLUMNS. Its extra must be installed."""
    from arro3.core import DataType, Field, RecordBatch, RecordBatchReader, Schema
    from arro3.io import write_parquet

    moment = DataType.timestamp("us", tz="UTC")
    types = [moment if name in _MOMENTS else DataType.utf8() for name in COLUMNS]
    schema = Schema([Field(name, kind, nullable=False) for name, kind in zip(COLUMNS, types, strict=True)])
    rows = [_row(outgoing, item) for outgoing, item in zip(events, items, strict=True)]
    batch = RecordBatch.from_arrays(_arrays(rows, schema), schema=schema)
    file = BytesIO()
    write_parquet(RecordBatchReader.from_batches(schema, [batch]), file, compression="zstd(3)")
    return file.getvalue()


def _row(outgoing: Outgoing, item: bytes) -> tuple[Any, ...]:
    facts = read(outgoing.event)
    return (
        outgoing.message_id,
        round(outgoing.received_at.timestamp() * 1_000_000),
        round(facts.at.timestamp() * 1_000_000),
        text(outgoing.event.get("type")),
        facts.name,
        facts.actor.id,
        facts.resource.id,
        item.decode(),
    )


def _arrays(rows: Sequence[tuple[Any, ...]], schema: "Schema") -> "list[Array]":
    from arro3.core import Array, DataType

    arrays = []
    for name, cells in zip(COLUMNS, zip(*rows, strict=True), strict=True):
        if name in _MOMENTS:
            arrays.append(Array(list(cells), DataType.int64()).cast(schema.field(name).type))
        else:
            arrays.append(Array(list(cells), DataType.utf8()))
    return arrays
