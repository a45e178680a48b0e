"""Event types of a source's schema, which belong to the area Sources.

Blocking and omitting lose data from then on, so they are risky; archiving only tidies the page.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target
from auditapp.catalogue.types import EventType

_declare = partial(declaring.declare, area="sources")

_SOURCE = Target("source", "src_3vQk7TzLwR1mYb8NfXc2Hd", "Web shop")
_EVENT = Meta("event", "Event", "Order Completed")
_CALL = Meta("call", "Call", "track")
_PROPERTY = Meta("property", "Property", "coupon")
_TRAIT = Meta("trait", "Trait", "shoe_size")


def _default(what: str, action: str, opposite: str) -> EventType:
    """The default for one kind of new or violating data, as Segment names each of its settings."""
    subject = what.lower().replace(" ", "_")
    past = {"allow": "allowed", "block": "blocked", "omit": "omitted"}[action]
    return _declare(
        f"source_schema.{subject}_{past}",
        f"Schema Default Edited To: {action.title()} {what}",
        f"set {{resource}} to {action} {what.lower()}",
        _SOURCE,
        Change(f"schema.{subject}", what, opposite, action),
    )


_DEFAULTS = (
    _default("New Events", "allow", "block"),
    _default("New Events", "block", "allow"),
    _default("New Event Properties", "allow", "omit"),
    _default("New Event Properties", "omit", "allow"),
    _default("New Identify Traits", "allow", "omit"),
    _default("New Identify Traits", "omit", "allow"),
    _default("New Group Traits", "allow", "omit"),
    _default("New Group Traits", "omit", "allow"),
    _default("Identify Traits On Violation", "allow", "omit"),
    _default("Identify Traits On Violation", "omit", "allow"),
    _default("Group Traits On Violation", "allow", "omit"),
    _default("Group Traits On Violation", "omit", "allow"),
)


def _rule(rule: str, before: str, *, like: str) -> EventType:
    """What the schema now asks of one property of one event."""
    return _declare(
        f"source_schema.event_property_{rule}_set",
        f"Schema Event Property Rule Edited To {rule.title()}",
        f"made property {{meta.property}} of event {{meta.event}} {rule} in {{resource}}",
        _SOURCE,
        _EVENT,
        _PROPERTY,
        Change("rule", "Rule", before, rule),
        like=like,
    )


TYPES: tuple[EventType, ...] = (
    *_DEFAULTS,
    _declare(
        "source_schema.event_allowed",
        "Schema Event Allowed",
        "allowed event {meta.event} in {resource}",
        _SOURCE,
        _EVENT,
        _CALL,
        Change("allowed", "Allowed", False, True),
    ),
    _declare(
        "source_schema.event_blocked",
        "Schema Event Blocked",
        "blocked event {meta.event} in {resource}",
        _SOURCE,
        _EVENT,
        _CALL,
        Change("allowed", "Allowed", True, False),
    ),
    _declare(
        "source_schema.event_archived",
        "Schema Event Archived",
        "archived event {meta.event} in {resource}",
        _SOURCE,
        _EVENT,
        _CALL,
    ),
    _declare(
        "source_schema.event_restored",
        "Schema Event Restored",
        "restored event {meta.event} in {resource}",
        _SOURCE,
        _EVENT,
        _CALL,
        like="archived",
        icon="eye",
    ),
    _rule("required", "optional", like="modified"),
    _rule("optional", "required", like="modified"),
    _rule("forbidden", "optional", like="blocked"),
    _declare(
        "source_schema.event_property_conditions_edited",
        "Schema Event Property Conditions Edited",
        "changed conditions of property {meta.property} of event {meta.event} in {resource}",
        _SOURCE,
        _EVENT,
        _PROPERTY,
        Change("conditions", "Conditions", "matches ^[A-Z]+$", "matches ^[A-Z0-9]+$"),
        like="modified",
    ),
    _declare(
        "source_schema.identify_trait_allowed",
        "Schema Identify Trait Allowed",
        "allowed identify trait {meta.trait} in {resource}",
        _SOURCE,
        _TRAIT,
        Change("allowed", "Allowed", False, True),
    ),
    _declare(
        "source_schema.identify_trait_blocked",
        "Schema Identify Trait Blocked",
        "blocked identify trait {meta.trait} in {resource}",
        _SOURCE,
        _TRAIT,
        Change("allowed", "Allowed", True, False),
    ),
    _declare(
        "source_schema.identify_trait_archived",
        "Schema Identify Trait Archived",
        "archived identify trait {meta.trait} in {resource}",
        _SOURCE,
        _TRAIT,
    ),
    _declare(
        "source_schema.group_property_allowed",
        "Schema Group Property Allowed",
        "allowed group property {meta.property} in {resource}",
        _SOURCE,
        _PROPERTY,
        Change("allowed", "Allowed", False, True),
    ),
    _declare(
        "source_schema.group_property_blocked",
        "Schema Group Property Blocked",
        "blocked group property {meta.property} in {resource}",
        _SOURCE,
        _PROPERTY,
        Change("allowed", "Allowed", True, False),
    ),
    _declare(
        "source_schema.json_file_uploaded",
        "Schema JSON File Upload",
        "uploaded schema file {meta.file} to {resource}",
        _SOURCE,
        Meta("file", "File", "web-shop-schema.json"),
        Meta("events", "Events in the file", 42),
    ),
)
