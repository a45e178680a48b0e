"""The counts of single items of the pipeline, added in the transaction that already writes what they did."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from auditapp.pipeline.flow.models import StageCount
from auditapp.record.prepared import prepared_cursor
from auditapp.sources.models import Source

APPLIED: Final = "applied"
COUNT = """
INSERT INTO stage_count AS c (workspace_id, source_id, destination_id, hour, item_id, outcome, events)
SELECT %(workspace_id)s, %(source_id)s, %(destination_id)s, date_trunc('hour', %(at)s::timestamptz, 'UTC'), one.item_id, one.outcome, one.events
FROM unnest(%(items)s::text[], %(outcomes)s::text[], %(counts)s::bigint[]) AS one (item_id, outcome, events)
ON CONFLICT (workspace_id, source_id, destination_id, hour, item_id, outcome) DO UPDATE SET events = c.events + EXCLUDED.events
"""


class Done(NamedTuple):
    """What an item did to an event: `outcome` is APPLIED, or the code by which it stopped it."""

    item_id: str
    outcome: str


def count_stages(
    workspace_id: int, source_id: str, counts: Mapping[Done, int], *, at: datetime, destination_id: str = ""
) -> None:
    """Add to the counts of an hour, in the caller's transaction, which holds the head of the source or the destination's lane.

    Writes:  StageCount
    """
    if not counts:
        return
    ordered = sorted(counts.items())  # in one order, so that two transactions never wait for each other's rows
    about = {"workspace_id": workspace_id, "source_id": source_id, "destination_id": destination_id, "at": at}
    columns = {
        "items": [done.item_id for done, _ in ordered],
        "outcomes": [done.outcome for done, _ in ordered],
        "counts": [events for _, events in ordered],
    }
    with prepared_cursor() as cursor:
        cursor.execute(COUNT, about | columns)


def forget_stages(source: Source) -> None:
    """Take the counts of a source away with it.

    Writes:  StageCount
    """
    StageCount.objects.filter(workspace_id=source.workspace_id, source_id=source.id).delete()
