"""The bytes of an export that is sent while it is made, in flat memory."""

from collections.abc import Callable, Iterator
from typing import Final
from zoneinfo import ZoneInfo

from auditapp.lib.keyset import PageKey
from auditapp.record.export_page import export_page
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.exports.formats import Format
from auditapp.trail.exports.queries import places_told
from auditapp.trail.exports.services import StreamedExport

ROWS_A_PAGE: Final = 1_000


def streamed_lines(
    form: Format, viewer: Viewer, export: StreamedExport, zone: ZoneInfo, *, may_go_on: Callable[[], None]
) -> Iterator[bytes]:
    """The head of the file, then a block of lines for each thousand events, read in transactions of their own.

    Takes:   may_go_on, called before each block inside the workspace; what it raises breaks the file off, which a client can tell
    """
    yield form.head
    key: PageKey | None = None
    while True:
        with in_workspace(viewer.workspace_id):
            may_go_on()
            page = export_page(viewer, export.wanted, start=key, received_until=export.began_at, size=ROWS_A_PAGE)
            leaves = places_told(viewer, page.events)
        yield form.lines(page.events, leaves, zone)
        key = page.end
        if key is None:
            return
