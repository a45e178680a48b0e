"""Event types of Engage Warehouse Sources, Profiles Sync and Spaces: where profiles come from, go to and live.

The Data Graph, its entity models and linked events are a section of their own, and so are identity rules. What is computed from profiles is in `audiences`.
"""

from functools import partial

from auditapp.catalogue import declaring
from auditapp.catalogue.declaring import Change, Meta, Target, TaskAttempt, reason, secret
from auditapp.catalogue.types import EventType, Risk

_engage = partial(declaring.declare, area="engage_warehouse_sources")
_sync = partial(declaring.declare, area="profiles_sync")
_space = partial(declaring.declare, area="spaces")
_entity = partial(_space, section="entity")

_ENGAGE_SOURCE = Target("engage_warehouse_source", "ews_1tWd5LzKrH8oCx3YbSn9Pa", "BigQuery loyalty")
_SYNC_WAREHOUSE = Target("profiles_sync_warehouse", "psw_7fUm2EiVgJ6qNk0AwXs4Do", "Snowflake profiles")
_SPACE = Target("space", "spa_4nOi7QaBmF1yJl8ZeUr5Hc", "Production")
_SOURCE = Target("source", "src_3vQk7TzLwR1mYb8NfXc2Hd", "Web shop")
_FILTER = Target("space_filter", "sfl_0hRb6TpOyD3wGv9MxKc2Qe", "Drop test users")
_GRAPH = Target("data_graph", "dgr_5aZj8XfNlI1uSo4EtWk7Vm", "Loyalty graph")
_ENTITY = Target("entity_model", "ent_3mKs6VrQyT0cLd8WuBf2Hz", "Store")
_LINKED_EVENT = Target("linked_event", "lev_9qCg3HdPsB6rYi2JnTx0Lu", "Order to store")

_ENGAGE = (
    _engage(
        "engage_warehouse_source.created",
        "Engage Warehouse Source Created",
        "created {resource}",
        _ENGAGE_SOURCE,
        aliases=("Personas Warehouse Source Created",),
    ),
    _engage(
        "engage_warehouse_source.modified",
        "Engage Warehouse Source Modified",
        "changed {resource}",
        _ENGAGE_SOURCE,
        Change("settings.dataset", "Dataset", "loyalty", "loyalty_v2"),
        aliases=("Personas Warehouse Source Modified",),
    ),
    _engage(
        "engage_warehouse_source.credential_rotated",
        "Engage Warehouse Source Credential Rotated",
        "rotated credentials of {resource}",
        _ENGAGE_SOURCE,
        secret("credential", "Credential"),
    ),
    _engage(
        "engage_warehouse_source.deleted",
        "Engage Warehouse Source Deleted",
        "deleted {resource}",
        _ENGAGE_SOURCE,
        aliases=("Personas Warehouse Source Deleted",),
    ),
)

_PROFILES_SYNC = (
    _sync(
        "profiles_sync_warehouse.created",
        "Profiles Sync Warehouse Created",
        "created {resource}[ for {target.1}]",
        _SYNC_WAREHOUSE,
        _SPACE,
    ),
    _sync(
        "profiles_sync_warehouse.modified",
        "Profiles Sync Warehouse Modified",
        "changed selected tables of {resource}",
        _SYNC_WAREHOUSE,
        Change("tables", "Selected tables", ["profiles"], ["profiles", "profile_traits"]),
    ),
    _sync(
        "profiles_sync_warehouse.updated",
        "Profiles Sync Warehouse Updated",
        "changed settings of {resource}",
        _SYNC_WAREHOUSE,
        Change("settings.schema_name", "Schema", "profiles", "profiles_eu"),
        secret("settings.password", "Password"),
    ),
    _sync(
        "profiles_sync_warehouse.retrieved",
        "Profiles Sync Warehouse Retrieved",
        "read settings of {resource}",
        _SYNC_WAREHOUSE,
        like="viewed",
    ),
    _sync(
        "profiles_sync_warehouse.enabled",
        "Profiles Sync Warehouse Enabled",
        "enabled {resource}",
        _SYNC_WAREHOUSE,
        Change("enabled", "Enabled", False, True),
    ),
    _sync(
        "profiles_sync_warehouse.disabled",
        "Profiles Sync Warehouse Disabled",
        "disabled {resource}",
        _SYNC_WAREHOUSE,
        Change("enabled", "Enabled", True, False),
    ),
    _sync("profiles_sync_warehouse.deleted", "Profiles Sync Warehouse Deleted", "deleted {resource}", _SYNC_WAREHOUSE),
    _sync(
        "profiles_sync_warehouse.sync_failed",
        "Profiles Sync Warehouse Sync Failed",
        "failed to sync {resource}[ on attempt {meta.attempt}]",
        _SYNC_WAREHOUSE,
        TaskAttempt(5),
        reason("The warehouse refused the connection"),
        aliases=("Profiles Sync Sync Failed",),
    ),
    _sync(
        "profiles_sync_warehouse.sync_recovered",
        "Profiles Sync Warehouse Sync Recovered",
        "recovered sync of {resource}[ on attempt {meta.attempt}]",
        _SYNC_WAREHOUSE,
        TaskAttempt(2),
    ),
    _sync(
        "profiles_sync.historical_backfill_completed",
        "Profiles Sync Historical Backfill Completed",
        "completed the historical backfill of {resource}",
        _SYNC_WAREHOUSE,
        Meta("profiles", "Profiles", 240_118),
    ),
)

_SPACES = (
    _space("space.created", "Space Created", "created {resource}", _SPACE),
    _space(
        "space.modified",
        "Space Modified",
        "changed {resource}",
        _SPACE,
        Change("name", "Name", "Prod", "Production"),
    ),
    _space("space.deleted", "Space Deleted", "deleted {resource}", _SPACE, revertible=True),
    _space("space.restored", "Space Restored", "restored {resource}", _SPACE),
    _space(
        "space.identity_rules_modified",
        "Space Identity Rules Modified",
        "changed identity rules of {resource}",
        _SPACE,
        Change("identity.priority", "Priority", ["email", "user_id"], ["user_id", "email"]),
        risk=Risk.NOTABLE,
        section="identity",
    ),
    _space(
        "space.source_connected",
        "Source Connected To Space",
        "connected {target.1} to {resource}",
        _SPACE,
        _SOURCE,
    ),
    _space(
        "space.source_disconnected",
        "Source Disconnected From Space",
        "disconnected {target.1} from {resource}",
        _SPACE,
        _SOURCE,
    ),
    _space("space_filter.created", "Filter Created", "created {resource}[ in {target.1}]", _FILTER, _SPACE),
    _space(
        "space_filter.updated",
        "Filter Updated",
        "changed {resource}[ in {target.1}]",
        _FILTER,
        _SPACE,
        Change("condition", "Condition", 'userId = "test"', 'match(userId, "test*")'),
    ),
    _space("space_filter.deleted", "Filter Deleted", "deleted {resource}[ from {target.1}]", _FILTER, _SPACE),
    _entity(
        "data_graph.modified",
        "Data Graph Modified",
        "changed {resource}[ in {target.1}]",
        _GRAPH,
        _SPACE,
        Change("version", "Version", 7, 8),
    ),
    _entity(
        "data_graph.breaking_change_detected",
        "Data Graph Breaking Change",
        "found a breaking change in {resource}",
        _GRAPH,
        _SPACE,
        reason("The column store_id is gone from table stores"),
    ),
    _entity(
        "linked_event.created",
        "Linked Event Created",
        "linked {meta.event} to {meta.entity} as {resource}",
        _LINKED_EVENT,
        _SPACE,
        Meta("event", "Event", "Order Completed"),
        Meta("entity", "Entity", "store"),
    ),
    _entity("linked_event.deleted", "Linked Event Deleted", "deleted {resource}", _LINKED_EVENT, _SPACE),
    _entity("entity_model.created", "Entity Model Created", "created {resource}", _ENTITY),
    _entity(
        "entity_model.modified",
        "Entity Model Modified",
        "changed {resource}",
        _ENTITY,
        Change("table", "Table", "STORES", "STORES_V2"),
    ),
    _entity("entity_model.deleted", "Entity Model Deleted", "deleted {resource}", _ENTITY),
    _space(
        "space.access_token_created",
        "Space Access Token Created",
        "created an access token for {resource}",
        _SPACE,
        Meta("token_name", "Token", "Profile API, kiosk"),
        risk=Risk.NOTABLE,
        icon="key",
    ),
    _space(
        "space.access_token_revoked",
        "Space Access Token Revoked",
        "revoked access token {meta.token_name} of {resource}",
        _SPACE,
        Meta("token_name", "Token", "Profile API, kiosk"),
    ),
)

TYPES: tuple[EventType, ...] = (*_ENGAGE, *_PROFILES_SYNC, *_SPACES)
