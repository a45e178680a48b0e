"""What is plugged in where, in one place: jobs and their schedules, and the kinds of resources that roles can be limited to."""

from typing import Final

from procrastinate import App

from auditapp.access.asked import MAIL_JOB as REQUEST_MAIL_JOB
from auditapp.access.left_behind import tell_of_left
from auditapp.access.owner_mail import OWNER_MAIL_JOB, mail_owner_cut
from auditapp.access.request_mail import mail_request
from auditapp.access.resources import ResourceKind, register_kind
from auditapp.access.support import EXPIRE_JOB as EXPIRE_SUPPORT_JOB
from auditapp.access.support import MAIL_JOB as SUPPORT_MAIL_JOB
from auditapp.access.support import expire_support
from auditapp.access.support_mail import mail_support
from auditapp.alerts.jobs import forget_firings
from auditapp.alerts.left_behind import rules_left
from auditapp.forwarding import backfill
from auditapp.forwarding.marks import forwarding_marks
from auditapp.forwarding.strip import find_upstream
from auditapp.forwarding.where_it_went import where_it_went
from auditapp.jobs.schedule import Job, redo_stalled, register
from auditapp.pipeline.delivery.jobs import forget_attempts, warn_of_expiry
from auditapp.pipeline.delivery.mail import mail_owners
from auditapp.pipeline.destination_filters.services import delete_filters_of
from auditapp.pipeline.destinations.attached import attach_to_destinations
from auditapp.pipeline.destinations.kinds.datadog import DatadogLogs
from auditapp.pipeline.destinations.kinds.elasticsearch import Elasticsearch
from auditapp.pipeline.destinations.kinds.email import Email
from auditapp.pipeline.destinations.kinds.s3 import AmazonS3
from auditapp.pipeline.destinations.kinds.segment import Segment
from auditapp.pipeline.destinations.kinds.slack import Slack
from auditapp.pipeline.destinations.kinds.splunk import SplunkHec
from auditapp.pipeline.destinations.kinds.syslog import Syslog
from auditapp.pipeline.destinations.kinds.webhook import Webhook
from auditapp.pipeline.destinations.registry import register_destination_kind
from auditapp.pipeline.destinations.services import delete_destinations_of
from auditapp.pipeline.flow.counting import forget_stages
from auditapp.pipeline.flow.upstream import register_upstream
from auditapp.pipeline.functions.queries import function_names
from auditapp.pipeline.functions.restoring import forget_versions
from auditapp.pipeline.functions.uses import take_out_of_destination, take_out_of_source
from auditapp.pipeline.hangs_on_source import goes_with_source
from auditapp.pipeline.plans.connections import leave_plan_of
from auditapp.pipeline.plans.jobs import forget_violations, tell_violations
from auditapp.pipeline.plans.queries import plan_names, planned_names
from auditapp.pipeline.plans.schema_words import told_of_schema
from auditapp.pipeline.transformations.services import (
    delete_transformations_of,
    delete_transformations_of_source,
)
from auditapp.pipeline.warehouses.due import SYNC_KIND, start_due_syncs, sync_ended
from auditapp.pipeline.warehouses.jobs import forget_syncs
from auditapp.pipeline.warehouses.queries import warehouse_names
from auditapp.pipeline.warehouses.services import disconnect_deleted_source
from auditapp.pipeline.warehouses.syncing import connect, load, make_schema
from auditapp.record.jobs import forget_idempotency_keys, make_months
from auditapp.record.written import follow_writing
from auditapp.revert.elsewhere.asking import ask, asking_ended
from auditapp.revert.elsewhere.services import TASK_KIND as ASK_KIND
from auditapp.revert.kind import register_revert_kind
from auditapp.revert.kinds.alert_rule import AlertRuleRevert
from auditapp.revert.kinds.audit_forwarding import AuditForwardingRevert
from auditapp.revert.kinds.destination import DestinationRevert
from auditapp.revert.kinds.destination_filter import DestinationFilterRevert
from auditapp.revert.kinds.event_type import EventTypeRevert
from auditapp.revert.kinds.insert_function import InsertFunctionRevert
from auditapp.revert.kinds.label import LabelRevert
from auditapp.revert.kinds.member import MemberRevert
from auditapp.revert.kinds.role import RoleRevert
from auditapp.revert.kinds.saved_view import SavedViewRevert
from auditapp.revert.kinds.source import SourceRevert
from auditapp.revert.kinds.space import SpaceRevert
from auditapp.revert.kinds.support_access import SupportAccessRevert
from auditapp.revert.kinds.tracking_plan import TrackingPlanRevert
from auditapp.revert.kinds.transformation import TransformationRevert
from auditapp.revert.kinds.user_group import UserGroupRevert
from auditapp.revert.kinds.warehouse import WarehouseRevert
from auditapp.revert.kinds.workspace import WorkspaceRevert
from auditapp.revert.marks import revert_marks, revert_panel, undo_actions
from auditapp.sealing.jobs import verify_all
from auditapp.sources.attached import attach_to_sources, say_with_sources, tell_with_sources
from auditapp.sources.jobs import forget_inboxes, make_weeks
from auditapp.sources.planned import register_planned
from auditapp.sources.queries import labels_of_sources, source_ids_with_labels, source_names, sources_with_trail
from auditapp.spaces.learning import learn_spaces
from auditapp.spaces.queries import deleted_spaces, labels_of_spaces, space_ids_with_labels, space_names
from auditapp.tasks.jobs import forget_tasks
from auditapp.tasks.kinds import TaskKind, register_task_kind
from auditapp.trail.exports.jobs import expire_exports, tell_ended
from auditapp.trail.exports.left_behind import exports_left
from auditapp.trail.exports.queries import EXPORT_KIND
from auditapp.trail.exports.writing import MAIL_JOB, export_ended, finish_file, targets_of, told_with, write_file
from auditapp.trail.parts import register_actions, register_marks, register_panel
from auditapp.trail.saved_views.left_behind import views_left

JOBS: Final = (
    Job("record.make_months", make_months, cron="7 3 * * *"),
    Job("record.forget_idempotency_keys", forget_idempotency_keys, cron="17 3 * * *"),
    Job("sources.make_weeks", make_weeks, cron="9 3 * * *"),
    Job("sources.forget_inboxes", forget_inboxes, cron="47 3 * * *"),
    Job("sealing.verify_all", verify_all, cron="27 3 * * *"),
    Job("jobs.redo_stalled", redo_stalled, cron="* * * * *", may_overlap=True),
    Job("tasks.forget", forget_tasks, cron="57 3 * * *"),
    Job("warehouses.forget_syncs", forget_syncs, cron="3 4 * * *"),
    Job(REQUEST_MAIL_JOB, mail_request),
    Job(SUPPORT_MAIL_JOB, mail_support),
    Job(OWNER_MAIL_JOB, mail_owner_cut),
    Job(EXPIRE_SUPPORT_JOB, expire_support, cron="* * * * *"),
    Job(MAIL_JOB, tell_ended),
    Job("destinations.mail_owners", mail_owners),
    Job("destinations.warn_of_expiry", warn_of_expiry, cron="*/10 * * * *"),
    Job("destinations.forget_attempts", forget_attempts, cron="53 3 * * *"),
    Job("functions.forget_versions", forget_versions, cron="13 4 * * *"),
    Job("plans.tell_violations", tell_violations, cron="23 5 * * *"),
    Job("plans.forget_violations", forget_violations, cron="43 3 * * *"),
    Job("alerts.forget_firings", forget_firings, cron="33 3 * * *"),
    Job("exports.expire", expire_exports, cron="37 * * * *"),
)
TASK_KINDS: Final = (
    TaskKind(
        name=SYNC_KIND,
        steps={"connect": connect, "schema": make_schema, "load": load},
        failed_type="warehouse.run_failed",
        recovered_type="warehouse.run_recovered",
        ended=sync_ended,
        start_due=start_due_syncs,
    ),
    TaskKind(
        name=ASK_KIND,
        steps={"ask": ask},
        failed_type="audit_event.revert_failed",
        recovered_type="audit_event.revert_recovered",
        ended=asking_ended,
    ),
    TaskKind(
        name=EXPORT_KIND,
        steps={"write": write_file, "finish": finish_file},
        failed_type="audit_trail.export_failed",
        recovered_type="audit_trail.export_recovered",
        ended=export_ended,
        targets=targets_of,
        tells=told_with,
    ),
    TaskKind(
        name=backfill.BACKFILL_KIND,
        steps={"send": backfill.send_past},
        failed_type="audit_forwarding.backfill_failed",
        recovered_type="audit_forwarding.backfill_recovered",
        start_due=backfill.start_due_backfills,
        targets=backfill.targets_of,
    ),
)
RESOURCE_KINDS: Final = (
    ResourceKind(
        *("source", "source", "sources", source_names, source_ids_with_labels, sources_with_trail),
        labels=labels_of_sources,
        page="sources:source",
    ),
    ResourceKind("function", "function", "functions", function_names),
    ResourceKind("warehouse", "warehouse", "warehouses", warehouse_names),
    ResourceKind("tracking_plan", "tracking plan", "tracking plans", plan_names),
    ResourceKind(
        *("space", "space", "spaces", space_names, space_ids_with_labels),
        labels=labels_of_spaces,
        page="spaces:space",
        deleted=deleted_spaces,
    ),
)


# In the order in which they are offered.
DESTINATION_KINDS: Final = (
    Webhook(),
    Segment(),
    Slack(),
    Email(),
    AmazonS3(),
    SplunkHec(),
    DatadogLogs(),
    Elasticsearch(),
    Syslog(),
)


# How each type of resource is undone.
REVERT_KINDS: Final = (
    SourceRevert(),
    WarehouseRevert(),
    WorkspaceRevert(),
    MemberRevert(),
    UserGroupRevert(),
    LabelRevert(),
    RoleRevert(),
    SupportAccessRevert(),
    DestinationRevert(),
    DestinationFilterRevert(),
    TransformationRevert(),
    TrackingPlanRevert(),
    AlertRuleRevert(),
    AuditForwardingRevert(),
    SavedViewRevert(),
    EventTypeRevert(),
    InsertFunctionRevert(),
    SpaceRevert(),
)


# In the order in which they stand at the end of a row, and in the detail of an event.
EVENT_MARKS: Final = (revert_marks, forwarding_marks)
EVENT_PANELS: Final = (where_it_went, revert_panel)
EVENT_ACTIONS: Final = (undo_actions,)


def register_resources() -> None:
    """Called once when the app is ready."""
    for task_kind in TASK_KINDS:
        register_task_kind(task_kind)
    for kind in RESOURCE_KINDS:
        register_kind(kind)
    for destination_kind in DESTINATION_KINDS:
        register_destination_kind(destination_kind)
    for revert_kind in REVERT_KINDS:
        register_revert_kind(revert_kind)
    for left in (rules_left, exports_left, views_left):
        tell_of_left(left)
    attach_to_destinations(delete_filters_of)
    attach_to_destinations(delete_transformations_of)
    attach_to_destinations(take_out_of_destination)
    attach_to_sources(delete_destinations_of)
    attach_to_sources(delete_transformations_of_source)
    attach_to_sources(take_out_of_source)
    attach_to_sources(disconnect_deleted_source)
    attach_to_sources(leave_plan_of)
    tell_with_sources(told_of_schema)
    say_with_sources(goes_with_source)
    register_planned(planned_names)
    follow_writing(learn_spaces)
    attach_to_sources(forget_stages)
    register_upstream(find_upstream)
    for find_marks in EVENT_MARKS:
        register_marks(find_marks)
    for make_panel in EVENT_PANELS:
        register_panel(make_panel)
    for find_actions in EVENT_ACTIONS:
        register_actions(find_actions)


def register_jobs(app: App) -> None:
    """Called by procrastinate when Django is ready (settings.PROCRASTINATE_ON_APP_READY)."""
    register(app, JOBS)
