"""What the page of a resource says before its labels change: who sees it by them from then on, and who does not any more."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from auditapp.access.labelling import Labelled, Shift, shifts
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest

SEEN = "labels_seen"


@dataclass(frozen=True, slots=True)
class Shifting:
    """What other labels change for members, and what is sent with the labels once this was seen."""

    shifts: list[Shift]
    seen: str


def unseen_shifts(
    request: WorkspaceRequest, resource: Labelled, before: Sequence[str], labels: Sequence[str]
) -> Shifting | None:
    """What these labels would change, where the person may see who has access and has not been told of it yet.

    Others are told by the form alone that roles follow labels: who holds them is not theirs to see.
    """
    access = request.member_permissions
    seen = ",".join(sorted(labels))
    if request.POST.get(SEEN) == seen or not access.can(Permission.ACCESS_READ):
        return None
    if not access.can(Permission(f"{resource.kind}.write"), resource.id) or set(labels) == set(before):
        return None
    found = shifts(access.workspace_id, resource, before, labels)
    return Shifting(found, seen) if found else None


def labels_url(request: WorkspaceRequest) -> str:
    """The page of all labels, for who may open it."""
    can_open = request.member_permissions.can(Permission.ACCESS_READ)
    return reverse("access:label_list", args=[request.workspace.slug]) if can_open else ""
