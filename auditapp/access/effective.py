"""What one member may see and do, how far, and which event gave each right: now, or as it was at a moment of the past.

Now is read from the tables; a past moment is today's access with every event since then undone (trail_of_access.py, past.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from auditapp.access.models import Member, Scope, User
from auditapp.access.past import ActedFor, Doubt, Fact, GroupThere, HeldRole, InGroup, Joined, State
from auditapp.access.permissions import (
    OF_TRAIL,
    ONLY_EVERYWHERE,
    Access,
    HeldGrant,
    Permission,
    permissions_for,
    reach_of_trail,
    viewer_for,
)
from auditapp.access.queries import reach_in_words
from auditapp.access.support_models import SupportAccess
from auditapp.access.trail_of_access import (
    ResourcesThen,
    RoleThen,
    changed_since,
    facts_of,
    givers,
    inviting,
    is_told_of,
    name_told,
    resources_on,
    roles_then,
    state_on,
)
from auditapp.catalogue import sections
from auditapp.lib.errors import NotFound
from auditapp.record.drafts import EventDraft
from auditapp.record.event_filter import EventFilter
from auditapp.record.event_query import Count, EventQuery, visible_events
from auditapp.record.event_row import EventRow
from auditapp.record.viewer import Viewer

DELETED: Final = "a deleted one"
OWN_DOING: Final = "What they did themselves"


@dataclass(frozen=True, slots=True)
class Given:
    """The event that gave something; `is_link` where whoever looks may open it, `invited` where it accepted an invitation."""

    row: EventRow
    is_link: bool
    invited: EventRow | None = None

    @property
    def is_restored(self) -> bool:
        return self.row.event.type.endswith(".restored")

    @property
    def is_accepted(self) -> bool:
        return self.row.event.type == "user.invite_accepted"


@dataclass(frozen=True, slots=True)
class Reason:
    """One grant as it stands behind a right. A group's has the group and the event that brought the member into it."""

    role: str
    reach: str
    is_everywhere: bool
    given: Given | None
    group: GroupThere | None = None
    joined: Given | None = None
    wins: bool = True


@dataclass(frozen=True, slots=True)
class Right:
    """Permissions that go equally far for the same reasons; `names` are the resources where they are limited to some, `but` those
    that they do not reach though they go everywhere, since the trail is forwarded to them.
    """

    permissions: list[Permission]
    is_everywhere: bool
    names: list[str]
    reasons: list[Reason]
    but: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EffectiveAccess:
    """All that somebody may do. `on` is None for now; `doubts` and `unknown_roles` say what the trail leaves open."""

    user_id: str
    name: str
    email: str
    on: datetime | None
    is_member: bool
    joined: Given | None
    access: Access
    rights: list[Right]
    lacks: list[Permission]
    doubts: list[Doubt]
    unknown_roles: list[str]
    are_labels_known: bool
    sees: Count | None
    changed_roles: list[str]  # built-in ones that gave something else then, by name
    support: list[SupportAccess]  # by which others may act in their name


@dataclass(frozen=True, slots=True)
class _Held:
    """A role that counts: as the trail tells it, and as it adds up."""

    fact: HeldRole
    grant: HeldGrant
    reason: Reason


def effective_access(viewer: Viewer, user_id: str, *, on: datetime | None = None) -> EffectiveAccess:
    """What this person may do in the viewer's workspace, or could at a moment.

    Takes:   viewer, who looks: links lead only to events that they may open
    Raises:  NotFound, for who never was a member; Invalid, where too much has happened since
    """
    # What is read of them are roles, groups and ids, which whoever may see members sees.
    events = visible_events(replace(viewer, sees_all=True, sees_personal=True))
    state = state_on(events, on)
    is_member = Joined(user_id) in state.facts
    here = {"workspace_id": viewer.workspace_id, "user_id": user_id}
    if not is_member and not Member.objects.filter(**here).exists() and not is_told_of(events, user_id):
        raise NotFound
    held, inside = facts_of(state, user_id) if is_member else ([], [])
    roles = roles_then(state, {one.role for one in held})
    resources = resources_on(events, on if any(one.resource_ids or one.labels for one in held) else None)
    gave = _given(events, viewer, givers(events, [*held, *inside, *([Joined(user_id)] if is_member else [])], until=on))
    counted = [
        _counted(viewer.workspace_id, one, roles[one.role], resources, state, gave, user_id)
        for one in _in_order(held, roles)
    ]
    # What is withheld is known of today alone.
    withheld = frozenset[str]() if on else permissions_for(viewer.workspace_id, user_id).withheld
    access = Access(viewer.workspace_id, user_id, tuple(one.grant for one in counted), withheld, is_member=is_member)
    person = User.objects.filter(id=user_id).first() if is_member and on is None else None
    return EffectiveAccess(
        user_id,
        str(person) if person else _name_of(viewer, user_id, events),
        person.email if person else "",
        on,
        is_member,
        gave.get(Joined(user_id)),
        access,
        _rights(access, counted, resources),
        [permission for permission in Permission if not access.can(permission)],
        _doubts_about(state, user_id),
        sorted({one.role for one in held} - roles.keys()),
        all(resources[role.resource_type].are_labels_known for role in _labelled(held, roles)),
        visible_events(viewer_for(access)).count(EventFilter(with_reads=True))
        if viewer.sees_all and is_member and on is None
        else None,
        changed_since(on, {one.role for one in held}) if on else [],
        _support(state, viewer.workspace_id, user_id),
    )


def _name_of(viewer: Viewer, user_id: str, events: EventQuery) -> str:
    """As the members of today are called; who left by the trail."""
    here = User.objects.filter(id=user_id, memberships__workspace_id=viewer.workspace_id).first()
    return str(here) if here else name_told(events, user_id)


def _labelled(held: Iterable[HeldRole], roles: Mapping[str, RoleThen]) -> list[RoleThen]:
    found = [roles[one.role] for one in held if one.scope == Scope.LABELLED and one.role in roles]
    return [role for role in found if role.resource_type]


def _in_order(held: Iterable[HeldRole], roles: Mapping[str, RoleThen]) -> list[HeldRole]:
    """The own ones first, each in the order of the roles."""
    known = [one for one in held if one.role in roles]
    return sorted(known, key=lambda one: (one.subject_kind == "group", roles[one.role].position, str(one)))


def _given(events: EventQuery, viewer: Viewer, rows: Mapping[Fact, EventRow]) -> dict[Fact, Given]:
    ids = {row.id for row in rows.values()}
    open_to_viewer: set[UUID] = ids if viewer.sees_all else set(visible_events(viewer).many(list(ids)))
    accepted = {row.id: row for row in rows.values() if row.event.type == "user.invite_accepted"}
    invited = {event_id: inviting(events, row) for event_id, row in accepted.items()}
    return {fact: Given(row, row.id in open_to_viewer, invited.get(row.id)) for fact, row in rows.items()}


def _counted(
    workspace_id: int,
    fact: HeldRole,
    role: RoleThen,
    resources: Mapping[str, ResourcesThen],
    state: State,
    gave: Mapping[Fact, Given],
    user_id: str,
) -> _Held:
    kind = resources.get(role.resource_type)
    ids = frozenset(fact.resource_ids) if fact.scope == Scope.LISTED else frozenset()
    if fact.scope == Scope.LABELLED and kind and fact.labels:
        ids = kind.with_labels(workspace_id, fact.labels)
    grant = HeldGrant(role.permissions, role.resource_type, fact.scope, ids)
    reach = reach_in_words(role.resource_type, fact.scope, fact.resource_ids, fact.labels)
    if fact.scope == Scope.LISTED and not fact.resource_ids and kind:
        reach = f"some {kind.kind.plural}; which ones, its event does not tell"
    reason = Reason(role.name, reach, grant.is_everywhere, gave.get(fact))
    if fact.subject_kind == "group":
        group = next(one for one in state.facts if isinstance(one, GroupThere) and one.group_id == fact.subject_id)
        reason = replace(reason, group=group, joined=gave.get(InGroup(group.group_id, user_id)))
    return _Held(fact, grant, reason)


def _rights(access: Access, counted: Sequence[_Held], resources: Mapping[str, ResourcesThen]) -> list[Right]:
    """What the roles give, the widest first; permissions for the same reasons together."""
    together: dict[tuple[bool, frozenset[str], frozenset[str], tuple[int, ...]], list[Permission]] = {}
    sees_part = not access.can(Permission.AUDIT_READ_ALL)
    for permission in filter(access.can, Permission):
        if sees_part and permission in OF_TRAIL:
            continue
        reach = reach_of_trail(access, permission) if permission in OF_TRAIL else access.reach(permission)
        why = tuple(
            number
            for number, one in enumerate(counted)
            if permission in one.grant.permissions and (one.grant.is_everywhere or permission not in ONLY_EVERYWHERE)
        )
        there = resources.get(permission.partition(".")[0])
        # A source that shows the trail is no exception of who sees all warehouses.
        but = reach.but.intersection(there.names) if there else frozenset[str]()
        together.setdefault((reach.everywhere, reach.ids, but, why), []).append(permission)
    names = {one: name for kind in resources.values() for one, name in kind.names.items()}
    found = [
        Right(
            permissions,
            everywhere,
            sorted(names.get(one, DELETED) for one in ids) if not everywhere else [],
            _winning(permissions, everywhere, [counted[n] for n in why]),
            sorted(names.get(one, DELETED) for one in but),
        )
        for (everywhere, ids, but, why), permissions in together.items()
    ]
    if sees_part:
        found += _rights_of_trail(access, counted, resources)
    return sorted(found, key=lambda right: (not right.is_everywhere, -len(right.permissions)))


def _winning(permissions: Sequence[Permission], everywhere: bool, held: Sequence[_Held]) -> list[Reason]:
    """The reasons of a right, each with whether it makes it go as far as it does."""
    if any(one in OF_TRAIL for one in permissions):
        # The whole trail is opened by who sees all of it; a role that opens what somebody did themselves adds nothing then.
        whole = [Permission.AUDIT_READ_ALL in one.grant.permissions for one in held]
        return [replace(one.reason, wins=wins or not any(whole)) for one, wins in zip(held, whole, strict=True)]
    return [replace(one.reason, wins=one.grant.is_everywhere is everywhere) for one in held]


def _rights_of_trail(access: Access, counted: Sequence[_Held], resources: Mapping[str, ResourcesThen]) -> list[Right]:
    """Opening, verifying and exporting for who does not see every event: as far as the history goes that their roles open."""
    reading = [one.grant for one in counted if Permission.AUDIT_READ in one.grant.permissions]
    history: list[str] = []
    for kind in (one.kind for one in resources.values()):
        over = [grant for grant in reading if kind.reading in grant.permissions]
        if any(grant.is_everywhere for grant in over):
            history.append(f"All {kind.plural}")
        else:
            ids = {one for grant in over if grant.resource_type == kind.key for one in grant.resource_ids}
            history += sorted(resources[kind.key].names.get(one, DELETED) for one in ids)
    everywhere = {permission for grant in reading if grant.is_everywhere for permission in grant.permissions}
    history += [section.name for section in sections.SECTIONS if f"{section.key}.read" in everywhere]
    together: dict[tuple[int, ...], list[Permission]] = {}
    for permission in filter(access.can, OF_TRAIL):
        why = tuple(number for number, one in enumerate(counted) if permission in one.grant.permissions)
        together.setdefault(why, []).append(permission)
    reads = {kind.kind.reading for kind in resources.values()} | {f"{one.key}.read" for one in sections.SECTIONS}
    return [
        Right(
            permissions,
            False,
            [*history, OWN_DOING],
            [replace(counted[n].reason, wins=bool(reads & counted[n].grant.permissions)) for n in why],
        )
        for why, permissions in together.items()
    ]


def _support(state: State, workspace_id: int, user_id: str) -> list[SupportAccess]:
    ids = [one.support_id for one in state.facts if isinstance(one, ActedFor) and one.giver_id == user_id]
    found = SupportAccess.objects.filter(workspace_id=workspace_id, id__in=ids).select_related("user")
    return list(found.order_by("created_at", "id")) if ids else []


def _doubts_about(state: State, user_id: str) -> list[Doubt]:
    """Those from events of this person, of groups, or of roles."""

    def is_about(event: EventDraft) -> bool:
        who = event.actor.id if event.type == "user.invite_accepted" else event.targets[0].id
        if event.type.startswith("support_access."):
            return event.meta.get("giver") == user_id
        return who == user_id or event.type.startswith(("user_group.", "role."))

    return [one for one in state.doubts if is_about(one.row.event)]
