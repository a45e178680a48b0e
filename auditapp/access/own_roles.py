"""Roles that a workspace defines: made, changed, deleted and brought back. What is changed holds on the holders' next request."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import ProtectedError

from auditapp.access.above import refuse_above_role
from auditapp.access.asked import answer_by_role
from auditapp.access.errors import BuiltInRole, MoreThanYouHave, OwnRole, RoleInUse, RoleThere
from auditapp.access.everything import told_of_change
from auditapp.access.models import Grant, Invitation, Role, Scope
from auditapp.access.permissions import Access, Permission
from auditapp.access.queries import owners_of
from auditapp.access.resources import kind_of
from auditapp.access.role_queries import has_role, holders_of, named, open_invitations_of, role_in, roles_in
from auditapp.access.role_words import fits
from auditapp.access.rules import begin_change, keep_an_owner, lacking_of, refuse_withheld
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import new_id
from auditapp.record.drafts import changed
from auditapp.record.services import record

MOST_ROLES: Final = 100
NAME_LENGTH: Final = 100
DESCRIPTION_LENGTH: Final = 300
AFTER_BUILT_IN: Final = 1_000
GIVES: Final = "permissions"


@transaction.atomic
def create_role(*, name: str, permissions: Sequence[str], over: str = "", description: str = "") -> Role:
    """Make a role of the workspace's own, which nobody has yet.

    Takes:   over, the key of the kind of resources that it is given over, "" for the workspace as a whole; it stays so
    Raises:  Denied, Invalid, MoreThanYouHave
    Writes:  Role; role.created
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    role = _made(access, new_id("rol"), name, description, over, permissions)
    record("role.created", target=role, changes=changed({}, told_of_role(role)))
    return role


@transaction.atomic
def change_role(
    *,
    role_key: str,
    name: str | None = None,
    description: str | None = None,
    permissions: Sequence[str] | None = None,
) -> Role:
    """Change what a role of the workspace is called or gives, for everybody who has it; None leaves something as it is.

    Raises:  Denied, NotFound, BuiltInRole, OwnRole, AboveYou, Invalid, MoreThanYouHave, LastOwner
    Writes:  Role; role.updated, unless nothing differs; access_request.approved for what was asked for
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    role = own_role(access, role_key)
    refuse_held(access, role)
    before, had = told_of_role(role), list(role.permissions)
    if name is not None:
        role.name = _free_name(access.workspace_id, name, but=role.key)
    if description is not None:
        role.description = _description(description)
    owners = owners_of(access.workspace_id)
    if permissions is not None:
        if set(role.permissions) - set(permissions):
            refuse_above_role(access, role)
        if set(permissions) - set(role.permissions):
            refuse_withheld(access, _given_over(access.workspace_id, role))
        role.permissions = _checked(access, role.resource_type, permissions, has=role.permissions)
    if changes := changed(before, told_of_role(role)):
        role.save(update_fields=["name", "description", "permissions"])
        keep_an_owner(access.workspace_id, owners)
        record("role.updated", target=role, meta=told_of_change(role, had), changes=changes)
        _answer_requests(access.workspace_id, role)
    return role


@transaction.atomic
def delete_role(*, role_key: str) -> None:
    """Delete a role of the workspace that nobody has and no open invitation brings.

    Raises:  Denied, NotFound, BuiltInRole, RoleInUse
    Writes:  Role, Invitation (those that ended); role.deleted
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    role = own_role(access, role_key)
    if holders := holders_of(role, access.workspace_id, sees_addresses=access.can(Permission.AUDIT_READ_PERSONAL)):
        raise RoleInUse(f"“{role.name}” is given to {named(holders)}. Take it back there first.")
    target, whole = role.audit_target, told_of_role(role)
    still_open = open_invitations_of(access.workspace_id).values("id")
    Invitation.objects.filter(workspace_id=access.workspace_id, role=role).exclude(id__in=still_open).delete()
    try:
        with transaction.atomic():
            role.delete()
    except ProtectedError:
        raise RoleInUse("Something else in this workspace gives this role. Choose another one there first.") from None
    record("role.deleted", target=target, changes=changed(whole, {}))


@transaction.atomic
def restore_role(*, role_id: str, name: str, permissions: Sequence[str], over: str = "", description: str = "") -> Role:
    """Bring a deleted role back under its id; nobody has it.

    Raises:  Denied, Invalid, MoreThanYouHave, RoleThere
    Writes:  Role; role.restored
    """
    access = begin_change(Permission.ACCESS_MANAGE)
    if roles_in(access.workspace_id).filter(key=role_id).exists():
        raise RoleThere
    role = _made(access, role_id, name, description, over, permissions)
    record("role.restored", target=role, changes=changed({}, told_of_role(role)))
    return role


def own_role(access: Access, role_key: str) -> Role:
    """The role, where it is the workspace's own.

    Raises:  NotFound, BuiltInRole
    """
    role = role_in(access.workspace_id, role_key)
    if not role.is_own:
        raise BuiltInRole
    return role


def refuse_held(access: Access, role: Role) -> None:
    """Nobody changes a role that they have themselves, nor with a token that they made.

    Raises:  OwnRole
    """
    if has_role(role, access.workspace_id, access.person_id):
        raise OwnRole("Nobody changes a role that they have themselves. Ask another owner of the workspace.")


def told_of_role(role: Role) -> dict[str, Any]:
    """All that events tell of a role, permission by permission, which is what a deleted one comes back with."""
    about: Mapping[str, Any] = {"name": role.name, "description": role.description, "over": role.resource_type}
    return {**about, GIVES: {str(one): True for one in role.permissions}}


def scopes_over(over: str) -> list[str]:
    """How far a role over this kind of resources can be given."""
    kind = kind_of(over)
    if kind is None:
        return [Scope.WORKSPACE]
    return [Scope.ALL, Scope.LISTED, *([Scope.LABELLED] if kind.with_labels else [])]


def _made(access: Access, key: str, name: str, description: str, over: str, permissions: Sequence[str]) -> Role:
    here = {"workspace_id": access.workspace_id}
    if over and kind_of(over) is None:
        raise Invalid("There are no such resources.", field="over", code="unknown_kind")
    if Role.objects.filter(**here).count() >= MOST_ROLES:
        raise Invalid(f"A workspace has at most {MOST_ROLES} roles of its own. Delete one first.", code="too_many")
    role = Role(
        **here,
        key=key,
        name=_free_name(access.workspace_id, name),
        description=_description(description),
        permissions=_checked(access, over, permissions),
        scopes=[str(scope) for scope in scopes_over(over)],
        resource_type=over,
        position=AFTER_BUILT_IN,
    )
    role.save(force_insert=True)
    return role


def _checked(access: Access, over: str, permissions: Sequence[str], *, has: Sequence[str] = ()) -> list[str]:
    """The permissions in their order, where there are such, they fit the role, and whoever acts has those that it gets."""
    if not permissions:
        raise Invalid("Choose at least one permission.", field=GIVES, code="required")
    for one in permissions:
        if one not in set(Permission):
            raise Invalid(f"There is no permission “{one[:60]}”.", field=GIVES, code="unknown_permission")
        if not fits(one, over):
            kind = kind_of(over)
            what = kind.plural if kind else over
            message = f"“{Permission(one).meaning}” ({one}) is not about {what}: a role over {what} cannot have it."
            raise Invalid(message, field=GIVES, code="not_of_kind")
    if lacking := lacking_of(access, (one for one in permissions if one not in has)):
        names = ", ".join(f"“{Permission(one).meaning}”" for one in lacking)
        raise MoreThanYouHave(f"Nobody puts into a role what they do not have everywhere themselves: {names}.")
    return [str(one) for one in Permission if one in permissions]


def _free_name(workspace_id: int, name: str, *, but: str = "") -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid("Give the role a name.", field="name", code="required")
    if len(name) > NAME_LENGTH:
        raise Invalid(f"At most {NAME_LENGTH} characters.", field="name", code="too_long")
    if roles_in(workspace_id).filter(name__iexact=name).exclude(key=but).exists():
        raise Invalid("Another role has this name.", field="name", code="taken")
    return name


def _description(text: str) -> str:
    text = " ".join(text.split())
    if len(text) > DESCRIPTION_LENGTH:
        raise Invalid(f"At most {DESCRIPTION_LENGTH} characters.", field="description", code="too_long")
    return text


def _given_over(workspace_id: int, role: Role) -> set[str]:
    """The resources that the role is limited to, wherever it was given or promised."""
    grants = Grant.objects.filter(workspace_id=workspace_id, role=role)
    promised = open_invitations_of(workspace_id).filter(role=role)
    return {one for rows in (grants, promised) for ids in rows.values_list("resource_ids", flat=True) for one in ids}


def _answer_requests(workspace_id: int, role: Role) -> None:
    """Close what the holders asked for and have with it now."""
    for grant in Grant.objects.filter(workspace_id=workspace_id, role=role).order_by("id"):
        who = {"user_id" if grant.subject_kind == "member" else "group_id": grant.subject_id}
        answer_by_role(grant.workspace_id, role, grant.scope, **who)
