"""Access as it was: what each event of access gave and took, and those events undone, the newest first.

Values alone; which events there are and what it adds up to is read in effective.py.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from auditapp.access.models import Scope
from auditapp.record.drafts import MISSING, EventDraft
from auditapp.record.event_row import EventRow

# Every event that changes who may do what. What other systems report under these names changes nothing here.
ACCESS_EVENTS: Final = (
    *("user.invite_accepted", "user.removed", "user.left", "user.restored", "user.role_granted", "user.role_revoked"),
    "user.added_via_sso",
    *("user_group.created", "user_group.updated", "user_group.deleted", "user_group.restored"),
    *("user_group.member_added", "user_group.member_removed"),
    *("user_group.role_granted", "user_group.role_revoked"),
    *("role.created", "role.updated", "role.deleted", "role.restored"),
    *("support_access.granted", "support_access.revoked", "support_access.expired"),
)
OURS: Final = "app"
CAME: Final = frozenset(
    {"role_granted", "member_added", "created", "restored", "invite_accepted", "added_via_sso", "granted"}
)


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody is a member."""

    user_id: str


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A member or a group has a role, so far."""

    subject_kind: str  # as in Grant
    subject_id: str
    role: str  # as in Role.told_as
    scope: str
    resource_ids: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InGroup:
    """A member is in a group."""

    group_id: str
    user_id: str


@dataclass(frozen=True, slots=True)
class GroupThere:
    """There is a group of this name."""

    group_id: str
    name: str


@dataclass(frozen=True, slots=True)
class RoleThere:
    """The workspace has a role of its own under this name. What built-in ones give is told by no event."""

    role_id: str
    name: str


@dataclass(frozen=True, slots=True)
class RoleOver:
    """It is given over this kind of resources, "" for the workspace as a whole."""

    role_id: str
    over: str


@dataclass(frozen=True, slots=True)
class RoleGives:
    """It has this permission."""

    role_id: str
    permission: str


@dataclass(frozen=True, slots=True)
class ActedFor:
    """Somebody who is no member may act in this member's name."""

    support_id: str
    giver_id: str


Fact: TypeAlias = Joined | HeldRole | InGroup | GroupThere | RoleThere | RoleOver | RoleGives | ActedFor


@dataclass(frozen=True, slots=True)
class Doubt:
    """What an event leaves open, as a sentence that goes on after its time."""

    row: EventRow
    text: str


@dataclass(slots=True)
class State:
    """Who is in, and what they hold. `doubts` are the events from which it cannot be told for sure."""

    facts: set[Fact]
    doubts: list[Doubt] = field(default_factory=list)

    def undo(self, row: EventRow) -> None:
        """Go back to before this event. Events are undone from the newest to the oldest, each of them."""
        told = effects(row.event)
        if row.erased_by:
            self.doubts.append(Doubt(row, "had values that were erased since: what they told is not known."))
        elif any((fact in self.facts) is not came for fact, came in told):
            self.doubts.append(Doubt(row, "does not fit what came after it: something was changed past the trail."))
        elif _tells_no_roles(row.event):
            self.doubts.append(Doubt(row, "tells of no role: there was none, or the version of then did not tell."))
        is_update = row.event.type.endswith(".updated")
        for fact, came in told:
            if came:
                self.facts -= {fact, *(() if is_update else self._that_hang_on(fact))}
            else:
                self.facts.add(fact)

    def _that_hang_on(self, gone: Fact) -> list[Fact]:
        """What nobody holds before they join, and no group or role before it is made."""
        if isinstance(gone, Joined):
            return [one for one in self.facts if gone.user_id in {_holder(one, "member"), _user_in_group(one)}]
        if isinstance(gone, GroupThere):
            inside = [one for one in self.facts if isinstance(one, InGroup) and one.group_id == gone.group_id]
            return [*inside, *(one for one in self.facts if _holder(one, "group") == gone.group_id)]
        if isinstance(gone, RoleThere):
            held = [one for one in self.facts if isinstance(one, HeldRole) and one.role == gone.role_id]
            return [*held, *self.of_role(gone.role_id)]
        return []

    def of_role(self, role_id: str) -> list[RoleOver | RoleGives]:
        """What a role of the workspace's own is over and gives."""
        return [one for one in self.facts if isinstance(one, RoleOver | RoleGives) and one.role_id == role_id]


def effects(event: EventDraft) -> list[tuple[Fact, bool]]:
    """What an event gave, with True, and what it took, with False."""
    if event.type not in ACCESS_EVENTS or event.origin != OURS or event.outcome != "success" or not event.targets:
        return []
    about, _, what = event.type.rpartition(".")
    if about == "role":
        return list(_of_role(event))
    if what == "updated":
        return _renamed(event)
    if about == "support_access":
        return [(ActedFor(event.targets[0].id, str(event.meta.get("giver", ""))), what in CAME)]
    facts = _of_member(event, what) if about == "user" else _of_group(event, what)
    return [(fact, what in CAME) for fact in facts]


def role_told(subject_kind: str, subject_id: str, told: Mapping[str, Any]) -> HeldRole | None:
    """A role as an event tells it, with how far it goes; None where it tells of none."""
    role, words = told.get("role_id") or told.get("role"), str(told.get("scope") or "")
    ids, labels = (_texts(told.get(key)) for key in ("resource_ids", "labels"))
    if not isinstance(role, str):
        return None
    if ids:
        scope: str = Scope.LISTED
    elif labels:
        scope = Scope.LABELLED
    else:
        scope = Scope.ALL if words.startswith("all ") else Scope.WORKSPACE
    if words and scope == Scope.WORKSPACE:  # "2 sources", by a version that did not tell which
        scope = Scope.LISTED
    return HeldRole(subject_kind, subject_id, role, scope, ids, labels)


def _of_member(event: EventDraft, what: str) -> Iterator[Fact]:
    if what == "invite_accepted":
        # The invitation is its resource; who accepted it is the member.
        yield Joined(event.actor.id)
        yield from _roles("member", event.actor.id, [event.meta])
        return
    user_id = event.targets[0].id
    if what in {"role_granted", "role_revoked"}:
        yield from _roles("member", user_id, [event.meta])
        return
    yield Joined(user_id)
    yield from _roles("member", user_id, _listed(event, "roles"))
    for group in _listed(event, "groups"):
        if isinstance(group, Mapping) and isinstance(group.get("id"), str):
            yield InGroup(group["id"], user_id)


def _of_group(event: EventDraft, what: str) -> Iterator[Fact]:
    group = event.targets[0]
    if what in {"role_granted", "role_revoked"}:
        yield from _roles("group", group.id, [event.meta])
    elif what in {"member_added", "member_removed"}:
        yield from (InGroup(group.id, member.id) for member in event.targets[1:2])
    else:
        yield GroupThere(group.id, next(iter(_sides(event, "name")), group.name))
        yield from _roles("group", group.id, _listed(event, "roles"))
        yield from (InGroup(group.id, one) for one in _texts(_listed(event, "members")))


def _of_role(event: EventDraft) -> Iterator[tuple[Fact, bool]]:
    """Each change of a role tells what it was before and what it is since: its name, what it is over, each permission."""
    role_id = event.targets[0].id
    for change in event.changes:
        field, _, permission = change.path.partition(".")
        for side, came in ((change.old, False), (change.new, True)):
            if field == "permissions" and side is True:
                yield RoleGives(role_id, permission), came
            elif change.path == "name" and isinstance(side, str):
                yield RoleThere(role_id, side), came
            elif change.path == "over" and isinstance(side, str):
                yield RoleOver(role_id, side), came


def _renamed(event: EventDraft) -> list[tuple[Fact, bool]]:
    names = [(change.old, change.new) for change in event.changes if change.path == "name"]
    return [
        (GroupThere(event.targets[0].id, name), is_new)
        for pair in names
        for name, is_new in zip(pair, (False, True), strict=True)
        if isinstance(name, str)
    ]


def _roles(subject_kind: str, subject_id: str, told: Iterable[Any]) -> Iterator[HeldRole]:
    for one in told:
        if isinstance(one, Mapping) and (held := role_told(subject_kind, subject_id, one)):
            yield held


def _sides(event: EventDraft, path: str) -> list[Any]:
    """The value of a field that came or went with its resource, where the event tells it."""
    changes = [change for change in event.changes if change.path == path]
    return [side for change in changes for side in (change.old, change.new) if side is not MISSING]


def _listed(event: EventDraft, path: str) -> Sequence[Any]:
    return [one for side in _sides(event, path) if isinstance(side, list) for one in side]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _tells_no_roles(event: EventDraft) -> bool:
    return (
        event.type in {"user.removed", "user.left"}
        and event.origin == OURS
        and not _listed(event, "roles")
        and not _listed(event, "groups")
    )


def _holder(fact: Fact, subject_kind: str) -> str | None:
    return fact.subject_id if isinstance(fact, HeldRole) and fact.subject_kind == subject_kind else None


def _user_in_group(fact: Fact) -> str | None:
    return fact.user_id if isinstance(fact, InGroup) else None
