"""Event types of Destinations, Destination Filters and Transformations: what stands between a source and its readers.

Segment calls a destination an integration in event names; the sentence says destination.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target, attempt, reason, secret
from auditapp.catalogue.types import EventType

_destination = partial(declaring.declare, area="destinations")
_filter = partial(declaring.declare, area="destination_filters")
_transformation = partial(declaring.declare, area="transformations")

_DESTINATION = Target("destination", "dst_9sWk2LcUgN6vAf1QiTb3Zx", "Braze")
_SOURCE = Target("source", "src_3vQk7TzLwR1mYb8NfXc2Hd", "Web shop")
_FILTER = Target("destination_filter", "flt_5oXr8HuDyJ1eKm4NzCw7Gt", "Drop internal traffic")
_TRANSFORMATION = Target("transformation", "trf_0vQi6BaZlS3xMd9UgPf2Yk", "Rename order id")

_DESTINATIONS = (
    _destination(
        "destination.created",
        "Integration Created",
        "created {resource}[ for {target.1}]",
        _DESTINATION,
        _SOURCE,
        Meta("kind", "Destination type", "Braze"),
        aliases=("Destination Created",),
    ),
    _destination(
        "destination.enabled",
        "Integration Enabled",
        "enabled {resource}",
        _DESTINATION,
        Change("enabled", "Enabled", False, True),
        aliases=("Destination Enabled",),
    ),
    _destination(
        "destination.disabled",
        "Integration Disabled",
        "disabled {resource}",
        _DESTINATION,
        Change("enabled", "Enabled", True, False),
        aliases=("Destination Disabled",),
    ),
    _destination(
        "destination.modified",
        "Integration Modified",
        "changed settings of {resource}",
        _DESTINATION,
        Change("settings.url", "URL", "https://old.braze.example", "https://rest.braze.example"),
        secret("settings.api_key", "API key"),
        aliases=("Destination Modified",),
    ),
    _destination(
        "destination.deleted",
        "Integration Deleted",
        "deleted {resource}",
        _DESTINATION,
        aliases=("Destination Deleted",),
    ),
    _destination(
        "destination.mapping_modified",
        "Destination Mapping Modified",
        "changed mapping {meta.mapping} in {resource}",
        _DESTINATION,
        Meta("mapping", "Mapping", "Order Completed"),
        Change("fields.revenue", "Revenue", "properties.total", "properties.revenue"),
    ),
    _destination(
        "destination.secret_rotated",
        "Destination Secret Rotated",
        "rotated the signing secret of {resource}",
        _DESTINATION,
        Meta("overlap_hours", "Hours both secrets work", 24),
        secret("signing_secret", "Signing secret"),
    ),
    _destination(
        "destination.test_sent",
        "Destination Test Event Sent",
        "sent a test event to {resource}",
        _DESTINATION,
        Meta("answer", "Answer", "200 OK"),
        like="started",
        icon="bolt",
    ),
    _destination(
        "destination.paused",
        "Destination Paused",
        "paused delivery to {resource}",
        _DESTINATION,
        reason("The endpoint refused 20 deliveries in a row"),
        Change("paused", "Paused", False, True),
    ),
    _destination(
        "destination.resumed",
        "Destination Resumed",
        "resumed delivery to {resource}",
        _DESTINATION,
        Change("paused", "Paused", True, False),
    ),
    _destination(
        "destination.delivery_failed",
        "Destination Delivery Failed",
        "failed to deliver to {resource}[ on attempt {meta.attempt}]",
        _DESTINATION,
        attempt(9),
        reason("401 Unauthorized"),
        Meta("events", "Events set aside", 12),
    ),
    _destination(
        "destination.delivery_recovered",
        "Destination Delivery Recovered",
        "recovered delivery to {resource}[ on attempt {meta.attempt}]",
        _DESTINATION,
        attempt(4),
    ),
    _destination(
        "destination.event_dead_lettered",
        "Destination Event Dead-Lettered",
        "set an event aside that {resource} refused[ {meta.attempt:time}]",
        _DESTINATION,
        attempt(20),
        reason("422 Unprocessable Entity"),
        Meta("event", "Event", "Order Completed"),
        Meta("message_id", "Message id", "msg_4kTz"),
        like="removed",
    ),
    _destination(
        "destination.events_expired",
        "Destination Events Expired",
        "dropped {meta.events:event} that {resource} did not take while the inbox kept them",
        _DESTINATION,
        Meta("events", "Events", 31),
        like="removed",
    ),
    _destination(
        "destination.replay_cancelled",
        "Destination Replay Cancelled",
        "cancelled a replay to {resource}[ after {meta.events:event}]",
        _DESTINATION,
        Meta("events", "Events", 640),
        like="removed",
    ),
    _destination(
        "destination.events_replayed",
        "Destination Events Replayed",
        "replayed {meta.events:event} to {resource}",
        _DESTINATION,
        Meta("events", "Events", 1_842),
        Meta("from", "From", "2026-11-01T00:00:00Z"),
        Meta("to", "To", "2026-11-02T00:00:00Z"),
        like="started",
        icon="replay",
    ),
)

_FILTERS = (
    _filter(
        "destination_filter.created",
        "Destination Filter Created",
        "created {resource}[ on {target.1}]",
        _FILTER,
        _DESTINATION,
        Change("condition", "Condition", None, 'context.ip = "192.0.2.7"'),
        Change("actions", "Actions", None, ["drop"]),
    ),
    _filter(
        "destination_filter.modified",
        "Destination Filter Modified",
        "changed {resource}[ on {target.1}]",
        _FILTER,
        _DESTINATION,
        Change("condition", "Condition", 'context.ip = "192.0.2.7"', 'match(context.ip, "192.0.2.*")'),
    ),
    _filter(
        "destination_filter.enabled",
        "Destination Filter Enabled",
        "enabled {resource}[ on {target.1}]",
        _FILTER,
        _DESTINATION,
        Change("enabled", "Enabled", False, True),
    ),
    _filter(
        "destination_filter.disabled",
        "Destination Filter Disabled",
        "disabled {resource}[ on {target.1}]",
        _FILTER,
        _DESTINATION,
        Change("enabled", "Enabled", True, False),
    ),
    _filter(
        "destination_filter.deleted",
        "Destination Filter Deleted",
        "deleted {resource}[ from {target.1}]",
        _FILTER,
        _DESTINATION,
        Change("condition", "Condition", 'context.ip = "192.0.2.7"', None),
    ),
)

_TRANSFORMATIONS = (
    _transformation(
        "transformation.created",
        "Transformation Created",
        "created {resource}[ on {target.1}]",
        _TRANSFORMATION,
        _SOURCE,
        Change("condition", "Condition", None, 'event = "Order Completed"'),
        Change("rename", "Renamed properties", None, ["orderId to order_id"]),
    ),
    _transformation(
        "transformation.updated",
        "Transformation Updated",
        "changed {resource}[ on {target.1}]",
        _TRANSFORMATION,
        _SOURCE,
        Change("name", "Name", "Rename order id", "Rename order number"),
        Change("rename", "Renamed properties", ["orderId to order_id"], ["orderNumber to order_id"]),
        Change("hash", "Hashed properties", None, ["email by SHA256"]),
        secret("hash_key", "Key of the hash"),
    ),
    _transformation(
        "transformation.enabled",
        "Transformation Enabled",
        "enabled {resource}[ on {target.1}]",
        _TRANSFORMATION,
        _SOURCE,
        Change("enabled", "Enabled", False, True),
    ),
    _transformation(
        "transformation.disabled",
        "Transformation Disabled",
        "disabled {resource}[ on {target.1}]",
        _TRANSFORMATION,
        _SOURCE,
        Change("enabled", "Enabled", True, False),
    ),
    _transformation(
        "transformation.deleted",
        "Transformation Deleted",
        "deleted {resource}[ from {target.1}]",
        _TRANSFORMATION,
        _SOURCE,
        Change("rename", "Renamed properties", ["orderId to order_id"], None),
    ),
)

TYPES: tuple[EventType, ...] = (*_DESTINATIONS, *_FILTERS, *_TRANSFORMATIONS)
