"""The eighteen product areas, in the order of the Events dropdown.

The order is Segment's; what belongs to an area is declared in the area's own file.
"""

from auditapp.catalogue.types import Area

AREAS: tuple[Area, ...] = (
    Area("sources", "Sources", "source", "source"),
    Area("functions", "Functions", "function", "function"),
    Area("warehouses", "Warehouses", "warehouse", "warehouse"),
    Area("destinations", "Destinations", "destination", "destination"),
    Area("storage", "Storage", "storage", "storage bucket"),
    Area("consent_management", "Consent Management", "consent", "consent category", section="privacy"),
    Area("tracking_plans", "Tracking Plans", "tracking-plan", "tracking plan"),
    Area("destination_filters", "Destination Filters", "funnel", "destination filter"),
    Area("transformations", "Transformations", "shuffle", "transformation"),
    Area("audiences", "Audiences", "audience", "audience"),
    Area("computed_traits", "Computed Traits", "trait", "computed trait"),
    Area("engage_warehouse_sources", "Engage Warehouse Sources", "warehouse-out", "Engage warehouse source"),
    Area("profiles_sync", "Profiles Sync", "profile-sync", "Profiles Sync warehouse"),
    Area("spaces", "Spaces", "space", "space"),
    Area("users", "Users", "user", "member"),
    Area("journeys", "Journeys", "journey", "journey"),
    Area("broadcasts", "Broadcasts", "broadcast", "broadcast"),
    Area("workspace", "Workspace", "workspace", "workspace"),
)
