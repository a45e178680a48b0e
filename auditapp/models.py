"""The index of all models: Django finds them here, and makemigrations forgets what is left out."""

from auditapp.access.label_models import Label
from auditapp.access.models import (
    AccessRequest,
    ApiToken,
    Grant,
    Group,
    GroupMember,
    Invitation,
    Member,
    Role,
    User,
    Workspace,
)
from auditapp.access.support_models import SupportAccess
from auditapp.alerts.models import (
    AlertBell,
    AlertCount,
    AlertFiring,
    AlertMessage,
    AlertNotice,
    AlertReading,
    AlertRule,
    AlertWindow,
)
from auditapp.forwarding.models import Forwarding
from auditapp.pipeline.delivery.models import DeadLetter, Delivery, DeliveryAttempt, DeliveryCount, Replay
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.flow.models import StageCount
from auditapp.pipeline.functions.models import Function, FunctionUse, FunctionVersion
from auditapp.pipeline.plans.models import (
    PlanRule,
    PlanRuleChange,
    SourcePlan,
    TrackingPlan,
    ViolationCount,
    ViolationSample,
)
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.warehouses.models import Warehouse, WarehouseFeed, WarehouseSync
from auditapp.record.models import (
    ActorCount,
    ActorTotal,
    DeclaredType,
    Event,
    EventAttempt,
    Idempotency,
    Pending,
    TypeCount,
    TypeTotal,
)
from auditapp.revert.models import Revert, RevertCallback, RevertRequest
from auditapp.sealing.models import Checkpoint, Leaf, Node, Reader, SealKey, TreeHead, Verification
from auditapp.sources.models import SeenEvent, Source, SourceCount, SourceEvent, SourceHead, WriteKey
from auditapp.spaces.models import Space
from auditapp.tasks.models import Task, TaskAttempt, TaskStep
from auditapp.trail.exports.models import Export, ExportChunk, TrailVisit
from auditapp.trail.saved_views.models import DefaultView, SavedView

__all__ = [
    "AccessRequest",
    "ActorCount",
    "ActorTotal",
    "AlertBell",
    "AlertCount",
    "AlertFiring",
    "AlertMessage",
    "AlertNotice",
    "AlertReading",
    "AlertRule",
    "AlertWindow",
    "ApiToken",
    "Checkpoint",
    "DeadLetter",
    "DeclaredType",
    "DefaultView",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryCount",
    "Destination",
    "DestinationFilter",
    "Event",
    "EventAttempt",
    "Export",
    "ExportChunk",
    "Forwarding",
    "Function",
    "FunctionUse",
    "FunctionVersion",
    "Grant",
    "Group",
    "GroupMember",
    "Idempotency",
    "Invitation",
    "Label",
    "Leaf",
    "Member",
    "Node",
    "Pending",
    "PlanRule",
    "PlanRuleChange",
    "Reader",
    "Replay",
    "Revert",
    "RevertCallback",
    "RevertRequest",
    "Role",
    "SavedTransformation",
    "SavedView",
    "SealKey",
    "SeenEvent",
    "Source",
    "SourceCount",
    "SourceEvent",
    "SourceHead",
    "SourcePlan",
    "Space",
    "StageCount",
    "SupportAccess",
    "Task",
    "TaskAttempt",
    "TaskStep",
    "TrackingPlan",
    "TrailVisit",
    "TreeHead",
    "TypeCount",
    "TypeTotal",
    "User",
    "Verification",
    "ViolationCount",
    "ViolationSample",
    "Warehouse",
    "WarehouseFeed",
    "WarehouseSync",
    "Workspace",
    "WriteKey",
]
