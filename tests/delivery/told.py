"""What delivery wrote down, read anew."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from auditapp.pipeline.delivery.models import DeadLetter, DeliveryAttempt, DeliveryCount
from auditapp.record.workspace_scope import in_workspace
from tests.factories import events_of

# The inbox has partitions for the weeks to come.
START = datetime.now(UTC) + timedelta(days=1)


def attempts(destination):
    with in_workspace(destination.workspace_id):
        return list(DeliveryAttempt.objects.filter(destination_id=destination.id).order_by("at", "id"))


def counts(destination):
    with in_workspace(destination.workspace_id):
        rows = DeliveryCount.objects.filter(destination_id=destination.id).values_list("code", "events")
        return dict(sum((Counter({code: events}) for code, events in rows), Counter()))


def letters(destination):
    with in_workspace(destination.workspace_id):
        return list(DeadLetter.objects.filter(destination_id=destination.id).order_by("index"))


def keys(cast):
    return [one.type.key for one in reversed(events_of(cast.workspace)) if one.type.key.startswith("destination.")]
