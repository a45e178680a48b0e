"""The whole matrix as JSON, for who checks it without reading Python: `make access-matrix` writes docs/access-matrix.json.

One object a cell: subject, method, path, relation, and the status that is expected. The tests are made from the same cells.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.access import relations as cells_of
from tests.access.account_rows import INSTANCE_ROWS
from tests.access.api_rows import API_ROWS, EVERY_SCOPE, REFUSED
from tests.access.cells import page_of
from tests.access.masked_rows import PARTS
from tests.access.query_rows import API_QUERY_ROWS, QUERY_ROWS
from tests.access.relations import MASKED, WITH_PERSONAL, WITHOUT_PERSONAL, Cell
from tests.access.subjects import SUBJECTS
from tests.access.test_matrix import MATRIX

HOLDS = {
    WITH_PERSONAL: "holds personal data of events",
    WITHOUT_PERSONAL: "holds no personal data of events, neither in the body nor in a header",
}
ANSWER = "status and body as for an id that was never there"


def cells() -> Iterator[Cell]:
    """Every cell: pages and their parts, what is in no workspace, the API."""
    for row in MATRIX:
        for relation in (cells_of.own, cells_of.head, cells_of.foreign, cells_of.unreached, cells_of.named):
            yield from relation(row)
        if cells_of.ends(row):
            yield from cells_of.gone(row, MATRIX)
    for row in [*MATRIX, *PARTS, *API_ROWS]:
        yield from cells_of.masked(row)
    for row in QUERY_ROWS:
        yield from cells_of.queried(row)
    for row in API_QUERY_ROWS:
        yield from cells_of.api_queried(row)
    for name in sorted({row.name for row in MATRIX}):
        yield from cells_of.not_offered(name, MATRIX)
    for outside in INSTANCE_ROWS:
        yield from cells_of.outside(outside)
    for one in API_ROWS:
        for relation in (cells_of.api_own, cells_of.api_foreign, cells_of.api_named, cells_of.api_unreached):
            yield from relation(one)
        if cells_of.api_ends(one):
            yield from cells_of.api_gone(one)
    for path in sorted({cells_of.shape(row.path) for row in API_ROWS}):
        yield from cells_of.api_not_offered(path)


def path_of(row: Any) -> str:
    """The address, with the names of ids in braces."""
    if hasattr(row, "ids"):
        query = getattr(row, "query", "")
        return unquote(page_of(row.name, [f"{{{name}}}" for name in row.ids])) + (f"?{query}" if query else "")
    return f"/api{row.path}" if hasattr(row, "scope") else row.path


def as_json(cell: Cell) -> dict[str, Any]:
    told = {"subject": cell.subject, "method": cell.method, "path": path_of(cell.row), "relation": cell.relation}
    more = {"of": cell.of, "answer": ANSWER} if cell.relation in cells_of.NEVER_WAS else {}
    more |= {"part": cell.row.target} if getattr(cell.row, "target", "") else {}
    more |= {"answer": HOLDS[cell.subject]} if cell.relation == MASKED else {}
    return {**told, "status": cell.status, **more}


def matrix() -> dict[str, Any]:
    """What the file holds."""
    people = {one.key: one.meaning for one in SUBJECTS}
    tokens = {scope: f"a token of an owner with the scope {scope} alone" for scope in EVERY_SCOPE}
    more = {
        "every scope": "a token of an owner with every scope",
        "of milo": "a token with every scope that milo made",
        WITH_PERSONAL: "a Workspace Owner, or a token of theirs with every scope",
        WITHOUT_PERSONAL: "every permission of a Workspace Owner but to see personal data, or such a token of theirs",
        "elsewhere": f"{people['elsewhere']}, or a token of theirs with every scope",
    }
    listed = [as_json(cell) for cell in cells()]
    return {"subjects": people | tokens | REFUSED | more, "cells": listed}


def write(path: str) -> None:
    """All of it to a file."""
    whole = matrix()
    Path(path).write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
    print(f"{len(whole['cells']):,} cells in {path}")  # noqa: T201
