"""Event types of Warehouses, and of Storage: object storage, its checks and how long things are kept.

Segment's newer name of a warehouse, Storage Destination, is an alias here.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target, TaskAttempt, attempt, reason, secret
from auditapp.catalogue.types import EventType, Risk

_warehouse = partial(declaring.declare, area="warehouses")
_storage = partial(declaring.declare, area="storage")

_WAREHOUSE = Target("warehouse", "whs_0kHd6YvBpM4nTr8XaQg2Ej", "Snowflake prod")
_CREDENTIAL = Target("warehouse_credential", "whc_4aPw9JxIsF2zLe7GcUo1Rn", "loader key pair")
_SOURCE = Target("source", "src_3vQk7TzLwR1mYb8NfXc2Hd", "Web shop")
_BUCKET = Target("storage_bucket", "bkt_6rNf3CiKyD9uWq5LmZh0Sb", "halden-events-eu")
_WORKSPACE = Target("workspace", "wsp_2uJc8FbLoQ5hYi0DxTn6Kv", "Halden Outdoor")
_HOLD = Target("legal_hold", "hld_9wSm4EzAqV1gCp6IkRf3Ux", "Case 2026-118")

_WAREHOUSES = (
    _warehouse(
        "warehouse.created",
        "Warehouse Created",
        "created {resource}",
        _WAREHOUSE,
        Meta("kind", "Warehouse type", "Snowflake"),
        revertible=True,
        aliases=("Storage Destination Created",),
    ),
    _warehouse(
        "warehouse.enabled",
        "Warehouse Enabled",
        "enabled {resource}",
        _WAREHOUSE,
        Change("enabled", "Enabled", False, True),
        aliases=("Storage Destination Enabled",),
    ),
    _warehouse(
        "warehouse.disabled",
        "Warehouse Disabled",
        "disabled {resource}",
        _WAREHOUSE,
        Meta("sources_stopped", "Sources that stopped syncing", 3),
        Change("enabled", "Enabled", True, False),
        aliases=("Storage Destination Disabled",),
    ),
    _warehouse(
        "warehouse.modified",
        "Warehouse Modified",
        "changed {resource}",
        _WAREHOUSE,
        Change("name", "Name", "Snowflake", "Snowflake prod"),
        Change("settings.host", "Host", "halden.eu-west-1.example", "halden.eu-north-1.example"),
        Change("settings.username", "User name", "loader", "audit_loader"),
        secret("settings.password", "Password"),
        aliases=("Storage Destination Modified",),
    ),
    _warehouse(
        "warehouse.deleted",
        "Warehouse Deleted",
        "deleted {resource}",
        _WAREHOUSE,
        revertible=True,
        aliases=("Storage Destination Deleted",),
    ),
    _warehouse(
        "warehouse.restored",
        "Warehouse Restored",
        "restored {resource}",
        _WAREHOUSE,
        Meta("kind", "Warehouse type", "Snowflake"),
    ),
    _warehouse(
        "warehouse.sync_schedule_modified",
        "Warehouse Sync Schedule Modified",
        "changed sync schedule of {resource}[ to {change.settings.schedule.new}]",
        _WAREHOUSE,
        Change("settings.schedule", "Sync schedule", "every hour", "every 6 hours"),
    ),
    _warehouse(
        "warehouse.source_connected",
        "Warehouse Source Connected",
        "connected {target.1} to {resource}",
        _WAREHOUSE,
        _SOURCE,
    ),
    _warehouse(
        "warehouse.source_disconnected",
        "Warehouse Source Disconnected",
        "disconnected {target.1} from {resource}",
        _WAREHOUSE,
        _SOURCE,
    ),
    _warehouse(
        "warehouse.selective_sync_modified",
        "Warehouse Selective Sync Modified",
        "changed which events of {target.1} are synced to {resource}",
        _WAREHOUSE,
        _SOURCE,
        Change("left_out", "Left out", ["track:Page Scrolled"], ["track:Page Scrolled", "alias"]),
    ),
    _warehouse(
        "warehouse.sync_started",
        "Warehouse Sync Started",
        "started a sync of {resource}",
        _WAREHOUSE,
    ),
    _warehouse(
        "warehouse.run_failed",
        "Warehouse Run Failed",
        "failed to sync {resource}[ on attempt {meta.attempt}]",
        _WAREHOUSE,
        TaskAttempt(5),
        reason("The role audit_loader may not write to schema web_shop"),
        aliases=("Storage Destination Sync Failed",),
    ),
    _warehouse(
        "warehouse.run_recovered",
        "Warehouse Run Recovered",
        "recovered sync of {resource}[ on attempt {meta.attempt}]",
        _WAREHOUSE,
        TaskAttempt(2),
    ),
    _warehouse(
        "warehouse.sync_partially_succeeded",
        "Warehouse Sync Partially Succeeded",
        "synced part of {resource}",
        _WAREHOUSE,
        Meta("rows", "Rows synced", 120_338),
        Meta("notices", "Notices", 4),
        reason("4 columns have a type that does not match"),
        like="detected",
        aliases=("Storage Destination Sync Partially Succeeded",),
    ),
    _warehouse(
        "warehouse.sync_skipped",
        "Warehouse Sync Skipped",
        "skipped a sync of {resource}",
        _WAREHOUSE,
        reason("The sync before it is still running"),
        like="detected",
        aliases=("Storage Destination Sync Skipped",),
    ),
    _warehouse(
        "warehouse_credential.created",
        "Warehouse Credential Created",
        "created {resource}",
        _CREDENTIAL,
        secret("credential", "Credential"),
        risk=Risk.NOTABLE,
        icon="key",
    ),
    _warehouse(
        "warehouse_credential.modified",
        "Warehouse Credential Modified",
        "changed {resource}",
        _CREDENTIAL,
        secret("credential", "Credential"),
        like="rotated",
    ),
    _warehouse("warehouse_credential.deleted", "Warehouse Credential Deleted", "deleted {resource}", _CREDENTIAL),
)

_STORAGE = (
    _storage(
        "storage_destination.settings_validated",
        "Storage Destination Settings Validation",
        "checked settings of {resource}",
        _WAREHOUSE,
        Meta("result", "Result", "not valid"),
        reason("The server refused the user or the password."),
        like="viewed",
    ),
    _storage(
        "storage_bucket.created",
        "Storage Bucket Created",
        "created {resource}",
        _BUCKET,
        Meta("region", "Region", "eu-north-1"),
        Meta("format", "Format", "JSONL, gzip"),
    ),
    _storage(
        "storage_bucket.modified",
        "Storage Bucket Modified",
        "changed {resource}",
        _BUCKET,
        Change("prefix", "Prefix", "raw/", "raw/v2/"),
        Change("format", "Format", "JSONL, gzip", "Parquet"),
    ),
    _storage(
        "storage_bucket.region_modified",
        "Storage Region Modified",
        "moved {resource}[ to region {change.region.new}]",
        _BUCKET,
        Change("region", "Region", "eu-west-1", "eu-north-1"),
        risk=Risk.NOTABLE,
        revertible=False,
    ),
    _storage(
        "storage_bucket.credential_rotated",
        "Storage Bucket Credential Rotated",
        "rotated credentials of {resource}",
        _BUCKET,
        secret("secret_access_key", "Secret access key"),
    ),
    _storage("storage_bucket.deleted", "Storage Bucket Deleted", "deleted {resource}", _BUCKET),
    _storage(
        "storage_bucket.write_failed",
        "Storage Bucket Write Failed",
        "failed to write to {resource}[ on attempt {meta.attempt}]",
        _BUCKET,
        attempt(5),
        reason("Access denied"),
    ),
    _storage(
        "storage_bucket.write_recovered",
        "Storage Bucket Write Recovered",
        "recovered writing to {resource}[ on attempt {meta.attempt}]",
        _BUCKET,
        attempt(3),
    ),
    _storage(
        "retention.period_modified",
        "Retention Period Modified",
        "changed retention of {resource}[ to {change.kept_days.new:day}]",
        _WORKSPACE,
        Change("kept_days", "Days kept", 365, 1_095),
        risk=Risk.NOTABLE,
    ),
    _storage(
        "legal_hold.created",
        "Legal Hold Created",
        "placed {resource}[ on {meta.events:event}]",
        _HOLD,
        Meta("events", "Events held", 1_204),
        risk=Risk.NOTABLE,
        icon="lock",
    ),
    _storage(
        "legal_hold.released",
        "Legal Hold Released",
        "released {resource}",
        _HOLD,
        like="removed",
    ),
)

TYPES: tuple[EventType, ...] = (*_WAREHOUSES, *_STORAGE)
