"""The one door for events about a person's own account, which belongs to no workspace: each of theirs is told."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest

from auditapp.access.models import User
from auditapp.access.queries import workspaces_of
from auditapp.access.requests import context_of
from auditapp.record.acting import acting
from auditapp.record.drafts import Change
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace


def record_of_person(
    type_key: str,
    user: User,
    request: HttpRequest,
    *,
    meta: Mapping[str, Any] | None = None,
    changes: Sequence[Change] = (),
    outcome: str = "success",
) -> None:
    """Record one event about a person's account, done by themselves, in each of their workspaces.

    Writes:  one event a workspace, each in a transaction of its own
    """
    context = context_of(request, with_path=False)
    for workspace in workspaces_of(user.id):
        with in_workspace(workspace.id), acting(workspace.id, user.audit_actor, **context):
            record(type_key, target=user, meta=meta, changes=changes, outcome=outcome)
