"""Event types of Consent Management: categories, what they map to, and whether they are enforced.

The names are this product's own; Segment's are not public.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Target
from auditapp.catalogue.types import EventType, Risk

_declare = partial(declaring.declare, area="consent_management")

_CATEGORY = Target("consent_category", "cat_7pLt1GwEoX4vQb8HsKy3Nd", "Advertising")
_DESTINATION = Target("destination", "dst_9sWk2LcUgN6vAf1QiTb3Zx", "Braze")
_SOURCE = Target("source", "src_3vQk7TzLwR1mYb8NfXc2Hd", "Web shop")

TYPES: tuple[EventType, ...] = (
    _declare(
        "consent_category.created",
        "Consent Category Created",
        "created {resource}",
        _CATEGORY,
        Change("default", "Default", None, "opted out"),
    ),
    _declare(
        "consent_category.modified",
        "Consent Category Modified",
        "changed {resource}",
        _CATEGORY,
        Change("name", "Name", "Ads", "Advertising"),
    ),
    _declare(
        "consent_category.default_modified",
        "Consent Category Default Modified",
        "changed default of {resource}[ to {change.default.new}]",
        _CATEGORY,
        Change("default", "Default", "opted in", "opted out"),
    ),
    _declare(
        "consent_category.enabled",
        "Consent Category Enabled",
        "enabled {resource}",
        _CATEGORY,
        Change("enabled", "Enabled", False, True),
    ),
    _declare(
        "consent_category.disabled",
        "Consent Category Disabled",
        "disabled {resource}",
        _CATEGORY,
        Change("enabled", "Enabled", True, False),
    ),
    _declare("consent_category.deleted", "Consent Category Deleted", "deleted {resource}", _CATEGORY),
    _declare(
        "consent_mapping.created",
        "Consent Mapping Created",
        "mapped {target.1} to {resource}",
        _CATEGORY,
        _DESTINATION,
        icon="link",
        revertible=True,
    ),
    _declare(
        "consent_mapping.removed",
        "Consent Mapping Removed",
        "removed {target.1} from {resource}",
        _CATEGORY,
        _DESTINATION,
        revertible=True,
    ),
    _declare(
        "consent_enforcement.enabled",
        "Consent Enforcement Enabled",
        "turned on consent enforcement for {resource}",
        _SOURCE,
        Change("enforced", "Enforced", False, True),
        risk=Risk.NOTABLE,
    ),
    _declare(
        "consent_enforcement.disabled",
        "Consent Enforcement Disabled",
        "turned off consent enforcement for {resource}",
        _SOURCE,
        Change("enforced", "Enforced", True, False),
    ),
)
