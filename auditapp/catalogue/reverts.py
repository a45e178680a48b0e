"""Event types of reverts in other systems: where they are asked, and what they answered."""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Meta, Target, TaskAttempt, reason
from auditapp.catalogue.types import EventType, Risk

_declare = partial(declaring.declare, area="workspace")

_ORDER = Target("order", "4711", "Order 4711")
_TYPE = Target("event_type", "order.refunded", "order.refunded")
_HOST = Meta("host", "Asked", "orders.halden.example")

TYPES: tuple[EventType, ...] = (
    _declare(
        "audit_event.revert_requested",
        "Audit Event Revert Requested",
        "asked {meta.host} to undo a change of {resource}",
        _ORDER,
        _HOST,
        like="started",
        risk=Risk.NOTABLE,
        icon="undo",
        revertible=False,
    ),
    _declare(
        "audit_event.revert_accepted",
        "Audit Event Reverted Elsewhere",
        "reverted a change of {resource} at {meta.host}",
        _ORDER,
        _HOST,
        Meta("status", "Status", 200),
        like="completed",
        risk=Risk.NOTABLE,
        icon="undo",
    ),
    _declare(
        "audit_event.revert_failed",
        "Audit Event Revert Failed",
        "failed to have a change of {resource} undone[ on attempt {meta.attempt}]",
        _ORDER,
        TaskAttempt(5),
        reason("orders.halden.example answered 503 Service Unavailable"),
    ),
    _declare(
        "audit_event.revert_recovered",
        "Audit Event Revert Recovered",
        "recovered the undoing of a change of {resource}[ on attempt {meta.attempt}]",
        _ORDER,
        TaskAttempt(2),
    ),
    _declare(
        "event_type.revert_callback_added",
        "Revert Callback Added",
        "added {meta.host} as where {resource} is undone",
        _TYPE,
        _HOST,
        risk=Risk.NOTABLE,
        icon="link",
        revertible=False,
    ),
    _declare(
        "event_type.revert_callback_removed",
        "Revert Callback Removed",
        "removed where {resource} is undone",
        _TYPE,
        _HOST,
    ),
)
