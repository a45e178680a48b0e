"""Event types of Tracking Plans: the plan itself, the sources it governs, and what it did to their data.

The schema that a source keeps without a plan is in `source_schema`.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target
from auditapp.catalogue.types import EventType, Risk

_declare = partial(declaring.declare, area="tracking_plans")

_PLAN = Target("tracking_plan", "tpl_3xYn9KoFdR6bWu2CgJv5Qi", "Mobile commerce")
_SOURCE = Target("source", "src_8zEa4MhTkP7lSx1VqOc6Bw", "Android app")
_EVENT = Meta("event", "Event", "Order Completed")
_RULE = Meta("rule", "Rule", "5b0c7de1a94f2e6d8830")
_REVISION = Meta("revision", "Revision", "rev_7cPw2MzHkA5tQe8XuDn3Bs")
_PROPERTY = Meta("property", "Property", "currency")
_TRAIT = Meta("trait", "Trait", "shoe_size")


def _applied(key: str, name: str, sentence: str, what: Meta, *, risk: Risk = Risk.NOTABLE) -> EventType:
    """What a plan did by itself to data it does not know; there is nothing to revert but the plan's setting."""
    return _declare(key, name, sentence, _PLAN, _SOURCE, what, risk=risk, revertible=False)


TYPES: tuple[EventType, ...] = (
    _declare(
        "tracking_plan.created",
        "Tracking Plan Created",
        "created {resource}",
        _PLAN,
        Change("name", "Name", None, "Mobile commerce"),
        revertible=True,
    ),
    _declare(
        "tracking_plan.modified",
        "Tracking Plan Modified",
        "changed {resource}",
        _PLAN,
        Change("description", "Description", "", "Orders, carts and returns"),
        aliases=("Tracking Plan Updated",),
    ),
    _declare(
        "tracking_plan.deleted",
        "Tracking Plan Deleted",
        "deleted {resource}",
        _PLAN,
        Meta("rules", "Rules", 58),
        _REVISION,
        Change("name", "Name", "Mobile commerce", None),
        Change("slug", "Slug", "mobile-commerce", None),
        revertible=True,
    ),
    _declare(
        "tracking_plan.restored",
        "Tracking Plan Restored",
        "restored {resource}",
        _PLAN,
        Meta("rules", "Rules", 58),
        _REVISION,
        Change("name", "Name", None, "Mobile commerce"),
    ),
    _declare(
        "tracking_plan.inferred",
        "Tracking Plan Inferred",
        "made {resource} from the events of {target.1}",
        _PLAN,
        _SOURCE,
        Meta("events", "Events", 42),
        _REVISION,
        like="created",
        revertible=True,
    ),
    _declare(
        "tracking_plan.operations_updated",
        "Tracking Plan Operations Updated",
        "changed operations of {resource}",
        _PLAN,
        Change("operations", "Operations", [], ["rename orderId to order_id"]),
    ),
    _declare(
        "tracking_plan.csv_uploaded",
        "Tracking Plan CSV Uploaded",
        "uploaded {meta.rows:row} to {resource}",
        _PLAN,
        Meta("rows", "Rows", 214),
        Meta("file", "File", "mobile-commerce.csv"),
    ),
    _declare(
        "tracking_plan.json_uploaded",
        "Tracking Plan JSON Uploaded",
        "uploaded {meta.rules:rule} to {resource}",
        _PLAN,
        Meta("rules", "Rules", 58),
        Meta("file", "File", "mobile-commerce.json"),
    ),
    _declare(
        "tracking_plan.rules_changed",
        "Tracking Plan Rules Changed",
        "changed {meta.rules:rule} of {resource}",
        _PLAN,
        Meta("rules", "Rules", 58),
        _REVISION,
        Meta("added", "Added", 40),
        Meta("added_events", "Added events", ["Cart Viewed", "Order Completed"]),
        Meta("changed", "Changed", 15),
        Meta("changed_events", "Changed events", ["Product Viewed"]),
        Meta("removed", "Removed", 3),
        Meta("removed_events", "Removed events", ["Order Refunded"]),
        like="modified",
    ),
    _declare(
        "tracking_plan.event_added",
        "Tracking Plan Event Added",
        "added event {meta.event} to {resource}",
        _PLAN,
        _EVENT,
        _RULE,
        _REVISION,
    ),
    _declare(
        "tracking_plan.event_modified",
        "Tracking Plan Event Modified",
        "changed event {meta.event} in {resource}",
        _PLAN,
        _EVENT,
        _RULE,
        _REVISION,
        Change("required_properties", "Required properties", ["total"], ["currency", "total"]),
    ),
    _declare(
        "tracking_plan.event_removed",
        "Tracking Plan Event Removed",
        "removed event {meta.event} from {resource}",
        _PLAN,
        Meta("event", "Event", "Cart Viewed"),
        _RULE,
        _REVISION,
        revertible=True,
    ),
    _declare(
        "tracking_plan.property_added",
        "Tracking Plan Property Added",
        "added property {meta.property} to event {meta.event} in {resource}",
        _PLAN,
        _PROPERTY,
        _EVENT,
    ),
    _declare(
        "tracking_plan.property_removed",
        "Tracking Plan Property Removed",
        "removed property {meta.property} from event {meta.event} in {resource}",
        _PLAN,
        _PROPERTY,
        _EVENT,
        revertible=True,
    ),
    _declare(
        "tracking_plan.source_connected",
        "Source Connected To Tracking Plan",
        "connected {resource} to {target.1}",
        _PLAN,
        _SOURCE,
    ),
    _declare(
        "tracking_plan.source_disconnected",
        "Source Disconnected From Tracking Plan",
        "disconnected {resource} from {target.1}",
        _PLAN,
        _SOURCE,
    ),
    _applied(
        "tracking_plan.new_event_allowed",
        "Tracking Plan New Event Allowed",
        "allowed new event {meta.event} from {target.1} under {resource}",
        Meta("event", "Event", "Cart Shared"),
        risk=Risk.ROUTINE,
    ),
    _applied(
        "tracking_plan.new_event_blocked",
        "Tracking Plan New Event Blocked",
        "blocked new event {meta.event} from {target.1} under {resource}",
        Meta("event", "Event", "Cart Shared"),
    ),
    _applied(
        "tracking_plan.new_group_trait_omitted",
        "Tracking Plan New Group Trait Omitted",
        "omitted new group trait {meta.trait} from {target.1} under {resource}",
        _TRAIT,
    ),
    _applied(
        "tracking_plan.new_identify_trait_omitted",
        "Tracking Plan New Identify Trait Omitted",
        "omitted new identify trait {meta.trait} from {target.1} under {resource}",
        _TRAIT,
    ),
    _applied(
        "tracking_plan.new_track_property_omitted",
        "Tracking Plan New Track Property Omitted",
        "omitted new track property {meta.property} from {target.1} under {resource}",
        _PROPERTY,
    ),
    _declare(
        "tracking_plan.violations_detected",
        "Violations Detected",
        "found {meta.violations:violation} of {resource}[ in {target.1}]",
        _PLAN,
        _SOURCE,
        Meta("violations", "Violations", 17),
        Meta("events", "Events", ["Order Completed", "Cart Viewed"]),
    ),
)
