"""What somebody may do in a workspace: computed from grants on each request and kept nowhere, so that a change holds at once.

Which permissions a role has is in its row; here is only what they mean and how grants add up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Self, TypeVar

from django.db.models import Model, Q, QuerySet

from auditapp.access.errors import Denied, NotForSupport
from auditapp.access.models import ApiToken, Grant, GroupMember, Invitation, Member, Scope
from auditapp.access.resources import ids_that_show_trail, kind_of, resource_kinds
from auditapp.access.support_models import SupportAccess
from auditapp.access.support_reach import left_to, support_of
from auditapp.catalogue import sections
from auditapp.lib import clock
from auditapp.record.acting import current_acting
from auditapp.record.drafts import HasTarget
from auditapp.record.viewer import Viewer

AnyModel = TypeVar("AnyModel", bound=Model)


class Permission(StrEnum):
    """Each permission with its meaning, as a page says it."""

    meaning: str

    def __new__(cls, key: str, meaning: str = "") -> Self:
        member = str.__new__(cls, key)
        member._value_ = key
        member.meaning = meaning
        return member

    AUDIT_READ = "audit.read", "Open the Audit Trail"
    AUDIT_READ_ALL = "audit.read_all", "See every event of the workspace"
    AUDIT_READ_PERSONAL = "audit.read_personal", "See e-mail and IP addresses of others in events"
    AUDIT_VERIFY = "audit.verify", "Verify events against their seal"
    AUDIT_EXPORT = "audit.export", "Export events"
    SOURCE_READ = "source.read", "See sources"
    SOURCE_WRITE = "source.write", "Change sources"
    SOURCE_CREATE = "source.create", "Create sources"
    WAREHOUSE_READ = "warehouse.read", "See warehouses"
    WAREHOUSE_WRITE = "warehouse.write", "Create and change warehouses"
    TRACKING_PLAN_READ = "tracking_plan.read", "See tracking plans and their violations"
    TRACKING_PLAN_WRITE = "tracking_plan.write", "Create and change tracking plans"
    FUNCTION_READ = "function.read", "See functions"
    FUNCTION_WRITE = "function.write", "Create, change and deploy functions"
    SPACE_READ = "space.read", "See spaces with their Unify and Engage"
    SPACE_WRITE = "space.write", "Change spaces: Unify, content and settings"
    ENGAGE_WRITE = "engage.write", "Change Engage in spaces: audiences, journeys, broadcasts"
    PRIVACY_READ = "privacy.read", "See End User Privacy settings"
    PRIVACY_WRITE = "privacy.write", "Change End User Privacy settings, suppress and delete users"
    IDENTITY_READ = "identity.read", "See identity settings"
    IDENTITY_WRITE = "identity.write", "Change identity settings"
    ENTITY_READ = "entity.read", "See entity models"
    ENTITY_WRITE = "entity.write", "Change entity models and their connections"
    ACCESS_READ = "access.read", "See members, groups and tokens"
    ACCESS_MANAGE = "access.manage", "Invite and remove members, give and take roles"
    TOKEN_MANAGE = "token.manage", "Create and revoke access tokens"
    LABEL_MANAGE = "label.manage", "Create, describe and delete labels"
    WORKSPACE_MANAGE = "workspace.manage", "Change the workspace's settings"
    EVENT_TYPE_MANAGE = "event_type.manage", "Declare event types"


# What is done with the trail goes as far as the trail is open: what somebody did themselves, or more.
OF_TRAIL = (Permission.AUDIT_READ, Permission.AUDIT_VERIFY, Permission.AUDIT_EXPORT)
# Not about single resources: a role over two sources gives none of these, even where its row names them.
OF_SECTIONS = frozenset(one for one in Permission if one.partition(".")[0] in sections.KEYS)
ONLY_EVERYWHERE = OF_SECTIONS | {Permission.AUDIT_READ_ALL, Permission.AUDIT_READ_PERSONAL, Permission.SOURCE_CREATE}


@dataclass(frozen=True, slots=True)
class TokenScope:
    """What a scope lets a token do. Who gives it must have every one of its permissions, then and whenever it is used;
    without the first the token is refused, and without the others what needs them.
    """

    meaning: str
    gives: tuple[Permission, ...] = ()


TOKEN_SCOPES: Mapping[str, TokenScope] = MappingProxyType(
    {
        "audit:read": TokenScope(
            "Read, verify and export the whole Audit Trail",
            (Permission.AUDIT_READ_ALL, Permission.AUDIT_READ_PERSONAL, Permission.AUDIT_EXPORT),
        ),
        "audit:write": TokenScope("Record events"),
        "types:write": TokenScope("Declare and remove event types", (Permission.EVENT_TYPE_MANAGE,)),
        "alert:read": TokenScope("See alert rules and what they fired for", (Permission.AUDIT_READ,)),
        "alert:write": TokenScope(
            "Create, change, test and delete alert rules", (Permission.AUDIT_READ, Permission.WORKSPACE_MANAGE)
        ),
        "source:read": TokenScope(
            "See sources with their destinations, filters and transformations", (Permission.SOURCE_READ,)
        ),
        "source:write": TokenScope(
            "Create, change and delete sources, their destinations, filters and transformations",
            (Permission.SOURCE_READ, Permission.SOURCE_WRITE, Permission.SOURCE_CREATE),
        ),
        "access:check": TokenScope("Ask whether a member may do something", (Permission.ACCESS_READ,)),
        "access:read": TokenScope("See members, groups and roles", (Permission.ACCESS_READ,)),
        "access:write": TokenScope(
            "Invite and remove members, change groups, roles and labels, and give roles that whoever made the token could give",
            (Permission.ACCESS_READ, Permission.ACCESS_MANAGE, Permission.LABEL_MANAGE),
        ),
        "warehouse:read": TokenScope("See warehouses and their syncs", (Permission.WAREHOUSE_READ,)),
        "warehouse:write": TokenScope(
            "Create, change, sync and delete warehouses", (Permission.WAREHOUSE_READ, Permission.WAREHOUSE_WRITE)
        ),
        "function:read": TokenScope("See functions and their code", (Permission.FUNCTION_READ,)),
        "function:write": TokenScope(
            "Create, change, deploy and delete functions", (Permission.FUNCTION_READ, Permission.FUNCTION_WRITE)
        ),
        "space:read": TokenScope("See spaces", (Permission.SPACE_READ,)),
        "space:write": TokenScope(
            "Create, rename, label and delete spaces", (Permission.SPACE_READ, Permission.SPACE_WRITE)
        ),
        "tracking_plan:read": TokenScope("See tracking plans", (Permission.TRACKING_PLAN_READ,)),
        "tracking_plan:write": TokenScope(
            "Create, change and delete tracking plans", (Permission.TRACKING_PLAN_READ, Permission.TRACKING_PLAN_WRITE)
        ),
    }
)


@dataclass(frozen=True, slots=True)
class HeldGrant:
    """One grant as it counts now; labels have become the ids that carry them."""

    permissions: frozenset[str]
    resource_type: str
    scope: str
    resource_ids: frozenset[str] = frozenset()

    @property
    def is_everywhere(self) -> bool:
        return self.scope in (Scope.WORKSPACE, Scope.ALL)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a permission goes: everywhere but to what is withheld, or to these ids."""

    everywhere: bool = False
    ids: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()

    def covers(self, resource_id: str) -> bool:
        return resource_id not in self.but if self.everywhere else resource_id in self.ids

    def among(self, rows: QuerySet[AnyModel], field: str) -> QuerySet[AnyModel]:
        """Those of the rows whose resource is reached; `field` holds its id."""
        if not self.everywhere:
            return rows.filter(**{f"{field}__in": self.ids})
        return rows.exclude(**{f"{field}__in": self.but}) if self.but else rows


@dataclass(frozen=True, slots=True)
class Access:
    """What one subject may do in one workspace. Grants add up: the widest one wins.

    `withheld` are resources that show the whole trail: a role over all of their kind, or over labels, does not reach them; one that
    names them does.
    """

    workspace_id: int
    subject_id: str
    grants: tuple[HeldGrant, ...] = field(default=())
    withheld: frozenset[str] = frozenset()
    made_by: str = ""  # who made the token, where the subject is one
    acts_for: str = ""  # in whose name the subject acts, as support
    is_member: bool = False  # who sees what they did themselves, with or without a role

    @property
    def person_id(self) -> str:
        """Who answers for what the subject does: whoever made the token, or the subject itself."""
        return self.made_by or self.subject_id

    @property
    def sees_whole_trail(self) -> bool:
        return self.can(Permission.AUDIT_READ_ALL) and self.can(Permission.AUDIT_READ_PERSONAL)

    def reach(self, permission: str) -> Reach:
        """How far this permission goes for the subject."""
        holding = self._holding(permission)
        named = frozenset[str]().union(*(grant.resource_ids for grant in holding if grant.scope == Scope.LISTED))
        if any(grant.is_everywhere for grant in holding):
            return Reach(everywhere=True, but=self.withheld - named)
        return Reach(ids=named.union(*(grant.resource_ids - self.withheld for grant in holding)))

    def can(self, permission: str, resource_id: str | None = None) -> bool:
        """Whether the subject may do this to this resource; without one, whether a grant gives it at all. Every member may open the
        trail, which by itself shows what they did themselves; it is nothing that they could give on, and so has no reach.
        """
        if resource_id is not None:
            return self.reach(permission).covers(resource_id)
        return bool(self._holding(permission)) or (self.is_member and permission == Permission.AUDIT_READ)

    def require(self, permission: str, resource: HasTarget | None = None) -> None:
        """Go on only where the subject may do this, to this resource or to any at all.

        Raises:  Denied, which names both for the event that tells of it
        """
        if not self.can(permission, resource.audit_target.id if resource else None):
            raise _denied(permission, resource)

    def require_everywhere(self, permission: str) -> None:
        """Go on only where the subject may do this to all there are and will be.

        Raises:  Denied
        """
        if not self.reach(permission).everywhere:
            raise _denied(permission, None)

    def refuse_support(self) -> None:
        """Go on only as a member or a token: what is somebody's own is nobody's who acts in another's name.

        Raises:  NotForSupport
        """
        if self.acts_for:
            raise NotForSupport("This belongs to members. You are here as support.")

    def _holding(self, permission: str) -> list[HeldGrant]:
        narrow_counts = permission not in ONLY_EVERYWHERE
        return [g for g in self.grants if permission in g.permissions and (g.is_everywhere or narrow_counts)]


@dataclass(frozen=True, slots=True)
class Supposed:
    """A resource as if it carried these labels."""

    kind: str
    id: str
    labels: frozenset[str]


def permissions_for(workspace_id: int, user_id: str, *, supposed: Supposed | None = None) -> Access:
    """What a member may do, by grants of their own and of their groups; one query, and one for each label condition. For who may do
    something everywhere and does not see the whole trail, another one for what is withheld.

    Takes:   supposed, to learn what they could do if a resource had other labels
    """
    groups = GroupMember.objects.filter(workspace_id=workspace_id, user_id=user_id).values("group_id")
    own = Q(subject_kind="member", subject_id=user_id)
    grants = Grant.objects.filter(own | Q(subject_kind="group", subject_id__in=groups), workspace_id=workspace_id)
    held = tuple(held_grants(grants.select_related("role"), supposed))
    # Roles end with the membership; who has none is looked for.
    is_member = bool(held) or Member.objects.filter(workspace_id=workspace_id, user_id=user_id).exists()
    access = Access(workspace_id, user_id, held, is_member=is_member)
    if access.sees_whole_trail or all(grant.scope == Scope.LISTED for grant in access.grants):
        return access
    return replace(access, withheld=ids_that_show_trail(workspace_id))


def access_of_person(workspace_id: int, user_id: str) -> Access:
    """What a member may do, or who is none and acts in a member's name as support; nothing once that has ended."""
    access = permissions_for(workspace_id, user_id)
    support = None if access.grants else support_of(workspace_id, user_id)
    return access_of_support(support) if support else access


def access_of_support(support: SupportAccess) -> Access:
    """As far as whoever gave it may go now, less what is kept from support."""
    held = permissions_for(support.workspace_id, support.granted_by_id)
    left = (replace(grant, permissions=left_to(support, grant.permissions)) for grant in held.grants)
    grants = tuple(grant for grant in left if grant.permissions)
    return replace(
        held, subject_id=support.user_id or "", grants=grants, acts_for=support.granted_by_id, is_member=False
    )


def access_of_system(workspace_id: int) -> Access:
    """What commands and jobs may do: everything."""
    return Access(workspace_id, "system", (HeldGrant(frozenset(Permission), "", Scope.WORKSPACE),))


def access_of_token(workspace_id: int, token_id: str) -> Access:
    """What a token may do: what its scopes give, as far as whoever made it may do that now; nothing once it has ended.

    A token has no roles. One that a command made goes as far as its scopes do.
    """
    token = ApiToken.objects.filter(workspace_id=workspace_id, id=token_id, revoked_at=None).first()
    if token is None or (token.expires_at and token.expires_at <= clock.now()):
        return Access(workspace_id, token_id)
    return access_given_to(token)


def access_of_sender(workspace_id: int, subject_id: str) -> Access:
    """What whoever sent something once, as an invitation, may do now: a member, a token, or a command."""
    if subject_id == "system":
        return access_of_system(workspace_id)
    if subject_id.startswith("tok_"):
        return access_of_token(workspace_id, subject_id)
    return permissions_for(workspace_id, subject_id)


def access_given_to(token: ApiToken) -> Access:
    """What a token's scopes give, as far as whoever made it may do that now; whether it has ended is not asked."""
    workspace_id, maker = token.workspace_id, token.created_by
    held = access_of_sender(workspace_id, maker)
    given = {permission for scope in token.scopes if scope in TOKEN_SCOPES for permission in TOKEN_SCOPES[scope].gives}
    grants = (replace(grant, permissions=grant.permissions & given) for grant in held.grants)
    given_now = tuple(grant for grant in grants if grant.permissions)
    return replace(held, subject_id=token.id, grants=given_now, made_by=maker, is_member=False)


def access_to_give(access: Access) -> Access:
    """What the subject may give to others: what it has itself; a token, for which giving is one of its scopes, what whoever made
    it has.
    """
    return access_of_sender(access.workspace_id, access.made_by) if access.made_by else access


def acting_access() -> Access:
    """What whoever acts now may do, read anew: inside a service, after its locks, a page's older answer may be wrong.

    Raises:  NobodyActs
    """
    acting = current_acting()
    if acting.actor.real:
        access = access_of_person(acting.workspace_id, acting.actor.real.id)
        return access if access.acts_for == acting.actor.id else Access(acting.workspace_id, acting.actor.real.id)
    if acting.actor.kind == "user":
        return permissions_for(acting.workspace_id, acting.actor.id)
    if acting.actor.kind == "system":
        return access_of_system(acting.workspace_id)
    if acting.actor.kind == "token":
        return access_of_token(acting.workspace_id, acting.actor.id)
    return Access(acting.workspace_id, acting.actor.id)


def viewer_for(access: Access) -> Viewer:
    """How much of the trail a member sees: all, or what their resources and they themselves did; support what is seen by whom
    they act for.
    """
    people = (access.subject_id, *([access.acts_for] if access.acts_for else []))
    if access.can(Permission.AUDIT_READ_ALL):
        seen: dict[str, tuple[str, ...]] = {"own_actor_ids": people}
    else:
        tokens = ApiToken.objects.filter(workspace_id=access.workspace_id, created_by__in=people)
        own = (*people, *tokens.values_list("id", flat=True))
        seen = {"scope_ids": _scopes_read(access), "own_actor_ids": own}
    return Viewer(
        access.workspace_id,
        sees_all=access.can(Permission.AUDIT_READ_ALL),
        sees_personal=access.can(Permission.AUDIT_READ_PERSONAL),
        **seen,
    )


def reach_of_trail(access: Access, permission: str) -> Reach:
    """How far opening, verifying or exporting the trail goes: the whole of it, or the history of these resources and sections, beside
    what somebody did themselves.
    """
    if not access.can(permission):
        return Reach()
    if access.can(Permission.AUDIT_READ_ALL):
        return Reach(everywhere=True)
    return Reach(ids=frozenset(_scopes_read(access)))


def _scopes_read(access: Access) -> tuple[str, ...]:
    """The resources and sections whose history the grants open: of all that may be read, of each kind, or of what a grant lists."""
    reading = [grant for grant in access.grants if Permission.AUDIT_READ in grant.permissions]
    found: set[str] = set()
    for kind in resource_kinds():
        over = [grant for grant in reading if kind.reading in grant.permissions]
        if any(grant.is_everywhere for grant in over):
            found |= kind.names(access.workspace_id).keys()
        else:
            found |= {one for grant in over if grant.resource_type == kind.key for one in grant.resource_ids}
    everywhere = {permission for grant in reading if grant.is_everywhere for permission in grant.permissions}
    found |= {section.scope for section in sections.SECTIONS if f"{section.key}.read" in everywhere}
    return tuple(sorted(found))


def held_grants(grants: Iterable[Grant | Invitation], supposed: Supposed | None = None) -> Iterable[HeldGrant]:
    """Grants, or what invitations promise, each as it counts now."""
    for grant in grants:
        ids = frozenset(grant.resource_ids) if grant.scope == Scope.LISTED else frozenset()
        kind = kind_of(grant.role.resource_type)
        if grant.scope == Scope.LABELLED and kind and grant.labels:
            ids = kind.labelled(grant.workspace_id, grant.labels)
            if supposed and supposed.kind == kind.key:
                fits = supposed.labels.issuperset(grant.labels)
                ids = ids | {supposed.id} if fits else ids - {supposed.id}
        yield HeldGrant(frozenset(grant.role.permissions), grant.role.resource_type, grant.scope, ids)


def _denied(permission: str, resource: HasTarget | None) -> Denied:
    meaning = Permission(permission).meaning
    message = f"Your role does not include “{meaning}” here. An owner of the workspace can widen it."
    return Denied(message, permission=permission, resource=resource)
