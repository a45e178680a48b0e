"""How many events of a day were meant for a destination: one that is off is owed none."""

import pytest

from auditapp.pipeline.delivery.health import health_of
from auditapp.pipeline.delivery.replays import set_aside_now
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import disable_destination
from auditapp.record.workspace_scope import in_workspace
from tests.delivery_kinds import BAD
from tests.factories import acting_as

pytestmark = pytest.mark.commits


def figures(destination):
    with in_workspace(destination.workspace_id):
        (health,) = health_of([Destination.objects.get(id=destination.id)])
        return health.delivered, health.dead_letters, health.waiting, health.meant_for_it


def test_what_was_meant_for_a_destination(cast, destination, kind, send, work):
    delivered = kind.always
    kind.always = lambda batch: BAD if any(one.event["event"] == "Bad" for one in batch.events) else delivered
    send("A", "Bad", "B")
    work()
    assert figures(destination) == (1, 0, 2, 3)
    with acting_as(cast.olga, cast.workspace):
        set_aside_now(destination_id=destination.id)
    work()
    assert figures(destination) == (2, 1, 0, 3)
    with acting_as(cast.olga, cast.workspace):
        disable_destination(destination_id=destination.id)
    send("C", "D")
    assert figures(destination) == (2, 1, 2, 3)
