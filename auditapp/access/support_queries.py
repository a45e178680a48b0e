"""Support access as the owners see it: who has it, from whom and until when, and what is new of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from auditapp.access.models import Member, User
from auditapp.access.permissions import Access, Permission
from auditapp.access.support_models import SupportAccess
from auditapp.lib import clock
from auditapp.record.drafts import Actor

SHOWN: Final = 50
NEWS_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class SupportShown:
    """One support access, in words. `is_open` where it can be taken back."""

    support: SupportAccess
    state: str
    is_open: bool
    is_good: bool


@dataclass(frozen=True, slots=True)
class SupportNews:
    """Something about support access that an owner should know."""

    support: SupportAccess
    at: datetime
    text: str


def support_shown(workspace_id: int) -> list[SupportShown]:
    """The open ones first, each the newest first; of those that have ended the latest."""
    given = SupportAccess.objects.filter(workspace_id=workspace_id).select_related("granted_by", "user")
    found = list(given.order_by("-created_at", "id")[:SHOWN])
    people = {one for support in found for one in (support.granted_by_id, support.user_id)}
    members = set(
        Member.objects.filter(workspace_id=workspace_id, user_id__in=people).values_list("user_id", flat=True)
    )
    return sorted((_shown(one, members) for one in found), key=lambda one: not one.is_open)


def open_support_count(workspace_id: int) -> int:
    """How many support accesses can be used or taken back."""
    return SupportAccess.objects.filter(workspace_id=workspace_id, revoked_at=None, expires_at__gt=clock.now()).count()


def support_news(access: Access) -> list[SupportNews]:
    """What somebody who manages access is told of it in the product, the newest first; nobody of their own doing."""
    if not access.can(Permission.ACCESS_MANAGE):
        return []
    since = clock.now() - NEWS_FOR
    given = SupportAccess.objects.filter(workspace_id=access.workspace_id, created_at__gt=since)
    found = []
    for support in given.select_related("granted_by", "user").order_by("-created_at", "id")[:SHOWN]:
        if support.first_used_at:
            text = f"{support.user} began to act as support for {support.granted_by}"
            found.append(SupportNews(support, support.first_used_at, text))
        if support.granted_by_id != access.subject_id:
            reach = "read-only support access" if support.is_read_only else "support access as far as they go"
            why = f": {support.purpose}" if access.can(Permission.AUDIT_READ_PERSONAL) else ""
            text = f"{support.granted_by} gave {reach}{why}"
            found.append(SupportNews(support, support.created_at, text))
    return sorted(found, key=lambda one: one.at, reverse=True)


def support_people(workspace_id: int) -> list[User]:
    """Who ever took support access here, the latest first."""
    taken = SupportAccess.objects.filter(workspace_id=workspace_id).exclude(user=None).select_related("user")
    people = {one.user_id: one.user for one in taken.order_by("-accepted_at")[:SHOWN] if one.user}
    return list(people.values())


def actor_of_person(workspace_id: int, user: User) -> Actor:
    """Who an event names of what this person has asked for here: themselves as a member, else both of their support access."""
    if Member.objects.filter(workspace_id=workspace_id, user_id=user.id).exists():
        return user.audit_actor
    taken = SupportAccess.objects.filter(workspace_id=workspace_id, user_id=user.id)
    last = taken.select_related("user", "granted_by").order_by("-accepted_at").first()
    return last.audit_actor if last else user.audit_actor


def _shown(support: SupportAccess, members: set[str]) -> SupportShown:
    if support.revoked_at:
        return SupportShown(support, "Taken back", is_open=False, is_good=False)
    if not support.is_open:
        return SupportShown(support, "Over", is_open=False, is_good=False)
    if support.granted_by_id not in members:
        return SupportShown(support, "Ended: its giver left", is_open=True, is_good=False)
    if support.user_id in members:
        return SupportShown(support, "Not needed: a member now", is_open=True, is_good=False)
    if support.accepted_at is None:
        return SupportShown(support, "Link not opened yet", is_open=True, is_good=False)
    return SupportShown(support, "Open", is_open=True, is_good=True)
