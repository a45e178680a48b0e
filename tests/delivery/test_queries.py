"""What the page of a try says of its events: which were in the batch, and what kept the others out."""

import pytest

from auditapp.pipeline.delivery.queries import events_of_attempt
from auditapp.pipeline.destination_filters.services import create_filter
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.models import SeenEvent
from tests.delivery.told import attempts
from tests.factories import acting_as

pytestmark = pytest.mark.commits


def test_each_event_of_a_try_says_whether_it_was_in_the_batch(cast, destination, kind, send, work):
    with acting_as(cast.olga, cast.workspace):
        drop = [{"type": "DROP"}]
        create_filter(destination_id=destination.id, title="No B", condition='event = "B"', actions=drop)
    send("C")
    with in_workspace(cast.workspace.id):
        SeenEvent.objects.filter(name="C").update(is_allowed=False)
    send("A", "B", "D")
    send("C", messageId="c2")
    work()
    (one,) = attempts(destination)
    with in_workspace(cast.workspace.id):
        told = [(tried.stored.name, tried.kept_back) for tried in events_of_attempt(destination, one)]
    assert told == [("C", ""), ("A", ""), ("B", "No B"), ("D", ""), ("C", "event_setting")]
