"""What is done to the messages of a destination: each by the event that it is for. Over the API they are a setting like others."""

from dataclasses import replace
from typing import Final

from django.db import transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import NotFound
from auditapp.lib.ids import random_base62
from auditapp.pipeline.destinations.kind import Outgoing, Sent
from auditapp.pipeline.destinations.message_preview import event_like
from auditapp.pipeline.destinations.messages import MESSAGES, Message, checked_message, messages_of
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destination_for
from auditapp.pipeline.destinations.registry import destination_kind
from auditapp.pipeline.destinations.services import change_destination, destination_to_change
from auditapp.pipeline.destinations.setup import setup_of
from auditapp.pipeline.destinations.telling import properties_of
from auditapp.pipeline.destinations.testing import record_test, try_once
from auditapp.sources.models import Source

TEST: Final = "Test: "


@transaction.atomic
def save_message(*, destination_id: str, event: str, text: str, instead_of: str = "") -> Destination:
    """Give the events of a type, or of a pattern, a message of their own.

    Takes:   instead_of, the event whose message this is now, "" for a new one
    Raises:  NotFound, Denied, Invalid
    Writes:  Destination; destination.modified, unless nothing differs
    """
    destination = _with_messages(destination_id)
    message = checked_message(event, text)
    kept = messages_of(destination.settings)
    if instead_of:
        place = _place(kept, instead_of)
        return _keep(destination, [*kept[:place], message, *kept[place + 1 :]])
    return _keep(destination, [*kept, message])


@transaction.atomic
def remove_message(*, destination_id: str, event: str) -> Destination:
    """Tell such events as all others again.

    Raises:  NotFound, Denied
    Writes:  Destination; destination.modified
    """
    destination = _with_messages(destination_id)
    kept = messages_of(destination.settings)
    place = _place(kept, event)
    return _keep(destination, [*kept[:place], *kept[place + 1 :]])


def send_message_test(*, destination_id: str, event: str, text: str) -> Sent:
    """Send one message now, marked as a test, as it reads with the event of the preview. Nothing is saved by it.

    Raises:  NotFound, Denied, Invalid, SecretBoxLocked
    Writes:  destination.test_sent
    """
    access = acting_access()
    destination = destination_for(access, destination_id)
    source = Source.objects.get(workspace_id=access.workspace_id, id=destination.source_id)
    access.require(Permission.SOURCE_WRITE, source)
    message = checked_message(event, text)
    found = event_like(destination, source, message.event).event
    setup = setup_of(destination)
    marked = [{"event": "*", "text": TEST + message.text}]
    message_id = f"test-{random_base62(16)}"
    told_apart = {**found, "messageId": message_id, "properties": {**properties_of(found), "test": True}}
    sent = try_once(
        destination_kind(destination.kind),
        replace(setup, settings={**setup.settings, MESSAGES: marked}),
        destination,
        Outgoing(0, message_id, clock.now(), told_apart),
    )
    with transaction.atomic():
        record_test(destination_to_change(destination_id), sent)
    return sent


def _with_messages(destination_id: str) -> Destination:
    destination = destination_to_change(destination_id)
    if not destination_kind(destination.kind).has_messages:
        raise NotFound
    return destination


def _place(kept: list[Message], event: str) -> int:
    for place, one in enumerate(kept):
        if one.event.casefold() == event.strip().casefold():
            return place
    raise NotFound


def _keep(destination: Destination, messages: list[Message]) -> Destination:
    return change_destination(
        destination_id=destination.id,
        name=destination.name,
        settings={**destination.settings, MESSAGES: [one._asdict() for one in messages]},
        form=destination.form,
    )
