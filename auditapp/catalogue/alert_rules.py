"""Event types of alert rules, which belong to Workspace."""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target
from auditapp.catalogue.types import EventType, Risk

_declare = partial(declaring.declare, area="workspace")

_RULE = Target("alert_rule", "alr_1cKe8ZaVwG4jSq6MoXf3Dp", "Warehouse switched off")

TYPES: tuple[EventType, ...] = (
    _declare(
        "alert_rule.created",
        "Alert Rule Created",
        "created {resource}",
        _RULE,
        Change("query", "Events", None, "event:warehouse.disabled"),
        icon="bell",
        revertible=True,
    ),
    _declare(
        "alert_rule.modified",
        "Alert Rule Modified",
        "changed {resource}",
        _RULE,
        Change("threshold", "Threshold", 1, 3),
    ),
    _declare(
        "alert_rule.enabled",
        "Alert Rule Enabled",
        "enabled {resource}",
        _RULE,
        Change("enabled", "Enabled", False, True),
    ),
    _declare(
        "alert_rule.disabled",
        "Alert Rule Disabled",
        "disabled {resource}",
        _RULE,
        Change("enabled", "Enabled", True, False),
    ),
    _declare(
        "alert_rule.secret_rotated",
        "Alert Rule Secret Rotated",
        "replaced the signing secret of {resource}",
        _RULE,
        like="modified",
        risk=Risk.NOTABLE,
        icon="key",
        revertible=False,
    ),
    _declare(
        "alert_rule.test_sent",
        "Alert Rule Test Sent",
        "sent a test message of {resource}",
        _RULE,
        Meta("messages", "Messages", 2),
        Meta("arrived", "Messages that arrived", 2),
        like="started",
        icon="bolt",
    ),
    _declare(
        "alert_rule.deleted",
        "Alert Rule Deleted",
        "deleted {resource}",
        _RULE,
        Change("query", "Events", "event:warehouse.disabled", None),
        revertible=True,
    ),
    _declare(
        "alert_rule.restored",
        "Alert Rule Restored",
        "restored {resource}",
        _RULE,
        Change("query", "Events", None, "event:warehouse.disabled"),
    ),
)
