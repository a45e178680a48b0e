"""Which source follows which plan, and what it does with events that the plan does not know. Each is one transaction with its events."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Final

from django.db import transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.pipeline.plans.errors import AlreadyConnected, HasAnotherPlan, NotConnected
from auditapp.pipeline.plans.locking import plan_to_change
from auditapp.pipeline.plans.models import SourcePlan, TrackingPlan
from auditapp.pipeline.plans.queries import schema_settings
from auditapp.pipeline.plans.settings import SchemaSettings, settings_as_json, settings_of
from auditapp.record.drafts import Change, changed
from auditapp.record.services import record
from auditapp.sources.locking import source_to_change
from auditapp.sources.models import Source
from auditapp.sources.queries import visible_sources


class Keep(Enum):
    """In place of a value: leave it as it is."""

    KEEP = "keep"


KEEP: Final = Keep.KEEP
# Settings that have event types of their own: path in JSON, what they are about, and what false is called.
OWN_TYPES: Final = {
    ("track", "allowUnplannedEvents"): ("new_events", "blocked"),
    ("track", "allowUnplannedEventProperties"): ("new_event_properties", "omitted"),
    ("identify", "allowUnplannedTraits"): ("new_identify_traits", "omitted"),
    ("group", "allowUnplannedTraits"): ("new_group_traits", "omitted"),
    ("identify", "allowTraitsOnViolations"): ("identify_traits_on_violation", "omitted"),
    ("group", "allowTraitsOnViolations"): ("group_traits_on_violation", "omitted"),
}
WORDS: Final = {"allowed": "allow", "blocked": "block", "omitted": "omit"}


@transaction.atomic
def connect_source(*, plan_id: str, source_id: str) -> SourcePlan:
    """Let a source follow a plan, with the settings that it has.

    Raises:  NotFound, Denied, AlreadyConnected, HasAnotherPlan
    Writes:  SourcePlan; tracking_plan.source_connected
    """
    source = source_to_change(source_id)
    plan = plan_to_change(plan_id)
    follows = _locked(source)
    if follows.plan_id == plan.id:
        raise AlreadyConnected
    if follows.plan_id:
        raise HasAnotherPlan
    follows.plan_id, follows.connected_at = plan.id, clock.now()
    follows.save()
    record("tracking_plan.source_connected", target=[plan, source], scope_id=source.id)
    return follows


@transaction.atomic
def disconnect_source(*, plan_id: str, source_id: str) -> None:
    """Let a source follow no plan any more; its settings stay for the next one. Who may change the plan may, whatever they may do to the source.

    Raises:  NotFound, Denied, NotConnected
    Writes:  SourcePlan; tracking_plan.source_disconnected
    """
    plan = plan_to_change(plan_id)
    rows = SourcePlan.objects.select_for_update().filter(workspace_id=plan.workspace_id, plan_id=plan.id)
    follows = rows.filter(source_id=source_id).first()
    if follows is None:
        raise NotConnected
    follows.plan_id = follows.connected_at = None
    follows.save(update_fields=["plan_id", "connected_at"])
    source = Source.objects.get(workspace_id=plan.workspace_id, id=source_id)
    record("tracking_plan.source_disconnected", target=[plan, source], scope_id=source.id)


def leave_plan_of(source: Source) -> None:
    """Have a source that is being deleted follow its plan no more, in the caller's transaction.

    Writes:  SourcePlan; tracking_plan.source_disconnected
    """
    rows = SourcePlan.objects.select_for_update().filter(workspace_id=source.workspace_id, source_id=source.id)
    follows = rows.exclude(plan_id=None).first()
    if follows is not None:
        plan = TrackingPlan.objects.get(workspace_id=source.workspace_id, id=follows.plan_id)
        rows.update(plan_id=None, connected_at=None)
        record("tracking_plan.source_disconnected", target=[plan, source], scope_id=source.id)


@transaction.atomic
def change_schema_settings(
    *,
    source_id: str,
    settings: Mapping[str, Any] | None = None,
    violations_to: str | Keep | None = KEEP,
    blocked_to: str | Keep | None = KEEP,
) -> SourcePlan:
    """Change what a source does with events that its plan does not know or that break it, and where it tells of them.

    Takes:   settings, as the API says them, only what changes; violations_to and blocked_to, the id of another source or None
    Raises:  NotFound, Denied, Invalid
    Writes:  SourcePlan; source_schema.* for what has a type of its own, source.settings_modified for the rest
    """
    source = source_to_change(source_id)
    follows = _locked(source)
    old = schema_settings(follows)
    new = settings_of(settings or {}, old)
    told: list[Change] = []
    for field, wanted, name in (
        ("forwarding_violations_to", violations_to, "forwardingViolationsTo"),
        ("forwarding_blocked_to", blocked_to, "forwardingBlockedEventsTo"),
    ):
        before = getattr(follows, field)
        after = before if isinstance(wanted, Keep) else wanted or None
        if after != before:
            _check_target(source, after, name)
            told.append(Change(f"schema.{name}", _name_of(source, before), _name_of(source, after)))
            setattr(follows, field, after)
    if new == old and not told:
        return follows
    follows.settings = settings_as_json(new)
    follows.save()
    _tell(source, old, new, told)
    return follows


def _locked(source: Source) -> SourcePlan:
    """The row of a locked source, made where there is none."""
    where = {"workspace_id": source.workspace_id, "source_id": source.id}
    found = SourcePlan.objects.select_for_update().filter(**where).first()
    return found or SourcePlan.objects.create(**where, settings=settings_as_json(SchemaSettings()))


def _check_target(source: Source, target_id: str | None, name: str) -> None:
    if target_id is None:
        return
    if target_id == source.id:
        raise Invalid("A source cannot forward to itself. Choose another one.", field=name, code="itself")
    access = acting_access()
    target = visible_sources(access).filter(id=target_id).first()
    if target is None:
        raise Invalid("There is no such source, or you do not see it.", field=name, code="unknown_source")
    access.require(Permission.SOURCE_WRITE, target)


def _name_of(source: Source, target_id: str | None) -> str | None:
    targets = Source.objects.filter(workspace_id=source.workspace_id, id=target_id)
    return targets.values_list("name", flat=True).first() if target_id else None


def _tell(source: Source, old: SchemaSettings, new: SchemaSettings, told: list[Change]) -> None:
    before, after = settings_as_json(old), settings_as_json(new)
    for call, name in ((call, name) for call, names in after.items() for name in names):
        was, is_now = before[call][name], after[call][name]
        if was == is_now:
            continue
        if own := OWN_TYPES.get((call, name)):
            subject, refused = own
            past, opposite = ("allowed", refused) if is_now else (refused, "allowed")
            change = Change(f"schema.{subject}", WORDS[opposite], WORDS[past])
            record(f"source_schema.{subject}_{past}", target=source, changes=[change])
        else:
            told += changed({name: was}, {name: is_now}, prefix=f"schema.{call}.")
    if told:
        record("source.settings_modified", target=source, changes=told)
