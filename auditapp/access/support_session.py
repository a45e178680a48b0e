"""Support access in a session: somebody who is no member entered a workspace by it, until they leave or it ends.

Each request looks again whether it lasts, and how far whoever gave it may go.
"""

from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.http import HttpRequest

from auditapp.access.errors import NotForSupport, SupportEnded
from auditapp.access.models import User, Workspace
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.support_models import SupportAccess
from auditapp.access.support_reach import support_of
from auditapp.lib import clock
from auditapp.lib.errors import NotFound
from auditapp.record.workspace_scope import as_person, in_workspace

KEY: Final = "support_access"
USE_NOTED_EVERY: Final = timedelta(minutes=1)
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def enter(request: HttpRequest, support: SupportAccess) -> None:
    """Have the session act by this access, and by no other any more."""
    request.session[KEY] = support.id


def leave(request: HttpRequest) -> None:
    """Have the session act as its own person alone."""
    request.session.pop(KEY, None)


def entered_as_support(request: WorkspaceRequest, slug: str) -> tuple[Workspace, SupportAccess]:
    """The workspace with this slug and the access by which the session is in it.

    Raises:  NotFound, as for every stranger, where it did not enter there; SupportEnded, where it did and may not any more
    """
    support_id = request.session.get(KEY)
    if not isinstance(support_id, str):
        raise NotFound
    with as_person(request.user.id):
        entered = SupportAccess.objects.filter(id=support_id, user_id=request.user.id).first()
        workspace = Workspace.objects.filter(id=entered.workspace_id, slug=slug).first() if entered else None
    if workspace is None:
        raise NotFound
    with in_workspace(workspace.id):
        support = support_of(workspace.id, request.user.id)
        if support is None or support.id != support_id:
            raise SupportEnded
        _note_use(support)
    return workspace, support


def refuse_to_support(request: WorkspaceRequest, *, is_for_members: bool) -> None:
    """Go on only where who is here as support may have this page at all.

    Takes:   is_for_members, a page that each member has as a member
    Raises:  NotForSupport
    """
    if request.support is None:
        return
    if is_for_members:
        raise NotForSupport("This belongs to members. You are here as support.")
    if request.support.is_read_only and request.method not in SAFE:
        raise NotForSupport("Your support access is read-only. Whoever gave it can give one that changes things.")


def open_support_of(user: User) -> list[tuple[SupportAccess, Workspace]]:
    """What somebody can enter as support now, by workspace; asked from outside of any."""
    with as_person(user.id):
        given = list(SupportAccess.objects.filter(user_id=user.id, revoked_at=None, expires_at__gt=clock.now()))
        workspaces = Workspace.objects.in_bulk({one.workspace_id for one in given})
    found = []
    for workspace in sorted(workspaces.values(), key=lambda one: (one.name.casefold(), one.id)):
        with in_workspace(workspace.id):
            if support := support_of(workspace.id, user.id):
                found.append((support, workspace))
    return found


def _note_use(support: SupportAccess) -> None:
    """To the minute, as with tokens."""
    now = clock.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
    if support.last_used_at is None or support.last_used_at <= now - USE_NOTED_EVERY:
        here = SupportAccess.objects.filter(stale, workspace_id=support.workspace_id, id=support.id)
        here.update(last_used_at=now)
