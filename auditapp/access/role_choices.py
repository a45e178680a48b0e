"""What the form of a role offers: the roles under what they are about, and of each kind the resources that one can be limited to."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from auditapp.access.models import Role, Scope
from auditapp.access.resources import ids_that_show_trail, resource_kinds

WORKSPACE: Final = "Workspace"
OWN: Final = "This workspace's own"
MANY: Final = 12  # more than these can be searched


class ResourceOption(NamedTuple):
    """A resource, with what there is to say of it, and whether it is chosen."""

    id: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class KindOffered:
    """The resources of one kind; `roles` names those that can be limited to some of them."""

    key: str
    word: str
    plural: str
    roles: str
    options: list[ResourceOption]

    @property
    def is_long(self) -> bool:
        return len(self.options) > MANY


def roles_by_what_they_are_over(roles: Iterable[Role]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Key and name of roles under the heading of each group: the workspace, each kind of resources, and the workspace's own."""
    headings = {kind.key: kind.plural.capitalize() for kind in resource_kinds()}
    found: dict[str, list[tuple[str, str]]] = {heading: [] for heading in (WORKSPACE, *headings.values(), OWN)}
    for role in roles:
        heading = OWN if role.is_own else headings.get(role.resource_type, WORKSPACE)
        found[heading].append((role.key, role.name))
    return [(heading, options) for heading, options in found.items() if options]


def kinds_offered(workspace_id: int, roles: Sequence[Role], chosen: Collection[str]) -> list[KindOffered]:
    """The kinds that some of the roles can be limited to, each with its resources; what shows the whole trail says so."""
    shows, ticked = ids_that_show_trail(workspace_id), frozenset(chosen)
    found = []
    for kind in resource_kinds():
        limited = [role.name for role in roles if role.resource_type == kind.key and Scope.LISTED in role.scopes]
        if limited:
            options = [
                ResourceOption(one, name + " – shows the whole trail" * (one in shows), one in ticked)
                for one, name in kind.offered(workspace_id).items()
            ]
            found.append(KindOffered(kind.key, kind.word, kind.plural, " · ".join(limited), options))
    return found
