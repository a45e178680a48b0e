"""Who stands above whom: nobody takes a role or a membership from somebody who can do more than they can."""

from collections.abc import Collection, Iterable
from typing import Final

from auditapp.access.accesses import accesses_by_roles
from auditapp.access.errors import AboveYou, OwnersOnly
from auditapp.access.models import Grant, GroupMember, Invitation, Role, User
from auditapp.access.permissions import OF_TRAIL, Access, Permission, Reach, access_to_give, held_grants
from auditapp.access.queries import owners_of
from auditapp.access.role_queries import grants_of_group, people_with
from auditapp.lib.words import few

# Those of the trail open what somebody did themselves, as everybody sees it; what they open beside that, other permissions say.
COMPARED: Final = tuple(one for one in Permission if one not in OF_TRAIL)


def members_above(access: Access, user_ids: Collection[str]) -> set[str]:
    """Those of these members who can do something that whoever acts, or made the token that does, cannot."""
    held = access_to_give(access)
    mine = {one: held.reach(one) for one in COMPARED}
    if not user_ids or all(reach.everywhere and not reach.but for reach in mine.values()):
        return set()
    theirs = accesses_by_roles(access.workspace_id, user_ids)
    return {user_id for user_id, their in theirs.items() if user_id != held.person_id and _is_more(their, mine)}


def is_above(access: Access, given: Iterable[Grant | Invitation]) -> bool:
    """Whether these roles, of a group or of an invitation, give something that whoever acts cannot do."""
    held = access_to_give(access)
    mine = {one: held.reach(one) for one in COMPARED}
    return _is_more(Access(access.workspace_id, "", tuple(held_grants(given))), mine)


def refuse_above(access: Access, user_ids: Collection[str]) -> None:
    """Nobody takes from members above them; who may do everything is cut by who may do everything.

    Raises:  AboveYou, which says who can
    """
    if above := members_above(access, user_ids):
        who = few([str(one) for one in User.objects.filter(id__in=above).order_by("name", "id")])
        raise AboveYou(f"{who} can do more here than you can. {ask_owner(access.workspace_id)}")


def refused_above(access: Access, user_id: str) -> str:
    """Why nothing is taken from this member by who looks; "" where it may be."""
    try:
        refuse_above(access, [user_id])
    except AboveYou as refusal:
        return refusal.message
    return ""


def refused_above_group(access: Access, group_id: str) -> str:
    """The same of a group."""
    try:
        refuse_above_group(access, group_id)
    except AboveYou as refusal:
        return refusal.message
    return ""


def refuse_above_group(access: Access, group_id: str) -> None:
    """The same of all who are in a group, and of what the group gives.

    Raises:  AboveYou
    """
    refuse_above(access, members_in(access.workspace_id, group_id))
    if is_above(access, grants_of_group(access.workspace_id, group_id)):
        raise AboveYou(f"This group gives more than you have yourself. {ask_owner(access.workspace_id)}")


def refuse_above_invitation(access: Access, invitation: Invitation) -> None:
    """Nobody takes an invitation back that brings more than they have.

    Raises:  AboveYou
    """
    if is_above(access, [invitation]):
        message = f"This invitation brings more than you have yourself. {ask_owner(access.workspace_id)}"
        raise AboveYou(message)


def refuse_above_role(access: Access, role: Role) -> None:
    """Nobody takes a permission out of a role that somebody above them has.

    Raises:  AboveYou
    """
    refuse_above(access, [one.user_id for one in people_with(role, access.workspace_id)])


def is_owner(access: Access) -> bool:
    """Whether whoever acts, or made the token that does, may do everything that the role of an owner gives."""
    return access.subject_id == "system" or access.person_id in owners_of(access.workspace_id)


def refuse_but_owner(access: Access, what: str) -> None:
    """Go on only as an owner.

    Takes:   what, the beginning of a sentence: "Support access is given by owners alone."
    Raises:  OwnersOnly, which names them
    """
    if not is_owner(access):
        raise OwnersOnly(f"{what} {ask_owner(access.workspace_id)}")


def ask_owner(workspace_id: int) -> str:
    """Whom to ask, in a sentence."""
    return f"Ask an owner of the workspace: {owner_names(workspace_id)}."


def owner_names(workspace_id: int) -> str:
    """The owners, by name, the first few."""
    owners = User.objects.filter(id__in=owners_of(workspace_id)).order_by("name", "id")
    return few([str(one) for one in owners])


def members_in(workspace_id: int, group_id: str) -> list[str]:
    """The ids of those in a group."""
    inside = GroupMember.objects.filter(workspace_id=workspace_id, group_id=group_id)
    return list(inside.values_list("user_id", flat=True))


def _is_more(their: Access, mine: dict[Permission, Reach]) -> bool:
    return any(not _covers(reach, their.reach(permission)) for permission, reach in mine.items())


def _covers(reach: Reach, other: Reach) -> bool:
    """Whether one goes at least as far as the other."""
    if other.everywhere:
        return reach.everywhere and reach.but <= other.but
    return all(map(reach.covers, other.ids))
