"""Reads about alert rules: which there are, what a query of one means, how they fared."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final

from django.db.models import QuerySet
from django.db.models.functions import Lower

from auditapp.access.models import ApiToken, Member, User
from auditapp.access.permissions import (
    Access,
    Permission,
    access_of_system,
    access_of_token,
    permissions_for,
    viewer_for,
)
from auditapp.alerts.models import AlertRule, Own
from auditapp.lib.errors import Invalid, NotFound
from auditapp.record.event_filter import EventFilter
from auditapp.record.masking import asks_personal
from auditapp.record.viewer import Viewer
from auditapp.sealing.models import TreeHead
from auditapp.trail.address import Address
from auditapp.trail.filters import read_query
from auditapp.trail.moments import UTC_ZONE
from auditapp.trail.query_box import read_box

DAYS_SHOWN: Final = 30
# How the ids of rules begin that stand for a member's own notifications.
OWN_ID: Final = "own_"


@lru_cache(maxsize=2_000)
def filter_of(line: str) -> EventFilter:
    """The filter that a line of the trail's language in canonical form means."""
    return read_query(read_box(line, Address("")).address, zone=UTC_ZONE).wanted


def wanted_by(rule: AlertRule) -> EventFilter:
    """The filter of a rule; what its owner did is left out, unless asked for."""
    wanted = filter_of(rule.query)
    if rule.with_own:
        return wanted
    return replace(wanted, not_of=rule.owner_id)


def access_of(workspace_id: int, owner_id: str) -> Access:
    """What the owner of a rule may do now; nothing where they are gone."""
    if owner_id == "system":
        return access_of_system(workspace_id)
    if owner_id.startswith("tok_"):
        return access_of_token(workspace_id, owner_id)
    if not Member.objects.filter(workspace_id=workspace_id, user_id=owner_id, user__is_active=True).exists():
        return Access(workspace_id, owner_id)
    return permissions_for(workspace_id, owner_id)


def viewer_of(workspace_id: int, owner_id: str) -> Viewer:
    """How much of the trail the owner of a rule sees now."""
    access = access_of(workspace_id, owner_id)
    # Nobody keeps even the view of their own actions where they may not open the trail at all.
    sees = access.can(Permission.AUDIT_READ) or access.can(Permission.AUDIT_READ_ALL)
    return viewer_for(access) if sees else Viewer(workspace_id)


def rules_of(access: Access) -> QuerySet[AlertRule]:
    """The rules of a workspace, by name. What members chose for themselves is nobody's business."""
    return AlertRule.objects.filter(workspace_id=access.workspace_id, own=Own.NONE).order_by(Lower("name"), "id")


def rule_for(access: Access, rule_id: str) -> AlertRule:
    """One rule.

    Raises:  NotFound
    """
    rule = rules_of(access).filter(id=rule_id).first()
    if rule is None:
        raise NotFound
    return rule


def may_change(access: Access, rule: AlertRule) -> bool:
    """Whether somebody may change a rule: their own, and as a manager of the workspace each."""
    return rule.owner_id == access.subject_id or access.can(Permission.WORKSPACE_MANAGE)


def is_query_hidden(access: Access, rule: AlertRule) -> bool:
    """Whether what a rule looks for would tell somebody an address that they may not see: its line is shown to others and its owner."""
    sees = rule.owner_id == access.subject_id or access.can(Permission.AUDIT_READ_PERSONAL)
    return not sees and asks_personal(filter_of(rule.query))


def refuse_wider_query(access: Access, rule: AlertRule, query: str) -> None:
    """Go on only where somebody sees as much as the owner, by whose right a rule looks, or leaves what it looks for as it is: when it
    fires would tell them of events and values that their own role hides.

    Raises:  Denied, Invalid
    """
    if is_query_hidden(access, rule):
        access.require(Permission.AUDIT_READ_PERSONAL)
    if query != rule.query and not finds_all_of(viewer_of(rule.workspace_id, rule.owner_id), viewer_for(access)):
        message = "Its owner sees more of the trail than you, and a rule looks with its owner's eyes. Make one of your own for this."
        raise Invalid(message, field="query", code="too_wide")


def viewer_of_trial(access: Access, rule: AlertRule) -> Viewer:
    """With whose eyes somebody may try a rule: its owner's, where they see as much themselves."""
    owner, own = viewer_of(rule.workspace_id, rule.owner_id), viewer_for(access)
    return owner if finds_all_of(owner, own) else own


def finds_all_of(owner: Viewer, other: Viewer) -> bool:
    """Whether somebody finds at least what the owner of a rule does, by whatever they search."""
    has_own, has_scopes = (
        set(getattr(other, name)) >= set(getattr(owner, name)) for name in ("own_actor_ids", "scope_ids")
    )
    finds_events = other.sees_all or (not owner.sees_all and has_own and has_scopes)
    return finds_events and (other.sees_personal or not owner.sees_personal)


def size_of_log(workspace_id: int) -> int:
    """How many events are sealed."""
    return TreeHead.objects.filter(workspace_id=workspace_id).values_list("size", flat=True).first() or 0


def members_of(workspace_id: int) -> list[User]:
    """Everybody who can be told, by name."""
    members = Member.objects.filter(workspace_id=workspace_id, user__is_active=True).select_related("user")
    return [member.user for member in members.order_by(Lower("user__name"), "user_id")]


def names_of(workspace_id: int, user_ids: Sequence[str]) -> dict[str, str]:
    """What these members, and tokens with rules of their own, are called."""
    members = Member.objects.filter(workspace_id=workspace_id, user_id__in=set(user_ids)).select_related("user")
    names = {member.user_id: str(member.user) for member in members}
    token_ids = {one for one in user_ids if one.startswith("tok_")}
    if token_ids:
        tokens = ApiToken.objects.filter(workspace_id=workspace_id, id__in=token_ids)
        names |= {token_id: f"token {name}" for token_id, name in tokens.values_list("id", "name")}
    return names
