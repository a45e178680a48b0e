"""Into which workspaces a proved address leads: by open invitations, and by what owners set for a domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from auditapp.access.errors import InvitationGone
from auditapp.access.members import still_open, take_up
from auditapp.access.models import Grant, Invitation, Member, Role, Scope, User, Workspace
from auditapp.access.roles import roles_of
from auditapp.access.sso.provider import domain_of, needed_provider
from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.record.acting import acting
from auditapp.record.drafts import changed
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_query import visible_events
from auditapp.record.services import record
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace, with_address, with_domain

# Segment's for who comes by single sign-on: they may see that the workspace is there, and nothing in it.
JOINS_AS: Final = "minimal_workspace_access"
LEFT: Final = Choice(("user.removed", "user.left"))


@dataclass(frozen=True, slots=True)
class Doors:
    """The ways in for an address. What they are worth is looked at again by whoever goes through."""

    invitations: list[tuple[int, str]]  # workspace and id
    workspace_ids: list[int]  # that take people of its domain

    def __bool__(self) -> bool:
        return bool(self.invitations or self.workspace_ids)


def doors_for(address: str) -> Doors:
    """Which doors are open to this address, across workspaces."""
    with with_address(address):
        waiting = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=clock.now())
        invitations = sorted(waiting.filter(email__iexact=address).values_list("workspace_id", "id"))
    domain = domain_of(address)
    by_rule: list[int] = []
    if needed_provider().speaks_for(domain):
        with with_domain(domain):
            found = Workspace.objects.filter(sso_join_domains__contains=[domain])
            by_rule = sorted(found.values_list("id", flat=True))
    return Doors(invitations, by_rule)


@transaction.atomic
def go_through(user: User, doors: Doors, *, context: Mapping[str, Any]) -> list[int]:
    """Make somebody a member wherever a door is still open to them; gives where they came in now.

    Takes:   context, of the request
    Writes:  Member, Grant, Invitation; user.invite_accepted, user.added_via_sso
    """
    came_in = [
        workspace_id
        for workspace_id, invitation_id in doors.invitations
        if _accepted(user, workspace_id, invitation_id, context)
    ]
    came_in += [workspace_id for workspace_id in doors.workspace_ids if _joined(user, workspace_id, context)]
    return came_in


def _accepted(user: User, workspace_id: int, invitation_id: str, context: Mapping[str, Any]) -> bool:
    with in_workspace(workspace_id):
        Workspace.objects.select_for_update().get(id=workspace_id)
        if Member.objects.filter(workspace_id=workspace_id, user_id=user.id).exists():
            return False
        try:
            take_up(still_open(workspace_id, invitation_id), user, context)
        except InvitationGone:
            return False
    return True


def _joined(user: User, workspace_id: int, context: Mapping[str, Any]) -> bool:
    """Let somebody in by the rule of the workspace, once: whoever was removed or left comes back by invitation alone."""
    here = {"workspace_id": workspace_id}
    with in_workspace(workspace_id):
        workspace = Workspace.objects.select_for_update().get(id=workspace_id)
        is_asked = domain_of(user.email) in workspace.sso_join_domains
        if not is_asked or Member.objects.filter(**here, user_id=user.id).exists() or _was_there(user, workspace_id):
            return False
        member = Member.objects.create(**here, user=user, joined_at=clock.now())
        Grant.objects.create(
            **here,
            id=new_id("grt"),
            subject_kind="member",
            subject_id=user.id,
            role=Role.objects.get(key=JOINS_AS, workspace_id=None),
            scope=Scope.WORKSPACE,
            created_at=clock.now(),
        )
        with acting(workspace_id, user.audit_actor, **context):
            given = {"roles": roles_of(workspace_id, "member", user.id)}
            meta = {"connection": needed_provider().name}
            record("user.added_via_sso", target=member, meta=meta, changes=changed({}, given))
    return True


def _was_there(user: User, workspace_id: int) -> bool:
    wanted = EventFilter(types=LEFT, resources=Choice((f"member:{user.id}",)))
    return bool(visible_events(Viewer(workspace_id, sees_all=True)).page(wanted, size=1).rows)
