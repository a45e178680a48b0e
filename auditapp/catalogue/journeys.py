"""Event types of Journeys and Broadcasts: what is sent to customers, one by one or to many at once.

The names are this product's own; Segment's are not public.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target, attempt, reason
from auditapp.catalogue.types import EventType

_journey = partial(declaring.declare, area="journeys")
_broadcast = partial(declaring.declare, area="broadcasts")

_JOURNEY = Target("journey", "jny_8iVo2CtGwE5kXq9LaRz4Nf", "Spring trail winback")
_BROADCAST = Target("broadcast", "brd_3dMs7YuPhK0bJx6SvTe1Wg", "Winter sale")
_AUDIENCE = Target("audience", "aud_2bGq8VsNiZ5tEk0XoWf7Lm", "Lapsed hikers")

_JOURNEYS = (
    _journey("journey.created", "Journey Created", "created {resource}", _JOURNEY),
    _journey(
        "journey.modified",
        "Journey Modified",
        "changed {resource}",
        _JOURNEY,
        Change("steps.2.wait", "Wait of step 2", "1 day", "3 days"),
    ),
    _journey(
        "journey.published",
        "Journey Published",
        "published {resource}",
        _JOURNEY,
        Meta("version", "Version", 3),
        Change("state", "State", "draft", "live"),
    ),
    _journey(
        "journey.paused", "Journey Paused", "paused {resource}", _JOURNEY, Change("state", "State", "live", "paused")
    ),
    _journey(
        "journey.resumed", "Journey Resumed", "resumed {resource}", _JOURNEY, Change("state", "State", "paused", "live")
    ),
    _journey(
        "journey.stopped",
        "Journey Stopped",
        "stopped {resource}",
        _JOURNEY,
        Meta("people", "People who left the journey", 412),
        Change("state", "State", "live", "stopped"),
        like="disabled",
        icon="stop",
        revertible=False,
    ),
    _journey(
        "journey.archived",
        "Journey Archived",
        "archived {resource}",
        _JOURNEY,
        Change("state", "State", "stopped", "archived"),
    ),
    _journey("journey.deleted", "Journey Deleted", "deleted {resource}", _JOURNEY),
    _journey(
        "journey.step_failed",
        "Journey Step Failed",
        "failed to run step {meta.step} of {resource}[ on attempt {meta.attempt}]",
        _JOURNEY,
        Meta("step", "Step", "Send reminder"),
        attempt(5),
        reason("The e-mail provider answered 500"),
    ),
    _journey(
        "journey.step_recovered",
        "Journey Step Recovered",
        "recovered step {meta.step} of {resource}[ on attempt {meta.attempt}]",
        _JOURNEY,
        Meta("step", "Step", "Send reminder"),
        attempt(3),
    ),
)

_BROADCASTS = (
    _broadcast("broadcast.created", "Broadcast Created", "created {resource}", _BROADCAST),
    _broadcast(
        "broadcast.modified",
        "Broadcast Modified",
        "changed {resource}",
        _BROADCAST,
        Change("subject", "Subject", "Winter is here", "Winter sale, two days only"),
    ),
    _broadcast(
        "broadcast.scheduled",
        "Broadcast Scheduled",
        "scheduled {resource} for {meta.send_at}",
        _BROADCAST,
        _AUDIENCE,
        Meta("send_at", "Time", "24 November 2026, 09:00 UTC"),
        Change("state", "State", "draft", "scheduled"),
        like="published",
        icon="calendar",
        revertible=True,
    ),
    _broadcast(
        "broadcast.sent",
        "Broadcast Sent",
        "sent {resource}[ to {target.1}]",
        _BROADCAST,
        _AUDIENCE,
        Meta("recipients", "Recipients", 18_204),
        like="published",
    ),
    _broadcast(
        "broadcast.cancelled",
        "Broadcast Cancelled",
        "cancelled {resource}",
        _BROADCAST,
        Change("state", "State", "scheduled", "draft"),
        like="disabled",
        icon="stop",
    ),
    _broadcast("broadcast.deleted", "Broadcast Deleted", "deleted {resource}", _BROADCAST),
    _broadcast(
        "broadcast.send_failed",
        "Broadcast Send Failed",
        "failed to send {resource}[ to {target.1}][ on attempt {meta.attempt}]",
        _BROADCAST,
        _AUDIENCE,
        attempt(5),
        reason("The e-mail provider answered 500"),
    ),
    _broadcast(
        "broadcast.send_recovered",
        "Broadcast Send Recovered",
        "recovered sending of {resource}[ to {target.1}][ on attempt {meta.attempt}]",
        _BROADCAST,
        _AUDIENCE,
        attempt(2),
    ),
)

TYPES: tuple[EventType, ...] = (*_JOURNEYS, *_BROADCASTS)
