"""Event types of Sources: event streams, cloud and Reverse ETL sources.

The schema of a source has a file of its own.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target, attempt, reason, secret
from auditapp.catalogue.types import EventType, Risk

_declare = partial(declaring.declare, area="sources")

_SOURCE = Target("source", "src_3vQk7TzLwR1mYb8NfXc2Hd", "Web shop")
_CLOUD = Target("source", "src_6hJp0WqEtU4sKa9MxVg5Lr", "Stripe")
_REVERSE_ETL = Target("source", "src_1nBd8ZyFoI7cQe3PwSj6Gu", "Snowflake loyalty")
_MODEL = Target("reverse_etl_model", "mod_4tRm9XaKbV2gLh5DyEw7Co", "Gold members")
_NEW_EVENT = Meta("event", "Event", "Cart Shared")

TYPES: tuple[EventType, ...] = (
    _declare(
        "source.created",
        "Source Created",
        "created {resource}",
        _SOURCE,
        Meta("kind", "Source type", "HTTP API"),
        Change("name", "Name", None, "Web shop"),
        revertible=True,
    ),
    _declare(
        "source.enabled",
        "Source Enabled",
        "enabled {resource}",
        _SOURCE,
        Change("enabled", "Enabled", False, True),
    ),
    _declare(
        "source.disabled",
        "Source Disabled",
        "disabled {resource}",
        _SOURCE,
        Change("enabled", "Enabled", True, False),
        reason("No enabled destination for 14 days"),
    ),
    _declare(
        "source.modified",
        "Source Modified",
        "changed {resource}",
        _SOURCE,
        Change("name", "Name", "Shop", "Web shop"),
        Change("labels", "Labels", ["environment:dev"], ["environment:prod"]),
    ),
    _declare(
        "source.settings_modified",
        "Source Settings Modified",
        "changed settings of {resource}",
        _SOURCE,
        Change("schema.track.allowEventOnViolations", "Allow events on violations", True, False),
        Change("schema.forwardingViolationsTo", "Violations go to", None, "Violations"),
    ),
    _declare(
        "source.deleted",
        "Source Deleted",
        "deleted {resource}",
        _SOURCE,
        Change("name", "Name", "Web shop", None),
        revertible=True,
    ),
    _declare(
        "source.restored",
        "Source Restored",
        "restored {resource}",
        _SOURCE,
        Meta("kind", "Source type", "HTTP API"),
    ),
    _declare(
        "source.write_key_rotated",
        "Source Write Key Rotated",
        "rotated the write key of {resource}",
        _SOURCE,
        Meta("overlap_hours", "Hours both keys work", 24),
        secret("write_key", "Write key"),
    ),
    _declare(
        "source.write_key_added",
        "Source Write Key Added",
        "added a write key to {resource}",
        _SOURCE,
        secret("write_key", "Write key"),
        risk=Risk.NOTABLE,
        icon="key",
        revertible=False,
    ),
    _declare(
        "source.write_key_revoked",
        "Source Write Key Revoked",
        "revoked a write key of {resource}",
        _SOURCE,
        secret("write_key", "Write key"),
    ),
    _declare(
        "source.debugger_viewed",
        "Source Debugger Raw Viewed",
        "opened raw events in the debugger of {resource}",
        _SOURCE,
        Meta("event", "Event", "Order Completed"),
    ),
    _declare(
        "source.run_failed",
        "Source Run Failed",
        "failed to run {resource}[ on attempt {meta.attempt}]",
        _CLOUD,
        attempt(3),
        reason("The API of Stripe answered 503"),
    ),
    _declare(
        "source.run_recovered",
        "Source Run Recovered",
        "recovered run of {resource}[ on attempt {meta.attempt}]",
        _CLOUD,
        attempt(4),
    ),
    _declare(
        "source.new_event_allowed",
        "New Event Allowed",
        "allowed new event {meta.event} in {resource}",
        _SOURCE,
        _NEW_EVENT,
        Meta("planned", "In the tracking plan", False),
        revertible=False,
    ),
    _declare(
        "source.new_event_blocked",
        "New Event Blocked",
        "blocked new event {meta.event} in {resource}",
        _SOURCE,
        _NEW_EVENT,
        Meta("planned", "In the tracking plan", False),
        risk=Risk.NOTABLE,
        revertible=False,
    ),
    _declare(
        "source.forbidden_property_detected",
        "New Forbidden Event Property",
        "found forbidden property {meta.property} on event {meta.event} in {resource}",
        _SOURCE,
        Meta("property", "Property", "card_holder"),
        Meta("event", "Event", "Order Completed"),
    ),
    _declare(
        "source.regulation_created",
        "Source Regulation Created",
        "asked for {meta.regulation} of {meta.users:user} in {resource}",
        _SOURCE,
        Meta("regulation", "Regulation", "suppression and deletion"),
        Meta("users", "Users", 2),
        risk=Risk.NOTABLE,
    ),
    _declare("model.created", "Model Created", "created {resource}[ in {target.1}]", _MODEL, _REVERSE_ETL),
    _declare(
        "model.settings_saved",
        "Model Settings Saved",
        "changed settings of {resource}[ in {target.1}]",
        _MODEL,
        _REVERSE_ETL,
        Change("query", "Query", "select id from members", "select id from members where tier = 'gold'"),
        like="modified",
    ),
    _declare(
        "model.state_toggled",
        "Model State Change Toggled",
        "turned {meta.state} {resource}[ in {target.1}]",
        _MODEL,
        _REVERSE_ETL,
        Meta("state", "State", "off"),
        Change("enabled", "Enabled", True, False),
        like="modified",
        risk=Risk.NOTABLE,
        icon="power",
    ),
    _declare("model.deleted", "Model Deleted", "deleted {resource}[ from {target.1}]", _MODEL, _REVERSE_ETL),
    _declare(
        "reverse_etl.sync_failed",
        "Reverse ETL Sync Failed",
        "failed to sync {resource}[ to {target.1}][ on attempt {meta.attempt}]",
        _MODEL,
        Target("destination", "dst_9sWk2LcUgN6vAf1QiTb3Zx", "Braze"),
        attempt(5),
        reason("The query ran longer than 30 min"),
    ),
    _declare(
        "reverse_etl.sync_partially_succeeded",
        "Reverse ETL Sync Partial Success",
        "synced part of {resource}[ to {target.1}]",
        _MODEL,
        Target("destination", "dst_9sWk2LcUgN6vAf1QiTb3Zx", "Braze"),
        Meta("rows", "Rows synced", 10_412),
        Meta("rejected", "Rows rejected", 38),
        reason("38 rows have no e-mail address"),
        like="detected",
    ),
)
