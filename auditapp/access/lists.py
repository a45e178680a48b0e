"""The lists of Access Management beside that of members: groups, who is in one, tokens and invitations, each page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Lower

from auditapp.access.inviting import expired_invitations
from auditapp.access.models import ApiToken, Group, GroupMember, Invitation, Member, User
from auditapp.access.paged import Looked, Paged, paged, says
from auditapp.access.queries import GrantShown, grants_in_words, invitations_in_words
from auditapp.access.token_queries import TokenShown, with_makers
from auditapp.lib import clock
from auditapp.lib.errors import NotFound

# So many people are offered to choose from; where more fit, a text is asked for first.
OFFERED: Final = 50


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group as the list of groups shows it."""

    id: str
    name: str
    grants: list[GrantShown]
    size: int


@dataclass(frozen=True, slots=True)
class GroupShown:
    """A group with its roles and a page of its members."""

    id: str
    name: str
    grants: list[GrantShown]
    members: Paged[User]


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """An invitation, how far its role goes, and whether it can still be accepted."""

    invitation: Invitation
    reach: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class PeopleOffered:
    """Who can be chosen: those that fit a text, up to OFFERED. `found` are all that fit, `everyone` all there are."""

    people: list[User]
    found: int
    everyone: int
    q: str

    @property
    def are_many(self) -> bool:
        """Whether a text is asked for."""
        return self.everyone > OFFERED


def group_page(workspace_id: int, looked: Looked) -> Paged[GroupLine]:
    """Groups whose name has the text, by name, each with its grants and how many are in it."""
    groups = Group.objects.filter(workspace_id=workspace_id).order_by(Lower("name"))
    fitting = groups.filter(says(looked.q, "name")) if looked.q else groups

    def shown(rows: Sequence[Group]) -> list[GroupLine]:
        ids = [group.id for group in rows]
        grants = grants_in_words(workspace_id, ids)
        inside = GroupMember.objects.filter(workspace_id=workspace_id, group_id__in=ids).values("group_id")
        sizes = dict(inside.annotate(size=Count("user_id")).values_list("group_id", "size"))
        return [GroupLine(one.id, one.name, grants["group", one.id], sizes.get(one.id, 0)) for one in rows]

    return paged(fitting, looked, shown=shown, everyone=groups.count() if looked.q else None)


def group_choices(workspace_id: int) -> list[Group]:
    """Every group, by name, for a list of members to be narrowed by."""
    return list(Group.objects.filter(workspace_id=workspace_id).order_by(Lower("name")))


def group_shown(workspace_id: int, group_id: str, looked: Looked, *, sees_addresses: bool) -> GroupShown:
    """One group with its grants and a page of those of its members whose name or address has the text.

    Takes:   sees_addresses, without which names alone are searched
    Raises:  NotFound
    """
    group = Group.objects.filter(workspace_id=workspace_id, id=group_id).first()
    if group is None:
        raise NotFound
    inside = GroupMember.objects.filter(workspace_id=workspace_id, group_id=group_id).select_related("user")
    fitting = inside.filter(_says_person(looked.q, sees_addresses=sees_addresses)) if looked.q else inside
    members = paged(
        fitting.order_by(Lower("user__name"), "user_id"),
        looked,
        shown=lambda rows: [one.user for one in rows],
        everyone=inside.count() if looked.q else None,
    )
    grants = grants_in_words(workspace_id, [group_id], named=None)["group", group_id]
    return GroupShown(group.id, group.name, grants, members)


def people_outside(workspace_id: int, group_id: str, q: str, *, chosen: str = "") -> PeopleOffered:
    """Members who are not in this group, to be put into it.

    Takes:   chosen, the id of one who is offered whatever the text
    """
    inside = GroupMember.objects.filter(workspace_id=workspace_id, group_id=group_id).values("user_id")
    members = Member.objects.filter(workspace_id=workspace_id).exclude(user_id__in=inside)
    return _offered(members, q, chosen)


def other_people(workspace_id: int, user_id: str, q: str, *, chosen: str = "") -> PeopleOffered:
    """Everybody but this one whose account is on.

    Takes:   chosen, as above
    """
    members = Member.objects.filter(workspace_id=workspace_id, user__is_active=True).exclude(user_id=user_id)
    return _offered(members, q, chosen)


def token_page(workspace_id: int, looked: Looked) -> Paged[TokenShown]:
    """Tokens that were not revoked, the newest first: those whose name, end or maker's name has the text."""
    living = ApiToken.objects.filter(workspace_id=workspace_id, revoked_at=None)
    fitting = living
    if looked.q:
        makers = Member.objects.filter(says(looked.q, "user__name"), workspace_id=workspace_id)
        fitting = living.filter(
            says(looked.q, "name") | Q(last_characters=looked.q) | Q(created_by__in=makers.values("user_id"))
        )
    return paged(
        fitting.order_by("-created_at", "id"),
        looked,
        shown=lambda rows: with_makers(workspace_id, rows),
        everyone=living.count() if looked.q else None,
    )


def invitation_page(workspace_id: int, looked: Looked, *, size: int, only: str = "") -> Paged[InvitationLine]:
    """Invitations to addresses that have the text: the open ones, then those that ran out not long ago.

    Takes:   only, the id of the only one that is wanted
    """
    now = clock.now()
    here = Invitation.objects.filter(workspace_id=workspace_id, accepted_at=None, revoked_at=None)
    expired = [one.id for one in expired_invitations(workspace_id)]
    waiting = here.filter(Q(expires_at__gt=now) | Q(id__in=expired)).select_related("role")
    fitting = waiting.filter(says(looked.q, "email")) if looked.q else waiting
    if only:
        fitting = fitting.filter(id=only)
    is_over = Case(When(expires_at__gt=now, then=Value(0)), default=Value(1))

    def shown(rows: Sequence[Invitation]) -> list[InvitationLine]:
        return [
            InvitationLine(one, reach, one.expires_at > now) for one, reach in invitations_in_words(workspace_id, rows)
        ]

    return paged(
        fitting.order_by(is_over, F("created_at").desc(), "id"),
        looked,
        shown=shown,
        everyone=waiting.count() if looked.q or only else None,
        size=size,
    )


def _says_person(q: str, *, sees_addresses: bool) -> Q:
    return says(q, "user__name", *(["user__email"] if sees_addresses else []))


def _offered(members: QuerySet[Member], q: str, chosen: str) -> PeopleOffered:
    """Whoever changes who is in what is shown addresses in the choice, and so finds by them."""
    fitting = members.filter(_says_person(q, sees_addresses=True)) if q else members
    ordered = fitting.select_related("user").order_by(Lower("user__name"), "user_id")
    people = [member.user for member in ordered[:OFFERED]]
    if chosen and chosen not in {one.id for one in people}:
        people += [member.user for member in members.filter(user_id=chosen).select_related("user")]
    everyone = members.count()
    return PeopleOffered(people, fitting.count() if q else everyone, everyone, q)
