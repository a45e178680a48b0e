"""The trail read for what it tells of access: what happened since a moment, which event gave what somebody holds, and which
resources there were. How events are undone is in past.py.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from auditapp.access.models import Grant, Group, GroupMember, Member, Role
from auditapp.access.past import (
    ACCESS_EVENTS,
    OURS,
    ActedFor,
    Fact,
    GroupThere,
    HeldRole,
    InGroup,
    Joined,
    RoleGives,
    RoleOver,
    RoleThere,
    State,
    effects,
)
from auditapp.access.resources import ResourceKind, resource_kinds
from auditapp.access.support_models import SupportAccess
from auditapp.lib.errors import Invalid
from auditapp.record.drafts import MISSING, EventDraft
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import MAX_PAGE_SIZE, EventQuery
from auditapp.record.event_row import EventRow
from auditapp.record.event_types import CATALOGUE

MOST_UNDONE: Final = 20_000
SET_UP: Final = timedelta(hours=1)
JUST_AFTER: Final = timedelta(microseconds=1)
RESOURCE_VERBS: Final = ("created", "modified", "updated", "deleted", "restored")
# The upgrades that gave built-in roles more, by their migration: no event tells of it, and which roles they were.
WIDENING: Final[Mapping[str, tuple[str, ...]]] = {
    "0012_tracking_plan_roles": ("workspace_owner", "auditor"),
    "0018_functions": ("workspace_owner", "auditor"),
    "0038_spaces": ("workspace_owner", "auditor"),
    "0040_labels": ("workspace_owner",),
}


@dataclass(frozen=True, slots=True)
class ResourcesThen:
    """The resources of one kind at a moment: name by id; `labels` of those that changed since, None where it is not told."""

    kind: ResourceKind
    names: Mapping[str, str]
    labels: Mapping[str, frozenset[str] | None]

    def with_labels(self, workspace_id: int, wanted: Sequence[str]) -> frozenset[str]:
        """The ids of those that carried each of these labels."""
        as_now = {one for one in self.kind.labelled(workspace_id, wanted) if one not in self.labels}
        then = {one for one, labels in self.labels.items() if labels is not None and labels >= set(wanted)}
        return frozenset((as_now | then) & self.names.keys())

    @property
    def are_labels_known(self) -> bool:
        return all(labels is not None for one, labels in self.labels.items() if one in self.names)


@dataclass(frozen=True, slots=True)
class RoleThen:
    """A role at a moment: what it was called, gave, and was given over; and its place among others."""

    name: str
    permissions: frozenset[str]
    resource_type: str
    position: int


def state_now(workspace_id: int) -> State:
    """Who is in the workspace and holds what, from its tables."""
    here = {"workspace_id": workspace_id}
    facts: set[Fact] = {Joined(one) for one in Member.objects.filter(**here).values_list("user_id", flat=True)}
    facts |= {InGroup(*pair) for pair in GroupMember.objects.filter(**here).values_list("group_id", "user_id")}
    facts |= {GroupThere(*pair) for pair in Group.objects.filter(**here).values_list("id", "name")}
    for grant in Grant.objects.filter(**here).select_related("role"):
        reach = (grant.scope, tuple(grant.resource_ids), tuple(grant.labels))
        facts.add(HeldRole(grant.subject_kind, grant.subject_id, grant.role.told_as, *reach))
    for role in Role.objects.filter(**here):
        facts |= {RoleThere(role.key, role.name), RoleOver(role.key, role.resource_type)}
        facts |= {RoleGives(role.key, permission) for permission in role.permissions}
    # As the trail tells it: one whose time is over ends with the event that says so, a moment later.
    support = SupportAccess.objects.filter(**here, revoked_at=None, expired_at=None)
    facts |= {ActedFor(*pair) for pair in support.values_list("id", "granted_by_id")}
    return State(facts)


def state_on(events: EventQuery, moment: datetime | None) -> State:
    """The same at a moment of the past: today's, with every event since then undone; None is now.

    Raises:  Invalid, where too much has happened since
    """
    state = state_now(events.viewer.workspace_id)
    if moment is not None:
        for row in _since(events, ACCESS_EVENTS, moment):
            state.undo(row)
    return state


def roles_then(state: State, told: Iterable[str]) -> dict[str, RoleThen]:
    """Roles by what events tell them as: own ones as they were, built-in ones as they are."""
    wanted = set(told)
    found = {}
    for number, role in enumerate(Role.objects.filter(workspace_id=None, name__in=wanted).order_by("position")):
        found[role.name] = RoleThen(role.name, frozenset(role.permissions), role.resource_type, number)
    own = sorted((one for one in state.facts if isinstance(one, RoleThere)), key=lambda one: one.name.casefold())
    for number, there in enumerate(own, start=len(found)):
        if there.role_id in wanted:
            about = state.of_role(there.role_id)
            permissions = frozenset(one.permission for one in about if isinstance(one, RoleGives))
            over = next((one.over for one in about if isinstance(one, RoleOver)), "")
            found[there.role_id] = RoleThen(there.name, permissions, over, number)
    return found


def changed_since(moment: datetime, told: Collection[str]) -> list[str]:
    """The names of those of these built-in roles that an upgrade of this installation gave other permissions after a moment."""
    applied = applied_migrations()
    # All that ran when it was set up is no upgrade.
    since = max(moment, min(applied.values(), default=moment) + SET_UP)
    keys = {key for name, given in WIDENING.items() if name in applied and applied[name] > since for key in given}
    roles = Role.objects.filter(workspace_id=None, key__in=keys, name__in=told)
    return list(roles.order_by("position").values_list("name", flat=True))


def applied_migrations() -> dict[str, datetime]:
    """When each migration was applied here, by name."""
    done = MigrationRecorder(connection).migration_qs.filter(app="auditapp")
    return dict(done.values_list("name", "applied"))


def resources_on(events: EventQuery, moment: datetime | None) -> dict[str, ResourcesThen]:
    """The resources that roles can be limited to, by kind, as they were.

    Raises:  Invalid, where too much has happened since
    """
    workspace_id = events.viewer.workspace_id
    found = {}
    for kind in resource_kinds():
        names = dict(kind.names(workspace_id))
        labels: dict[str, frozenset[str] | None] = {}
        for row in _since(events, _types_of(kind), moment) if moment else ():
            if row.event.origin == OURS and row.resource:
                _undo_resource(row.event, names, labels)
        found[kind.key] = ResourcesThen(kind, names, labels)
    return found


def givers(events: EventQuery, wanted: Iterable[Fact], *, until: datetime | None) -> dict[Fact, EventRow]:
    """The event that gave each of these facts, which held at that moment: the newest that tells of it, unless it took it."""
    wanted = set(wanted)
    decided: dict[Fact, tuple[EventRow, bool]] = {}
    for history in _histories(events, wanted, until=until):
        left = set(wanted)
        for row in history:
            for fact, came in effects(row.event):
                if fact not in left:
                    continue
                left.discard(fact)
                if fact not in decided or decided[fact][0].page_key < row.page_key:
                    decided[fact] = (row, came)
            if not left:
                break
    return {fact: row for fact, (row, came) in decided.items() if came}


def is_told_of(events: EventQuery, user_id: str) -> bool:
    """Whether this workspace's trail tells that somebody was a member."""
    return any(
        isinstance(fact, Joined) and fact.user_id == user_id
        for history in _histories(events, [Joined(user_id)], until=None)
        for row in history
        for fact, _ in effects(row.event)
    )


def inviting(events: EventQuery, accepted: EventRow) -> EventRow | None:
    """The event of sending the invitation that this event accepted."""
    sent = (f"invitation:{accepted.event.targets[0].id}",)
    return next(
        (
            row
            for row in _rows(events, EventFilter(resources=Choice(sent), with_reads=True))
            if row.event.type == "user.invited" and row.event.origin == OURS
        ),
        None,
    )


def name_told(events: EventQuery, user_id: str) -> str:
    """What the trail calls somebody who is a member no more; "" where it is erased or hidden."""
    page = events.page(EventFilter(resources=Choice((f"member:{user_id}",)), with_reads=True))
    return next((row.resource.name for row in page.rows if row.resource and row.resource.name), "")


def _histories(events: EventQuery, wanted: Iterable[Fact], *, until: datetime | None) -> Iterator[Iterator[EventRow]]:
    """The events of each member and group that these facts are of, the newest first."""
    resources: dict[str, None] = {}
    people: dict[str, None] = {}
    for fact in wanted:
        if isinstance(fact, Joined | InGroup) or (isinstance(fact, HeldRole) and fact.subject_kind == "member"):
            user_id = fact.subject_id if isinstance(fact, HeldRole) else fact.user_id
            resources[f"member:{user_id}"] = people[user_id] = None
        if isinstance(fact, InGroup | GroupThere):
            resources[f"user_group:{fact.group_id}"] = None
        elif isinstance(fact, HeldRole) and fact.subject_kind == "group":
            resources[f"user_group:{fact.subject_id}"] = None
    end = until + JUST_AFTER if until else None
    for resource in resources:
        yield _rows(events, EventFilter(resources=Choice((resource,)), until=end, with_reads=True))
    for user_id in people:
        accepted = Choice(("user.invite_accepted",))
        yield _rows(events, EventFilter(types=accepted, actors=Choice((user_id,)), until=end, with_reads=True))


def _rows(events: EventQuery, wanted: EventFilter) -> Iterator[EventRow]:
    page = events.page(wanted, size=100, with_all_changes=True)
    while True:
        yield from page.rows
        further = page.older or page.searched_to
        if further is None:
            return
        page = events.page(wanted, older=further, size=MAX_PAGE_SIZE, with_all_changes=True)


def _since(events: EventQuery, types: Sequence[str], moment: datetime) -> Iterator[EventRow]:
    """Events after a moment, the newest first."""
    wanted = EventFilter(types=Choice(tuple(types)), since=moment + JUST_AFTER, with_reads=True)
    for number, row in enumerate(_rows(events, wanted)):
        if number == MOST_UNDONE:
            raise Invalid(
                f"More than {MOST_UNDONE:,} changes happened since. Choose a day that is nearer.",
                field="on",
                code="far",
            )
        yield row


def _types_of(kind: ResourceKind) -> list[str]:
    return [key for verb in RESOURCE_VERBS if (key := f"{kind.key}.{verb}") in CATALOGUE]


def _undo_resource(event: EventDraft, names: dict[str, str], labels: dict[str, frozenset[str] | None]) -> None:
    resource, verb = event.targets[0], event.type.rpartition(".")[2]
    if verb in {"created", "restored"}:
        names.pop(resource.id, None)
        labels[resource.id] = None
        return
    before = {change.path: change.old for change in event.changes if change.old is not MISSING}
    if verb == "deleted" or "name" in before:
        names[resource.id] = str(before.get("name", resource.name))
    told = before.get("labels")
    if isinstance(told, list):
        labels[resource.id] = frozenset(map(str, told))
    elif verb == "deleted" or any(change.path == "labels" for change in event.changes):
        labels[resource.id] = None


def facts_of(state: State, user_id: str) -> tuple[list[HeldRole], list[InGroup]]:
    """The roles that somebody holds, their own and their groups', and the groups that they are in."""
    inside = [one for one in state.facts if isinstance(one, InGroup) and one.user_id == user_id]
    groups = {one.group_id for one in inside}
    held = [
        one
        for one in state.facts
        if isinstance(one, HeldRole)
        and (one.subject_id in groups if one.subject_kind == "group" else one.subject_id == user_id)
    ]
    return held, inside
