"""Every URL of the app; those of a person's own account stand in access/account_urls.py. Whose view is not ours is marked here
with its permission or reason.
"""

from django.urls import URLPattern, URLResolver, include, path

from auditapp.access import (
    account_urls,
    group_views,
    label_views,
    member_views,
    ownership_views,
    request_views,
    role_views,
    support_views,
    token_views,
    views,
)
from auditapp.access.check_api import router as check_endpoints
from auditapp.access.decorators import public_page
from auditapp.access.group_api import ROUTERS as MEMBER_ENDPOINTS
from auditapp.access.label_api import router as label_endpoints
from auditapp.access.reasons import PARAMETER as REASON_PARAMETER
from auditapp.access.role_api import router as role_endpoints
from auditapp.access.sso import settings_views as sso_settings
from auditapp.alerts import bell_views as bells
from auditapp.alerts import preference_views as own_notices
from auditapp.alerts import retry_views as retries
from auditapp.alerts import views as alerts
from auditapp.alerts.api import router as alert_endpoints
from auditapp.forwarding import views as forwarding
from auditapp.ingest.api import EXTRA_SCHEMAS, no_such_endpoint
from auditapp.ingest.api import router as audit_events
from auditapp.ingest.segment import views as segment
from auditapp.pipeline.delivery import views as delivery
from auditapp.pipeline.delivery.api import router as delivery_endpoints
from auditapp.pipeline.destination_filters import views as filters
from auditapp.pipeline.destination_filters.api import router as filter_endpoints
from auditapp.pipeline.destinations import message_views as destination_messages
from auditapp.pipeline.destinations import views as destinations
from auditapp.pipeline.destinations.api import router as destination_endpoints
from auditapp.pipeline.flow import views as flow
from auditapp.pipeline.functions import put_views
from auditapp.pipeline.functions import views as functions
from auditapp.pipeline.functions.api import router as function_endpoints
from auditapp.pipeline.functions.use_api import router as function_use_endpoints
from auditapp.pipeline.plans import rule_views as plan_rules
from auditapp.pipeline.plans import views as plans
from auditapp.pipeline.plans import violation_views as plan_violations
from auditapp.pipeline.plans.api import router as plan_endpoints
from auditapp.pipeline.plans.rule_api import router as rule_endpoints
from auditapp.pipeline.transformations import views as transformations
from auditapp.pipeline.transformations.api import router as transformation_endpoints
from auditapp.pipeline.warehouses import sync_views as syncs
from auditapp.pipeline.warehouses import views as warehouses
from auditapp.pipeline.warehouses.api import router as warehouse_endpoints
from auditapp.pipeline.warehouses.selective_api import router as selective_endpoints
from auditapp.revert import views as reverts
from auditapp.revert.api import router as revert_endpoints
from auditapp.revert.elsewhere.api import router as revert_elsewhere_endpoints
from auditapp.sources import inbox_views as inboxes
from auditapp.sources import views as sources
from auditapp.sources.api import router as source_endpoints
from auditapp.spaces import views as spaces
from auditapp.spaces.api import router as space_endpoints
from auditapp.trail import views as trail
from auditapp.trail.exports import views as exports
from auditapp.trail.saved_views import views as saved_views
from auditapp.web.api import Api
from auditapp.web.health import healthz, readyz
from auditapp.web.metrics import metrics

ACCOUNTS = [
    *account_urls.ACCOUNTS,
    path("unsubscribe/<str:secret>/", own_notices.unsubscribe, name="unsubscribe"),
]
ACCESS = [
    path("", views.home, name="home"),
    path("settings/workspace/", views.workspace_settings, name="workspace_settings"),
    path("settings/workspace/single-sign-on/", sso_settings.workspace_sso, name="workspace_sso"),
    path("settings/access/", member_views.overview, name="overview"),
    path("settings/access/invitations/", member_views.invitation_list, name="invitation_list"),
    path("settings/access/invite/", member_views.invite, name="invite"),
    path(
        "settings/access/invitations/<str:invitation_id>/revoke/",
        member_views.invitation_revoke,
        name="invitation_revoke",
    ),
    path(
        "settings/access/invitations/<str:invitation_id>/resend/",
        member_views.invitation_resend,
        name="invitation_resend",
    ),
    path("settings/access/members.csv", member_views.members_export, name="members_export"),
    path("settings/access/members/<str:user_id>/", member_views.member, name="member"),
    path("settings/access/members/<str:user_id>/roles/", member_views.member_role_grant, name="member_role_grant"),
    path("settings/access/members/<str:user_id>/remove/", member_views.member_remove, name="member_remove"),
    path("settings/access/transfer/", ownership_views.ownership_transfer, name="ownership_transfer"),
    path("leave/", ownership_views.leave, name="leave"),
    path("settings/access/grants/<str:grant_id>/revoke/", member_views.grant_revoke, name="grant_revoke"),
    path("settings/access/roles/", role_views.role_list, name="role_list"),
    path("settings/access/roles/new/", role_views.role_create, name="role_create"),
    path("settings/access/roles/<str:role_key>/", role_views.role, name="role"),
    path("settings/access/roles/<str:role_key>/edit/", role_views.role_edit, name="role_edit"),
    path("settings/access/roles/<str:role_key>/delete/", role_views.role_delete, name="role_delete"),
    path("settings/access/groups/", group_views.group_list, name="group_list"),
    path("settings/access/groups/new/", group_views.group_create, name="group_create"),
    path("settings/access/groups/<str:group_id>/", group_views.group, name="group"),
    path("settings/access/groups/<str:group_id>/rename/", group_views.group_rename, name="group_rename"),
    path("settings/access/groups/<str:group_id>/delete/", group_views.group_delete, name="group_delete"),
    path("settings/access/groups/<str:group_id>/roles/", group_views.group_role_grant, name="group_role_grant"),
    path("settings/access/groups/<str:group_id>/members/", group_views.group_member_add, name="group_member_add"),
    path(
        "settings/access/groups/<str:group_id>/members/<str:user_id>/remove/",
        group_views.group_member_remove,
        name="group_member_remove",
    ),
    path("settings/access/labels/", label_views.label_list, name="label_list"),
    path("settings/access/labels/new/", label_views.label_create, name="label_create"),
    path("settings/access/labels/matching/", label_views.label_matches, name="label_matches"),
    path("settings/access/labels/<str:key>/<str:value>/", label_views.label, name="label"),
    path("settings/access/labels/<str:key>/<str:value>/describe/", label_views.label_describe, name="label_describe"),
    path("settings/access/labels/<str:key>/<str:value>/delete/", label_views.label_delete, name="label_delete"),
    path("access-requests/", request_views.own, name="own_requests"),
    path("access-requests/new/", request_views.request_create, name="request_create"),
    path(
        "settings/access/requests/<str:request_id>/approve/",
        request_views.request_approve,
        name="request_approve",
    ),
    path(
        "settings/access/requests/<str:request_id>/decline/",
        request_views.request_decline,
        name="request_decline",
    ),
    path("settings/access/support/", support_views.support, name="support"),
    path("settings/access/support/new/", support_views.support_grant, name="support_grant"),
    path("settings/access/support/<str:support_id>/revoke/", support_views.support_revoke, name="support_revoke"),
    path("settings/access/tokens/", token_views.token_list, name="token_list"),
    path("settings/access/tokens/new/", token_views.token_create, name="token_create"),
    path("settings/access/tokens/find/", token_views.token_find, name="token_find"),
    path("settings/access/tokens/<str:token_id>/", token_views.token, name="token"),
    path("settings/access/tokens/<str:token_id>/networks/", token_views.token_networks, name="token_networks"),
    path("settings/access/tokens/<str:token_id>/revoke/", token_views.token_revoke, name="token_revoke"),
]
SOURCES = [
    path("", sources.source_list, name="source_list"),
    path("new/", sources.source_create, name="source_create"),
    path("<str:source_id>/", flow.source_overview, name="source"),
    path("<str:source_id>/debugger/", inboxes.source_debugger, name="source_debugger"),
    path("<str:source_id>/debugger/<str:index>/", inboxes.source_debugger_event, name="source_debugger_event"),
    path("<str:source_id>/schema/", inboxes.source_schema, name="source_schema"),
    path("<str:source_id>/schema/allow/", inboxes.schema_event_allow, name="schema_event_allow"),
    path("<str:source_id>/schema/block/", inboxes.schema_event_block, name="schema_event_block"),
    path("<str:source_id>/schema/archive/", inboxes.schema_event_archive, name="schema_event_archive"),
    path("<str:source_id>/destinations/", destinations.source_destinations, name="source_destinations"),
    path("<str:source_id>/tracking-plan/", plan_violations.source_plan, name="source_plan"),
    path("<str:source_id>/tracking-plan/connect/", plan_violations.source_plan_connect, name="source_plan_connect"),
    path(
        "<str:source_id>/tracking-plan/disconnect/",
        plan_violations.source_plan_disconnect,
        name="source_plan_disconnect",
    ),
    path("<str:source_id>/function/", put_views.source_function, name="source_function"),
    path("<str:source_id>/settings/", sources.source_settings, name="source_settings"),
    path("<str:source_id>/enable/", sources.source_enable, name="source_enable"),
    path("<str:source_id>/disable/", sources.source_disable, name="source_disable"),
    path("<str:source_id>/write-keys/add/", sources.write_key_add, name="write_key_add"),
    path("<str:source_id>/write-keys/rotate/", sources.write_key_rotate, name="write_key_rotate"),
    path("<str:source_id>/write-keys/<str:key_id>/revoke/", sources.write_key_revoke, name="write_key_revoke"),
    path("<str:source_id>/delete/", sources.source_delete, name="source_delete"),
]
DESTINATIONS = [
    path("", destinations.destination_list, name="destination_list"),
    path("new/", destinations.destination_create, name="destination_create"),
    path("<str:destination_id>/", destinations.destination_overview, name="destination"),
    path("<str:destination_id>/settings/", destinations.destination_settings, name="destination_settings"),
    path("<str:destination_id>/messages/", destination_messages.message_list, name="message_list"),
    path("<str:destination_id>/messages/edit/", destination_messages.message_edit, name="message_edit"),
    path("<str:destination_id>/messages/remove/", destination_messages.message_remove, name="message_remove"),
    path("<str:destination_id>/test/", destinations.destination_test, name="destination_test"),
    path("<str:destination_id>/enable/", destinations.destination_enable, name="destination_enable"),
    path("<str:destination_id>/disable/", destinations.destination_disable, name="destination_disable"),
    path("<str:destination_id>/pause/", destinations.destination_pause, name="destination_pause"),
    path("<str:destination_id>/resume/", destinations.destination_resume, name="destination_resume"),
    path("<str:destination_id>/rotate-secret/", destinations.destination_rotate, name="destination_rotate"),
    path("<str:destination_id>/delete/", destinations.destination_delete, name="destination_delete"),
    path("<str:destination_id>/deliveries/", delivery.attempt_list, name="attempt_list"),
    path("<str:destination_id>/deliveries/retry/", delivery.delivery_retry, name="delivery_retry"),
    path("<str:destination_id>/deliveries/set-aside/", delivery.delivery_set_aside, name="delivery_set_aside"),
    path("<str:destination_id>/deliveries/<str:attempt_id>/", delivery.attempt, name="attempt"),
    path("<str:destination_id>/events/<str:index>/resend/", delivery.event_resend, name="event_resend"),
    path("<str:destination_id>/replays/", delivery.replay_list, name="replay_list"),
    path("<str:destination_id>/replays/dead-letters/", delivery.letters_replay, name="letters_replay"),
    path("<str:destination_id>/replays/<str:replay_id>/cancel/", delivery.replay_cancel, name="replay_cancel"),
]
DESTINATIONS += [
    path("<str:destination_id>/filters/", filters.filter_list, name="filter_list"),
    path("<str:destination_id>/filters/new/", filters.filter_create, name="filter_create"),
    path("<str:destination_id>/filters/<str:filter_id>/", filters.filter_edit, name="filter_edit"),
    path("<str:destination_id>/filters/<str:filter_id>/enable/", filters.filter_enable, name="filter_enable"),
    path("<str:destination_id>/filters/<str:filter_id>/disable/", filters.filter_disable, name="filter_disable"),
    path("<str:destination_id>/filters/<str:filter_id>/delete/", filters.filter_delete, name="filter_delete"),
    path("<str:destination_id>/function/", put_views.destination_function, name="destination_function"),
]
FORWARDING = [
    path("", forwarding.forwarding, name="forwarding"),
    path("matching/", forwarding.forwarding_matching, name="forwarding_matching"),
    path("new-source/", forwarding.forwarding_source_create, name="forwarding_source_create"),
    path("test/", forwarding.forwarding_test, name="forwarding_test"),
]
ALERTS = [
    path("", alerts.rule_list, name="rule_list"),
    path("new/", alerts.rule_create, name="rule_create"),
    path("chips/", alerts.rule_chips, name="rule_chips"),
    path("last-retry/", retries.last_retry, name="last_retry"),
    path("bell/", bells.bell, name="bell"),
    path("bell/read/", bells.bell_read, name="bell_read"),
    path("bell/settings/", own_notices.preferences, name="preferences"),
    path("ready/<str:key>/", alerts.ready_rule_create, name="ready_rule_create"),
    path("<str:rule_id>/", alerts.rule_page, name="rule"),
    path("<str:rule_id>/edit/", alerts.rule_edit, name="rule_edit"),
    path("<str:rule_id>/test/", alerts.rule_test, name="rule_test"),
    path("<str:rule_id>/enable/", alerts.rule_enable, name="rule_enable"),
    path("<str:rule_id>/disable/", alerts.rule_disable, name="rule_disable"),
    path("<str:rule_id>/delete/", alerts.rule_delete, name="rule_delete"),
    path("<str:rule_id>/rotate-secret/", alerts.rule_secret_rotate, name="rule_secret_rotate"),
]
WAREHOUSES = [
    path("", warehouses.warehouse_list, name="warehouse_list"),
    path("new/", warehouses.warehouse_create, name="warehouse_create"),
    path("new/test/", syncs.settings_test, name="settings_test"),
    path("<str:warehouse_id>/", warehouses.warehouse_overview, name="warehouse"),
    path("<str:warehouse_id>/settings/", warehouses.warehouse_settings, name="warehouse_settings"),
    path("<str:warehouse_id>/enable/", warehouses.warehouse_enable, name="warehouse_enable"),
    path("<str:warehouse_id>/disable/", warehouses.warehouse_disable, name="warehouse_disable"),
    path("<str:warehouse_id>/test/", syncs.warehouse_test, name="warehouse_test"),
    path("<str:warehouse_id>/syncs/", syncs.sync_list, name="sync_list"),
    path("<str:warehouse_id>/sync/", syncs.warehouse_sync, name="warehouse_sync"),
    path("<str:warehouse_id>/sources/<str:source_id>/", syncs.selective_sync, name="selective_sync"),
    path("<str:warehouse_id>/delete/", warehouses.warehouse_delete, name="warehouse_delete"),
]
FUNCTIONS = [
    path("", functions.function_list, name="function_list"),
    path("new/", functions.function_create, name="function_create"),
    path("<str:function_id>/", functions.function, name="function"),
    path("<str:function_id>/deploy/", functions.function_deploy, name="function_deploy"),
    path("<str:function_id>/delete/", functions.function_delete, name="function_delete"),
    path("<str:function_id>/versions/", functions.function_versions, name="function_versions"),
    path("<str:function_id>/versions/<str:number>/", functions.function_version, name="function_version"),
    path("<str:function_id>/versions/<str:number>/restore/", functions.function_restore, name="function_restore"),
]
SPACES = [
    path("spaces/", spaces.space_list, name="space_list"),
    path("new-space/", spaces.space_create, name="space_create"),  # below the list it could be the id of one
    path("spaces/<str:space_id>/", spaces.space, name="space"),
    path("spaces/<str:space_id>/settings/", spaces.space_settings, name="space_settings"),
    path("spaces/<str:space_id>/delete/", spaces.space_delete, name="space_delete"),
]
TRANSFORMATIONS = [
    path("", transformations.transformation_list, name="transformation_list"),
    path("new/", transformations.transformation_create, name="transformation_create"),
    path("<str:transformation_id>/", transformations.transformation, name="transformation"),
    path("<str:transformation_id>/enable/", transformations.transformation_enable, name="transformation_enable"),
    path("<str:transformation_id>/disable/", transformations.transformation_disable, name="transformation_disable"),
    path("<str:transformation_id>/delete/", transformations.transformation_delete, name="transformation_delete"),
]
PLANS = [
    path("", plans.plan_list, name="plan_list"),
    path("new/", plans.plan_create, name="plan_create"),
    path("<str:plan_id>/", plan_rules.plan, name="plan"),
    path("<str:plan_id>/rules/new/", plan_rules.rule_create, name="rule_create"),
    path("<str:plan_id>/rules/<str:rule>/", plan_rules.rule_edit, name="rule_edit"),
    path("<str:plan_id>/rules/<str:rule>/remove/", plan_rules.rule_remove, name="rule_remove"),
    path("<str:plan_id>/import/", plans.plan_import, name="plan_import"),
    path("<str:plan_id>/plan.csv", plans.plan_export, {"suffix": "csv"}, name="plan_csv"),
    path("<str:plan_id>/plan.json", plans.plan_export, {"suffix": "json"}, name="plan_json"),
    path("<str:plan_id>/sources/", plans.plan_sources, name="plan_sources"),
    path("<str:plan_id>/sources/connect/", plans.plan_source_connect, name="plan_source_connect"),
    path("<str:plan_id>/sources/disconnect/", plans.plan_source_disconnect, name="plan_source_disconnect"),
    path("<str:plan_id>/violations/", plan_violations.plan_violations, name="plan_violations"),
    path("<str:plan_id>/changelog/", plans.plan_changelog, name="plan_changelog"),
    path("<str:plan_id>/settings/", plans.plan_settings, name="plan_settings"),
    path("<str:plan_id>/delete/", plans.plan_delete, name="plan_delete"),
]
api = Api(
    title="Audit Trail API",
    version="1",
    description="Shaped as Segment's Public API, so that its clients read this trail.",
    urls_namespace="api",
    docs_decorator=public_page("It describes the API and holds no data."),
    schemas=EXTRA_SCHEMAS,
    writing_headers=[REASON_PARAMETER],
)
for router in (
    audit_events,
    source_endpoints,
    label_endpoints,
    destination_endpoints,
    delivery_endpoints,
    warehouse_endpoints,
    selective_endpoints,
    plan_endpoints,
    rule_endpoints,
    filter_endpoints,
    transformation_endpoints,
    function_endpoints,
    function_use_endpoints,
    revert_endpoints,
    revert_elsewhere_endpoints,
    alert_endpoints,
    check_endpoints,
    role_endpoints,
    *MEMBER_ENDPOINTS,
    space_endpoints,
):
    api.add_router("", router)
TRAIL = [
    path("", trail.event_list, name="event_list"),
    path("export.<str:suffix>", exports.event_export, name="event_export"),
    path("exports/", exports.export_list, name="export_list"),
    path("exports/request/", exports.export_request, name="export_request"),
    path("exports/<str:export>/cancel/", exports.export_cancel, name="export_cancel"),
    path("exports/<str:export>/file", exports.export_file, name="export_file"),
    path("exports/<str:export>/manifest.json", exports.export_manifest, name="export_manifest"),
    path("views/", saved_views.view_list, name="view_list"),
    path("views/new/", saved_views.view_create, name="view_create"),
    path("views/default/clear/", saved_views.view_default_clear, name="view_default_clear"),
    path("views/<str:view_id>/", saved_views.view_edit, name="view_edit"),
    path("views/<str:view_id>/update/", saved_views.view_update, name="view_update"),
    path("views/<str:view_id>/delete/", saved_views.view_delete, name="view_delete"),
    path("views/<str:view_id>/default/", saved_views.view_default, name="view_default"),
    path("search-language/", trail.query_help, name="query_help"),
    path("<str:event>/", trail.event_page, name="event_page"),
    path("<str:event>/proof.json", trail.event_proof, name="event_proof"),
]
REVERT = [path("<str:event>/undo/", reverts.undo, name="undo")]
# The first parts of these paths are access.workspaces.RESERVED_SLUGS.
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.start, name="start"),
    path(
        "healthz",
        public_page("Load balancers have no account; it tells nothing but up or down.")(healthz),
        name="healthz",
    ),
    path(
        "readyz",
        public_page("Load balancers have no account; it names parts of the installation and holds no data.")(readyz),
        name="readyz",
    ),
    path(
        "metrics", public_page("Sums alone, and only for this machine or with METRICS_TOKEN.")(metrics), name="metrics"
    ),
    path("v1/<str:kind>", segment.call, name="segment_call"),
    path("api/", api.urls),
    path("api/<path:rest>", no_such_endpoint),  # or it would be looked for in a workspace called api
    path("accounts/", include(ACCOUNTS)),
    path("<slug:workspace>/", include((ACCESS, "access"))),
    path("<slug:workspace>/settings/admin/audit-trail/", include((REVERT, "revert"))),
    path("<slug:workspace>/settings/admin/audit-trail/", include((TRAIL, "trail"))),
    path("<slug:workspace>/settings/admin/alerts/", include((ALERTS, "alerts"))),
    path("<slug:workspace>/settings/workspace/audit-forwarding/", include((FORWARDING, "forwarding"))),
    path("<slug:workspace>/connections/sources/", include((SOURCES, "sources"))),
    path("<slug:workspace>/connections/destinations/", include((DESTINATIONS, "destinations"))),
    path("<slug:workspace>/connections/warehouses/", include((WAREHOUSES, "warehouses"))),
    path("<slug:workspace>/connections/functions/", include((FUNCTIONS, "functions"))),
    path("<slug:workspace>/protocols/tracking-plans/", include((PLANS, "plans"))),
    path("<slug:workspace>/unify/", include((SPACES, "spaces"))),
    path("<slug:workspace>/protocols/transformations/", include((TRANSFORMATIONS, "transformations"))),
]
