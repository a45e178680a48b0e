"""How far destinations have been read, what came of each try, what was set aside, and counts by hour."""

from django.db import models

from auditapp.lib import clock


class Delivery(models.Model):
    """One reader of a source's inbox on behalf of a destination: its own, or a replay of a part of the past.

    Everything below `next_index` has been delivered, or an attempt says what became of it. `batch_end` is the end of the batch
    that is being tried, fixed before its first try together with the `batch_version` of the destination, so that every try sends
    the same bytes. What lies below `suspect_end` was refused as a whole: the event that is at fault is looked for by halves.
    A worker holds it until `leased_until`; `lease` goes up with each holder, and a former one's writes find no row.
    """

    pk = models.CompositePrimaryKey("workspace_id", "destination_id", "lane")
    workspace_id = models.BigIntegerField()
    destination_id = models.TextField()
    lane = models.TextField(default="")  # "" for the destination's own, else the id of a replay
    source_id = models.TextField()
    next_index = models.BigIntegerField()
    end_index = models.BigIntegerField(null=True)  # where a replay ends
    only_dead_letters = models.BooleanField(default=False)
    batch_end = models.BigIntegerField(null=True)
    batch_version = models.IntegerField(default=0)
    suspect_end = models.BigIntegerField(default=0)
    failures = models.IntegerField(default=0)  # in a row
    failing_since = models.DateTimeField(null=True)
    last_outcome = models.TextField(default="")
    last_code = models.TextField(default="")
    last_message = models.TextField(default="")
    is_told = models.BooleanField(default=False)  # that it fails was recorded and mailed
    is_expiry_told = models.BooleanField(default=False)  # that what waits will not be kept much longer
    retry_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    lease = models.BigIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "delivery"


class DeliveryAttempt(models.Model):
    """One try of one batch: what was said on both sides, secrets masked, and which events were kept back, and why.

    `skipped` is [{"code", "filter", "message", "indexes"}].
    """

    pk = models.CompositePrimaryKey("workspace_id", "destination_id", "id")
    workspace_id = models.BigIntegerField()
    destination_id = models.TextField()
    id = models.TextField()
    lane = models.TextField(default="")
    at = models.DateTimeField(default=clock.now)
    start = models.BigIntegerField()
    end = models.BigIntegerField()
    events = models.IntegerField()
    batch_id = models.TextField(default="")
    number = models.IntegerField(default=1)  # of the tries of this batch
    outcome = models.TextField()
    code = models.TextField(default="")
    message = models.TextField(default="")
    request = models.TextField(default="")
    answer = models.TextField(default="")
    elapsed_ms = models.IntegerField(default=0)
    oldest_at = models.DateTimeField(null=True)
    skipped = models.JSONField(default=list)

    class Meta:
        db_table = "delivery_attempt"
        indexes = [
            models.Index("workspace_id", "destination_id", "start", name="attempt_by_start"),
            models.Index("workspace_id", "destination_id", models.F("at").desc(), name="attempt_by_time"),
            models.Index("at", name="attempt_by_age"),
        ]

    @property
    def kept_back(self) -> int:
        return sum(len(group["indexes"]) for group in self.skipped)


class DeadLetter(models.Model):
    """An event that a destination refused again and again, set aside so that the others go on. Its payload is kept with it."""

    pk = models.CompositePrimaryKey("workspace_id", "destination_id", "index")
    workspace_id = models.BigIntegerField()
    destination_id = models.TextField()
    index = models.BigIntegerField()
    at = models.DateTimeField(default=clock.now)
    received_at = models.DateTimeField()
    message_id = models.TextField()
    name = models.TextField()
    payload = models.BinaryField()
    tries = models.IntegerField()
    code = models.TextField()
    message = models.TextField()
    request = models.TextField(default="")
    answer = models.TextField(default="")
    replayed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "dead_letter"


class DeliveryCount(models.Model):
    """How many events of a source a destination was given within an hour, or did not get, by why."""

    pk = models.CompositePrimaryKey("workspace_id", "destination_id", "hour", "code")
    workspace_id = models.BigIntegerField()
    destination_id = models.TextField()
    hour = models.DateTimeField()
    code = models.TextField()
    events = models.BigIntegerField()

    class Meta:
        db_table = "delivery_count"


class Replay(models.Model):
    """A part of the past that is sent to a destination again, in order, beside what comes in: asked for, under way, ended."""

    pk = models.CompositePrimaryKey("workspace_id", "destination_id", "id")
    workspace_id = models.BigIntegerField()
    destination_id = models.TextField()
    id = models.TextField()
    only_dead_letters = models.BooleanField(default=False)
    start = models.BigIntegerField()
    end = models.BigIntegerField()
    events = models.BigIntegerField()  # as the plan counted them
    delivered = models.BigIntegerField(default=0)
    asked_by = models.TextField(default="")
    asked_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True)
    is_cancelled = models.BooleanField(default=False)

    class Meta:
        db_table = "replay"
