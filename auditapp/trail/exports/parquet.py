"""Parquet files, where the extra `parquet` is installed: the columns of the CSV, each a text but for times and the leaf index.

A Parquet file ends with an index of itself, so it is written in one go, from rows that were gathered chunk by chunk.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, BinaryIO, Final

from auditapp.trail.exports.formats import COLUMNS

if TYPE_CHECKING:
    from arro3.core import RecordBatch, Schema

CONTENT_TYPE: Final = "application/vnd.apache.parquet"
HOW_TO_INSTALL: Final = "pip install 'audit-trail[parquet]'"
NUMBERS: Final = frozenset({"leaf_index"})


def has_parquet() -> bool:
    """Whether the extra is installed."""
    return all(find_spec(name) is not None for name in ("arro3.core", "arro3.io")) if find_spec("arro3") else False


def write_parquet(batches: Iterable[Sequence[Sequence[str]]], to: BinaryIO, metadata: Mapping[str, str]) -> None:
    """Write rows of text cells, a row group a batch, in memory for one of them.

    Takes:   metadata, kept in the file beside its schema
    """
    from arro3.core import DataType, Field, RecordBatchReader, Schema
    from arro3.io import write_parquet as write

    types = [DataType.int64() if name in NUMBERS else DataType.utf8() for name in COLUMNS]
    schema = Schema([Field(name, kind, nullable=True) for name, kind in zip(COLUMNS, types, strict=True)])
    reader = RecordBatchReader.from_batches(schema, _batches(batches, schema))
    write(reader, to, compression="zstd(3)", max_row_group_size=50_000, key_value_metadata=dict(metadata))


def _batches(batches: Iterable[Sequence[Sequence[str]]], schema: "Schema") -> "Iterator[RecordBatch]":
    from arro3.core import Array, DataType, RecordBatch

    for rows in batches:
        columns = []
        for name, cells in zip(COLUMNS, zip(*rows, strict=True), strict=True):
            if name in NUMBERS:
                columns.append(Array([int(cell) if cell else None for cell in cells], DataType.int64()))
            else:
                columns.append(Array(list(cells), DataType.utf8()))
        yield RecordBatch.from_arrays(columns, schema=schema)
