"""The sections of Access Management: a tab each, with how many there are of what it lists."""

from dataclasses import dataclass

from django.urls import reverse

from auditapp.access.known_labels import known_labels
from auditapp.access.models import ApiToken, Group, Member
from auditapp.access.requests import WorkspaceRequest
from auditapp.access.role_queries import roles_in
from auditapp.access.support_queries import open_support_count


@dataclass(frozen=True, slots=True)
class Section:
    """A tab as _components/subnav.html shows it."""

    name: str
    url: str
    count: int
    is_current: bool


def sections(request: WorkspaceRequest, current: str) -> list[Section]:
    """All sections, in the order in which they are looked at.

    Takes:   current, the URL name of the one that is open
    """
    here = {"workspace_id": request.workspace.id}
    counted = (
        ("overview", "Users", Member.objects.filter(**here).count()),
        ("group_list", "User Groups", Group.objects.filter(**here).count()),
        ("token_list", "Tokens", ApiToken.objects.filter(**here, revoked_at=None).count()),
        ("role_list", "Roles", roles_in(request.workspace.id).count()),
        ("label_list", "Labels", len(known_labels(request.workspace.id))),
        ("support", "Support access", open_support_count(request.workspace.id)),
    )
    return [
        Section(name, reverse(f"access:{page}", args=[request.workspace.slug]), count, page == current)
        for page, name, count in counted
    ]
