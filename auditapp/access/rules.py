"""What every change of access obeys, whoever makes it: one at a time, nobody more than they have, never without an owner."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from auditapp.access.errors import LastOwner, MoreThanYouHave, OwnRole
from auditapp.access.known_labels import hold_labels
from auditapp.access.models import GroupMember, Member, Role, Scope, Workspace
from auditapp.access.owner_mail import OWNER_MAIL_JOB
from auditapp.access.permissions import Access, access_to_give, acting_access
from auditapp.access.queries import owners_of
from auditapp.access.resources import kind_of, resource_kinds
from auditapp.access.role_queries import roles_in, whole_reach
from auditapp.jobs.schedule import enqueue
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.words import few
from auditapp.record.acting import current_acting


class GrantedRole(NamedTuple):
    """A role with a reach that fits it."""

    role: Role
    scope: str
    resource_ids: list[str]
    labels: list[str]


def begin_change(permission: str) -> Access:
    """Lock the workspace's access until the transaction ends, then read what the actor may do: in this order, or two
    people who demote each other would both succeed.

    Raises:  Denied, NotFound, NobodyActs
    """
    _lock()
    access = acting_access()
    access.require(permission)
    return access


def begin_own_change() -> tuple[Access, Member]:
    """The same for what members do with what they themselves hold, which needs no permission.

    Raises:  NotFound, for who is no member; NobodyActs
    """
    workspace_id = _lock()
    members = Member.objects.filter(workspace_id=workspace_id, user_id=current_acting().actor.id)
    member = members.select_related("user").first()
    if member is None:
        raise NotFound
    return acting_access(), member


def keep_an_owner(workspace_id: int, owners: set[str]) -> None:
    """The last check of whatever takes roles away; its caller rolls back. Who may only manage access could make nobody an owner. The
    owners that are left are told by mail of each who is none any more.

    Takes:   owners, those before it
    Raises:  LastOwner
    """
    left = owners_of(workspace_id)
    if not left:
        raise LastOwner
    for user_id in sorted(owners - left):
        enqueue(OWNER_MAIL_JOB, workspace_id=workspace_id, user_id=user_id, by_id=current_acting().actor.id)


def refuse_own(access: Access, *, user_id: str | None = None, group_id: str | None = None) -> None:
    """Nobody changes what they themselves may do, directly, through a group they are in, or with a token that they made.

    Raises:  OwnRole
    """
    is_own_group = (
        group_id is not None
        and GroupMember.objects.filter(
            workspace_id=access.workspace_id, group_id=group_id, user_id=access.person_id
        ).exists()
    )
    if user_id == access.person_id or is_own_group:
        raise OwnRole


def checked_role(
    access: Access, *, role_key: str, scope: str, resource_ids: Sequence[str] = (), labels: Sequence[str] = ()
) -> GrantedRole:
    """The role and its reach, where they fit each other and the actor has all that they give.

    Raises:  Invalid, UnknownLabel, MoreThanYouHave
    """
    role = roles_in(access.workspace_id).filter(key=role_key).first()
    if role is None:
        raise Invalid("There is no such role.", field="role", code="unknown_role")
    refuse_misfit(role, scope=scope, resource_ids=resource_ids, labels=labels)
    given = GrantedRole(
        role,
        scope,
        _checked_ids(access.workspace_id, role, resource_ids) if scope == Scope.LISTED else [],
        hold_labels(access.workspace_id, labels) if scope == Scope.LABELLED else [],
    )
    if scope == Scope.LABELLED and not given.labels:
        raise Invalid("Choose at least one label, such as environment:prod.", field="labels", code="required")
    refuse_more_than_held(access, role)
    refuse_withheld(access, given.resource_ids)
    return given


def refuse_misfit(role: Role, *, scope: str, resource_ids: Sequence[str] = (), labels: Sequence[str] = ()) -> None:
    """A role goes as far as it can, and no further than somebody meant: nothing that was chosen is left out without a word.

    Raises:  Invalid
    """
    if len(role.scopes) == 1 and (scope not in role.scopes or resource_ids or labels):
        raise Invalid(
            f"{role.name} cannot be limited. {whole_reach(role)} Choose no reach, resources or labels, or another role.",
            field="scope",
            code="bad_scope",
        )
    if scope not in role.scopes:
        raise Invalid(f"{role.name} cannot be given this far. Choose another reach.", field="scope", code="bad_scope")
    for chosen, what, needed in ((resource_ids, "resource", Scope.LISTED), (labels, "label", Scope.LABELLED)):
        if chosen and scope != needed:
            raise Invalid(
                f"You chose a {what}, and a reach that leaves it out. Choose “{needed.label}”, or no {what}.",
                field="scope",
                code="bad_scope",
            )


def refuse_more_than_held(access: Access, *roles: Role) -> None:
    """Nobody gives what they lack, nor over more than they have it.

    Raises:  MoreThanYouHave
    """
    if lacking_of(access, (permission for role in roles for permission in role.permissions)):
        raise MoreThanYouHave


def refuse_withheld(access: Access, resource_ids: Iterable[str]) -> None:
    """Nobody opens to others what shows the whole trail, unless they see it themselves.

    Raises:  MoreThanYouHave
    """
    if access_to_give(access).withheld & set(resource_ids):
        raise MoreThanYouHave


def _lock() -> int:
    workspace_id = current_acting().workspace_id
    if Workspace.objects.select_for_update().filter(id=workspace_id).first() is None:
        raise NotFound
    return workspace_id


def lacking_of(access: Access, permissions: Iterable[str]) -> list[str]:
    """Those of these permissions that whoever acts does not have everywhere, and so gives to nobody."""
    held = access_to_give(access)
    return [one for one in dict.fromkeys(permissions) if not held.reach(one).everywhere]


def _checked_ids(workspace_id: int, role: Role, resource_ids: Sequence[str]) -> list[str]:
    kind = kind_of(role.resource_type)
    offered = kind.offered(workspace_id) if kind else {}
    chosen = list(dict.fromkeys(resource_ids))
    if not chosen:
        word = kind.word if kind else "resource"
        raise Invalid(f"Choose at least one {word} of this workspace.", field="resource_ids", code="required")
    if others := [one for one in chosen if one not in offered]:
        raise Invalid(_why_not(workspace_id, role, others), field="resource_ids", code="bad_resource")
    return chosen


def _why_not(workspace_id: int, role: Role, others: Sequence[str]) -> str:
    """What is wrong with resources that a role cannot be given over; of what is not here, not even that it is elsewhere."""
    own = kind_of(role.resource_type)
    plural = own.plural if own else "resources"
    gone = own.names(workspace_id) if own else {}
    if named := [gone[one] for one in others if one in gone]:
        return f"No role is given over what was deleted. Leave out {few(named)}."
    of_others = {
        one: f"{name} ({kind.word})" for kind in resource_kinds() for one, name in kind.names(workspace_id).items()
    }
    if named := [of_others[one] for one in others if one in of_others]:
        return f"{role.name} is given over {plural} alone. Leave out {few(named)}."
    return (
        f"Some of the {plural} that were chosen are not in this workspace, or not any more. Choose of those that are."
    )
