"""The key of a page: the moment and id of the event where it starts or ends, as plain text for the URL.

It grants nothing: every page is filtered for its viewer again.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import UUID_WIDTH, base62, uuid_from_base62

_SHAPE = re.compile(
    rf"(\d{{4}})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{{6}})Z-([0-9A-Za-z]{{{UUID_WIDTH}}})",
    re.ASCII,
)


class PageKey(NamedTuple):
    """A place between events; compares as the events are ordered, oldest first."""

    occurred_at: datetime
    event_id: UUID

    def __str__(self) -> str:
        """`20261124T133555.123456Z-` + 22 base62 characters: safe in a URL, sorts as the places do."""
        moment = utc_text(self.occurred_at).replace("-", "").replace(":", "")
        return f"{moment}-{base62(self.event_id.int, width=UUID_WIDTH)}"


def parse_page_key(text: str) -> PageKey:
    """The place that a page key names.

    Raises:  Invalid
    """
    found = _SHAPE.fullmatch(text)
    try:
        if found is not None:
            year, month, day, hour, minute, second, micro, event_id = found.groups()
            moment = datetime(
                int(year), int(month), int(day), int(hour), int(minute), int(second), int(micro), tzinfo=UTC
            )
            return PageKey(moment, uuid_from_base62(event_id))
    except ValueError:  # 30 February, or an id above 2**128
        pass
    raise Invalid("This page link is damaged. Start again from the first page.", code="bad_page_key")
