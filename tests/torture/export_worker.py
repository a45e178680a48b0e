"""The product's worker with chunks of a size of the scenario's, so that a small file has many of them; or the broken twin of it.

python -m tests.torture.export_worker ROWS [twin]
"""

import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from unittest.mock import patch

import django
from django.core.management import call_command
from django.db import connection

PAGES_A_CHUNK, LEAST_PAGE = 5, 50
LATE_S = 1.0


def main(rows_a_chunk: int, is_twin: bool) -> None:
    django.setup()
    from auditapp.trail.exports.models import ExportChunk

    keeps_early = patch.object(ExportChunk.objects, "create", _early(ExportChunk.objects.create))
    with chunks_of(rows_a_chunk), keeps_early if is_twin else nullcontext():
        call_command("worker")


def chunks_of(rows: int) -> AbstractContextManager[Any]:
    """Exports that are written in this process have chunks of so many rows."""
    page = max(rows // PAGES_A_CHUNK, min(rows, LEAST_PAGE))
    return patch.multiple("auditapp.trail.exports.writing", ROWS_A_CHUNK=rows, ROWS_A_PAGE=page)


def _early(create: Any) -> Any:
    """Commits a chunk by itself; the position after it follows a moment later."""

    def keep_early(**values: Any) -> None:
        from auditapp.record.workspace_scope import in_workspace

        def keep() -> None:
            try:
                with in_workspace(values["workspace_id"]):
                    create(**values)
            finally:
                connection.close()

        apart = threading.Thread(target=keep)
        apart.start()
        apart.join()
        time.sleep(LATE_S)

    return keep_early


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:] == ["twin"])
