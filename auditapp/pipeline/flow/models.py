"""What single transformations, filters and functions did, by the hour."""

from django.db import models


class StageCount(models.Model):
    """How many events one item of the pipeline changed or stopped within an hour.

    `destination_id` is "" for what happens at the source, once for all destinations. `item_id` is the id of the transformation,
    filter or function; `outcome` is "applied", or the code by which an event went no further.
    """

    pk = models.CompositePrimaryKey("workspace_id", "source_id", "destination_id", "hour", "item_id", "outcome")
    workspace_id = models.BigIntegerField()
    source_id = models.TextField()
    destination_id = models.TextField(default="")
    hour = models.DateTimeField()
    item_id = models.TextField()
    outcome = models.TextField()
    events = models.BigIntegerField()

    class Meta:
        db_table = "stage_count"
