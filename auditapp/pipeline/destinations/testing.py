"""A test event, sent now to a destination as it is set up, past filters and transformations: the proof that it can be turned on."""

from typing import Final

from django.db import transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.clock import utc_text
from auditapp.lib.ids import random_base62
from auditapp.pipeline.destinations.kind import Batch, Kind, Outcome, Outgoing, Sent, Setup
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destination_for
from auditapp.pipeline.destinations.registry import destination_kind
from auditapp.pipeline.destinations.services import destination_to_change
from auditapp.pipeline.destinations.setup import setup_of
from auditapp.record.services import record
from auditapp.sources.models import Source

TEST_EVENT: Final = "Test Event"


def send_test(*, destination_id: str) -> Sent:
    """Send a test event and tell what came of it. One that arrives lets the destination be turned on.

    Nothing is locked while the other side takes its time.

    Raises:  NotFound, Denied, SecretBoxLocked
    Writes:  Destination; destination.test_sent
    """
    access = acting_access()
    destination = destination_for(access, destination_id)
    source = Source.objects.get(workspace_id=access.workspace_id, id=destination.source_id)
    access.require(Permission.SOURCE_WRITE, source)
    kind, setup = destination_kind(destination.kind), setup_of(destination)
    sent = try_once(kind, setup, destination, test_outgoing(destination))
    with transaction.atomic():
        now_is = destination_to_change(destination_id)
        if sent.outcome is Outcome.DELIVERED and now_is.version == destination.version:
            now_is.tested_at = clock.now()
            now_is.save(update_fields=["tested_at"])
        record_test(now_is, sent)
    return sent


def record_test(destination: Destination, sent: Sent) -> None:
    """Tell the trail of a test, in the caller's transaction.

    Writes:  destination.test_sent
    """
    answer = sent.message or sent.code or sent.outcome.value
    outcome = "success" if sent.outcome is Outcome.DELIVERED else "failure"
    record("destination.test_sent", target=destination, meta={"answer": answer[:300]}, outcome=outcome)


def test_outgoing(destination: Destination) -> Outgoing:
    """A track call that tells of nothing that happened, and says so."""
    now = clock.now()
    message_id = f"test-{random_base62(16)}"
    moment = utc_text(now)
    event = {
        "type": "track",
        "event": TEST_EVENT,
        "messageId": message_id,
        "userId": "test-user",
        "timestamp": moment,
        "originalTimestamp": moment,
        "receivedAt": moment,
        "context": {"library": {"name": "audit-trail", "version": "1"}},
        "integrations": {},
        "properties": {
            "test": True,
            "destination": destination.name,
            "text": "A test of the settings. Nothing happened.",
        },
    }
    return Outgoing(0, message_id, now, event)


def try_once(kind: Kind, setup: Setup, destination: Destination, outgoing: Outgoing) -> Sent:
    """Send one event now, as a batch of its own."""
    batch = Batch(
        id=f"dlv_{outgoing.message_id}",
        source_id=destination.source_id,
        destination_id=destination.id,
        start=0,
        end=1,
        events=(outgoing,),
    )
    body = kind.body([kind.item(outgoing, setup)], batch, setup)
    return kind.send(body, batch, setup)
