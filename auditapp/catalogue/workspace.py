"""Event types of Workspace: its settings, tokens and labels, the audit trail itself, forwarding, alerts and privacy.

Looking at the trail and exporting from it are events like any other.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target, TaskAttempt, reason
from auditapp.catalogue.types import EventType, Risk, Sensitivity, Verb

_declare = partial(declaring.declare, area="workspace")

_WORKSPACE = Target("workspace", "wsp_2uJc8FbLoQ5hYi0DxTn6Kv", "Halden Outdoor")
_TOKEN = Target("access_token", "tok_4vXs0QgYnJ7aHw5BkEz2Rt", "Kiosk setup")
_TRAIL = Target("audit_trail", "wsp_2uJc8FbLoQ5hYi0DxTn6Kv", "Halden Outdoor")
_FORWARDING = Target("audit_forwarding", "wsp_2uJc8FbLoQ5hYi0DxTn6Kv", "Audit Forwarding")
_SOURCE = Target("source", "src_7yOd3UiCfL1mPb9TxNh6Ks", "Audit events")
_EVENT_TYPE = Target("event_type", "order.refunded", "Order Refunded")
_LABEL = Target("label", "environment:prod", "environment:prod")
_VIEW = Target("saved_view", "viw_9lHt5BnRuE2yIv7WgQk0Ja", "Risky changes in production")
_PERSON = Target("user", "usr_3sFz6PmJxC0oUd8YtAb5Lg", "Noor Haddad", personal=True)
# Filters may name a person, an e-mail address or an IP.
_FILTERS = Meta("filters", "Filters", "event is Warehouse Disabled", Sensitivity.PERSONAL)

_SETTINGS = (
    _declare("workspace.created", "Workspace Created", "created {resource}", _WORKSPACE),
    _declare(
        "workspace.settings_modified",
        "Workspace Settings Modified",
        "changed settings of {resource}",
        _WORKSPACE,
        Change("name", "Name", "Halden", "Halden Outdoor"),
        Change("settings.notify_after_last_retry", "Notify only after the last retry", False, True),
        Change("reason_rule", "Ask for a reason", "never", "required"),
        Change("second_factor_rule", "Second factor of members", "never", "in_30_days"),
        Change("idle_minutes", "Minutes that a session may rest", 0, 15),
    ),
    _declare(
        "workspace.ownership_transferred",
        "Workspace Ownership Transferred",
        "handed {resource} over to {target.1}[ and kept {meta.kept}]",
        _WORKSPACE,
        Target("member", "usr_0oLf7GbSmD2vUq9JxKt4Ce", "Elif Yıldız", personal=True),
        Meta("kept", "Kept", "Source Admin, all sources"),
        like="granted",
        risk=Risk.RISKY,
        revertible=False,
    ),
    _declare(
        "workspace.sso_modified",
        "Workspace Single Sign-On Modified",
        "changed single sign-on of {resource}",
        _WORKSPACE,
        Change("sso.required", "Members sign in by it only", False, True),
        Change("sso.join_domains", "Domains that may join by it", [], ["halden.example"]),
        # Who may come in, and by which door: a wrong one lets strangers in or everybody out.
        risk=Risk.RISKY,
        icon="lock",
    ),
    _declare(
        "workspace.access_token_created",
        "Access Token Created",
        "created {resource}",
        _TOKEN,
        Meta("role", "Role", "Source admin"),
        Meta("scopes", "Scopes", ["audit:read"]),
        Meta("networks", "Networks", ["192.0.2.0/24"]),
        Meta("expires_at", "Expires", "2027-11-24T00:00:00Z"),
        risk=Risk.NOTABLE,
        icon="key",
    ),
    _declare(
        "workspace.access_token_modified",
        "Access Token Modified",
        "changed where {resource} may be used from",
        _TOKEN,
        Change("networks", "Networks", [], ["192.0.2.0/24"]),
        risk=Risk.NOTABLE,
        icon="key",
        revertible=False,
    ),
    _declare(
        "workspace.access_token_revoked",
        "Access Token Revoked",
        "revoked {resource}",
        _TOKEN,
        Meta("last_used_at", "Last used", "2026-11-20T08:14:00Z"),
    ),
    _declare(
        "workspace.ownerless_tokens_detected",
        "Public API Tokens Without Owners Detected",
        "found {meta.tokens:access token} without an owner in {resource}",
        _WORKSPACE,
        Meta("tokens", "Access tokens", 2),
    ),
    _declare(
        "label.created",
        "Label Created",
        "created {resource}",
        _LABEL,
        Change("description", "Description", None, "What customers use"),
        revertible=True,
    ),
    _declare(
        "label.updated",
        "Label Updated",
        "changed the description of {resource}",
        _LABEL,
        Change("description", "Description", "", "What customers use"),
    ),
    _declare(
        "label.deleted",
        "Label Deleted",
        "deleted {resource}",
        _LABEL,
        Change("description", "Description", "What customers use", None),
        revertible=True,
    ),
    _declare(
        "label.restored",
        "Label Restored",
        "restored {resource}",
        _LABEL,
        Change("description", "Description", None, "What customers use"),
    ),
    _declare(
        "event_type.declared",
        "Event Type Declared",
        "declared {resource}",
        _EVENT_TYPE,
        Change("sentence", "Sentence", None, "refunded {resource}"),
        like="created",
        revertible=True,
    ),
    _declare(
        "event_type.removed",
        "Event Type Removed",
        "removed {resource}",
        _EVENT_TYPE,
        Change("sentence", "Sentence", "refunded {resource}", None),
        revertible=True,
    ),
)

_AUDIT_TRAIL = (
    _declare(
        "audit_trail.viewed",
        "Audit Trail Viewed",
        "opened the audit trail[ where {meta.filters}]",
        _TRAIL,
        _FILTERS,
    ),
    _declare(
        "audit_trail.exported",
        "Audit Trail Exported",
        "exported {meta.rows:audit event}[ as {meta.format}]",
        _TRAIL,
        Meta("rows", "Events", 1_842),
        Meta("format", "Format", "CSV"),
        _FILTERS,
    ),
    _declare(
        "audit_trail.export_requested",
        "Audit Trail Export Requested",
        "asked for an export of audit events[ as {meta.format}]",
        _TRAIL,
        Meta("format", "Format", "Parquet"),
        _FILTERS,
        like="exported",
    ),
    _declare(
        "audit_trail.export_cancelled",
        "Audit Trail Export Cancelled",
        "cancelled an export of audit events[ as {meta.format}]",
        _TRAIL,
        Meta("rows", "Events", 512_000),
        Meta("format", "Format", "Parquet"),
        _FILTERS,
        like="exported",
        verb=Verb.UPDATE,
        icon="stop",
    ),
    _declare(
        "audit_trail.export_downloaded",
        "Audit Trail Export Downloaded",
        "downloaded an export of {meta.rows:audit event}[ as {meta.format}]",
        _TRAIL,
        Meta("rows", "Events", 1_842),
        Meta("format", "Format", "CSV"),
        _FILTERS,
    ),
    _declare(
        "audit_trail.export_failed",
        "Audit Trail Export Failed",
        "failed to export audit events[ as {meta.format}][ on attempt {meta.attempt}]",
        _TRAIL,
        Meta("format", "Format", "Parquet"),
        _FILTERS,
        TaskAttempt(5),
        reason("No space left for the file"),
    ),
    _declare(
        "audit_trail.export_recovered",
        "Audit Trail Export Recovered",
        "recovered an export of audit events[ as {meta.format}][ on attempt {meta.attempt}]",
        _TRAIL,
        Meta("format", "Format", "Parquet"),
        _FILTERS,
        TaskAttempt(2),
    ),
    _declare(
        "audit_trail.imported",
        "Audit Trail Imported",
        "imported {meta.rows:audit event}[ from {meta.file}]",
        _TRAIL,
        Meta("rows", "Events", 12_480),
        Meta("file", "File", "cloudtrail-2025.jsonl"),
        like="created",
        icon="inbox",
    ),
    _declare(
        "audit_trail.verified",
        "Audit Trail Verified",
        "verified {meta.events:audit event}",
        _TRAIL,
        Meta("events", "Events", 48_231),
        Meta("checkpoint", "Checkpoint", 5_312),
        like="viewed",
        icon="seal",
    ),
    _declare(
        "audit_trail.verification_failed",
        "Audit Trail Verification Failed",
        "found {meta.events:audit event} that the seal does not match",
        _TRAIL,
        Meta("events", "Events", 1),
        reason("The stored bytes of event 31,204 were changed"),
        icon="seal-broken",
    ),
    _declare(
        "change.reverted",
        "Change Reverted",
        "reverted {meta.event} of {resource}",
        Target("warehouse", "whs_0kHd6YvBpM4nTr8XaQg2Ej", "Snowflake prod"),
        Meta("event", "Event", "Warehouse Disabled"),
        Meta("event_id", "Event id", "evt_2aXn8UyVfKp1LqRt5WzBd7"),
        Change("enabled", "Enabled", False, True),
        like="modified",
        icon="undo",
    ),
    _declare(
        "saved_view.created",
        "Saved View Created",
        "created {resource}",
        _VIEW,
        Meta("shared", "Shared", True),
        Change("query", "Query", None, "risk:risky", Sensitivity.PERSONAL),
        icon="bookmark",
        revertible=True,
    ),
    _declare(
        "saved_view.modified",
        "Saved View Modified",
        "changed {resource}",
        _VIEW,
        Change("query", "Query", "risk:risky", "risk:risky prod", Sensitivity.PERSONAL),
        icon="bookmark",
    ),
    _declare(
        "saved_view.deleted",
        "Saved View Deleted",
        "deleted {resource}",
        _VIEW,
        Change("query", "Query", "risk:risky", None, Sensitivity.PERSONAL),
        revertible=True,
    ),
    _declare(
        "saved_view.restored",
        "Saved View Restored",
        "restored {resource}",
        _VIEW,
        Change("query", "Query", None, "risk:risky", Sensitivity.PERSONAL),
    ),
    _declare(
        "saved_view.default_set",
        "Saved View Default Set",
        "picked {resource} as their default view",
        _VIEW,
        like="modified",
        icon="bookmark",
        revertible=False,
    ),
    _declare(
        "saved_view.default_cleared",
        "Saved View Default Cleared",
        "cleared {resource} as their default view",
        _VIEW,
        like="modified",
        icon="bookmark",
        revertible=False,
    ),
)

_FORWARDING_TYPES = (
    _declare(
        "audit_forwarding.enabled",
        "Audit Forwarding Enabled",
        "turned on Audit Forwarding[ to {target.1}]",
        _FORWARDING,
        _SOURCE,
        Change("enabled", "Enabled", False, True),
    ),
    _declare(
        "audit_forwarding.disabled",
        "Audit Forwarding Disabled",
        "turned off Audit Forwarding[ to {target.1}]",
        _FORWARDING,
        _SOURCE,
        Change("enabled", "Enabled", True, False),
    ),
    _declare(
        "audit_forwarding.modified",
        "Audit Forwarding Modified",
        "changed Audit Forwarding[ to {target.1}]",
        _FORWARDING,
        _SOURCE,
        Change("query", "Events", "", "-event:audit_trail.viewed"),
        # Pointed elsewhere, or narrowed to nothing, it stops as surely as turned off.
        risk=Risk.RISKY,
    ),
    _declare(
        "audit_forwarding.test_sent",
        "Audit Forwarding Test Event Sent",
        "sent a test event[ to {target.1}]",
        _FORWARDING,
        _SOURCE,
        like="started",
        icon="bolt",
    ),
    _declare(
        "audit_forwarding.backfill_started",
        "Audit Forwarding Backfill Started",
        "started forwarding {meta.events:past event}[ to {target.1}]",
        _FORWARDING,
        _SOURCE,
        Meta("events", "Events", 9_310),
        Meta("from", "From", "2026-11-01T00:00:00Z"),
        icon="replay",
    ),
    _declare(
        "audit_forwarding.backfill_failed",
        "Audit Forwarding Backfill Failed",
        "failed to forward past events[ to {target.1}][ on attempt {meta.attempt}]",
        _FORWARDING,
        _SOURCE,
        TaskAttempt(2),
        reason("Something went wrong on our side. The worker's log says what."),
    ),
    _declare(
        "audit_forwarding.backfill_recovered",
        "Audit Forwarding Backfill Recovered",
        "recovered the forwarding of past events[ to {target.1}][ on attempt {meta.attempt}]",
        _FORWARDING,
        _SOURCE,
        TaskAttempt(3),
    ),
)

_PRIVACY = (
    _declare(
        "workspace.regulation_created",
        "Workspace Regulation Created",
        "asked for {meta.regulation} of {meta.users:user} in {resource}",
        _WORKSPACE,
        Meta("regulation", "Regulation", "suppression and deletion"),
        Meta("users", "Users", 4),
        risk=Risk.NOTABLE,
        section="privacy",
    ),
    _declare(
        "regulation.deleted",
        "Regulation Deleted",
        "deleted {resource}",
        Target("regulation", "reg_6iNw2KoTzM8fXy4CvRa1Qh", "Suppression of 4 users"),
        section="privacy",
    ),
    _declare(
        "personal_data.erased",
        "Personal Data Erased",
        "erased personal data of {resource}[ from {meta.events:event}]",
        _PERSON,
        Meta("events", "Events", 318),
        Meta("requested_by", "Requested by", "noor@halden.example", Sensitivity.PERSONAL),
        like="deleted",
        section="privacy",
    ),
)

TYPES: tuple[EventType, ...] = (*_SETTINGS, *_AUDIT_TRAIL, *_FORWARDING_TYPES, *_PRIVACY)
