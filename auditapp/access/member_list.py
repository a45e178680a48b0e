"""The members of a workspace as a list that is searched, filtered and read page by page: a page costs the same for ten and for
thousands.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple, Self

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Lower

from auditapp.access.models import Grant, Group, GroupMember, Member, User
from auditapp.access.paged import Looked, Paged, page_of, paged, says, text_of
from auditapp.access.queries import GrantShown, grants_in_words
from auditapp.access.second_factor import APP, PASSKEY

WITHOUT: Final = "without"
FACTOR_WORDS: Final = {APP: "Authenticator app", PASSKEY: "Passkey"}


class MemberQuery(NamedTuple):
    """What is looked for: in names and addresses, a role held directly or through a group, a group, no second factor."""

    q: str = ""
    role: str = ""
    group: str = ""
    factor: str = ""
    page: int = 1

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> Self:
        """As an address says it; what makes no sense is left out."""
        return cls(
            q=text_of(asked, "q"),
            role=text_of(asked, "role"),
            group=text_of(asked, "group"),
            factor=WITHOUT if asked.get("factor") == WITHOUT else "",
            page=page_of(asked),
        )

    @property
    def is_narrowed(self) -> bool:
        return any(self[:4])

    @property
    def narrowing(self) -> tuple[tuple[str, str], ...]:
        """What the address of another page of the same says."""
        return tuple((name, value) for name, value in self._asdict().items() if value and name != "page")


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member with roles of their own and of their groups. `seen_at` is when a session of theirs was used last."""

    user: User
    joined_at: datetime
    seen_at: datetime | None
    factors: list[str]
    grants: list[GrantShown]


def member_page(
    workspace_id: int, query: MemberQuery, *, sees_addresses: bool = True, sees_factors: bool = True
) -> Paged[MemberRow]:
    """A page of the members that fit, by name.

    Takes:   sees_addresses, without which no address is searched; sees_factors, without which nobody is told who lacks one
    """
    everyone = Member.objects.filter(workspace_id=workspace_id)
    if not sees_factors:
        query = query._replace(factor="")
    fitting = fitting_members(everyone, query, sees_addresses=sees_addresses)

    def shown(members: Sequence[Member]) -> list[MemberRow]:
        rows = member_rows(workspace_id, members)
        return rows if sees_factors else [replace(row, factors=[]) for row in rows]

    ordered = fitting.select_related("user").order_by(Lower("user__name"), "user_id")
    page = paged(
        ordered,
        Looked(query.q, query.page),
        shown=shown,
        everyone=everyone.count() if query.is_narrowed else None,
    )
    return replace(page, kept=query.narrowing)


def fitting_members(members: QuerySet[Member], query: MemberQuery, *, sees_addresses: bool) -> QuerySet[Member]:
    """Those of the members of one workspace that a query finds."""
    here = members.values("workspace_id")[:1]
    if query.q:
        members = members.filter(says(query.q, "user__name", *(["user__email"] if sees_addresses else [])))
    if query.group:
        inside = GroupMember.objects.filter(workspace_id__in=here, group_id=query.group)
        members = members.filter(user_id__in=inside.values("user_id"))
    if query.role:
        giving = Grant.objects.filter(workspace_id__in=here, role_id=query.role)
        groups = giving.filter(subject_kind="group").values("subject_id")
        through = GroupMember.objects.filter(workspace_id__in=here, group_id__in=groups).values("user_id")
        own = giving.filter(subject_kind="member").values("subject_id")
        members = members.filter(Q(user_id__in=own) | Q(user_id__in=through))
    if query.factor:
        members = members.exclude(user_id__in=Authenticator.objects.filter(type__in=FACTOR_WORDS).values("user_id"))
    return members


def member_rows(workspace_id: int, members: Sequence[Member]) -> list[MemberRow]:
    """These members with all that the list tells of each, in as many queries as for one."""
    ids = [member.user_id for member in members]
    groups_of: dict[str, list[str]] = defaultdict(list)
    inside = GroupMember.objects.filter(workspace_id=workspace_id, user_id__in=ids)
    for group_id, user_id in inside.order_by("group_id").values_list("group_id", "user_id"):
        groups_of[user_id].append(group_id)
    group_ids = {one for held in groups_of.values() for one in held}
    names = dict(Group.objects.filter(workspace_id=workspace_id, id__in=group_ids).values_list("id", "name"))
    grants = grants_in_words(workspace_id, [*ids, *group_ids])
    seen = UserSession.objects.filter(user_id__in=ids).values("user_id").annotate(at=Max("last_seen_at"))
    seen_at = dict(seen.values_list("user_id", "at"))
    factors: dict[str, list[str]] = defaultdict(list)
    kept = Authenticator.objects.filter(user_id__in=ids, type__in=FACTOR_WORDS).order_by("type")
    for user_id, kind in kept.values_list("user_id", "type").distinct():
        factors[user_id].append(FACTOR_WORDS[kind])
    return [
        MemberRow(
            member.user,
            member.joined_at,
            max(filter(None, (member.user.last_login, seen_at.get(member.user_id))), default=None),
            factors[member.user_id],
            [
                *grants["member", member.user_id],
                *(
                    GrantShown(one.id, one.role, one.reach, from_group=names[group_id])
                    for group_id in groups_of[member.user_id]
                    for one in grants["group", group_id]
                ),
            ],
        )
        for member in members
    ]
