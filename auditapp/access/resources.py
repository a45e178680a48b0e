"""The kinds of resources that a role can be limited to.

They belong to packages above this one, which wiring.py registers here: imports only go down.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """One kind: its word, and how to learn which resources there are. The callables are asked inside the workspace.

    `names` gives all of them, name by id; where what was deleted is among them, since its history is still to be seen, `deleted` gives
    the ids of those, over which no role is given any more. Kinds that can carry labels have `with_labels`, the ids of those that carry every one of
    the labels, and `labels`, what each carries by id; `show_trail` the ids of those that show events of the trail, whoever they are
    about; `page` is the URL name of one's page, which takes its id. Whoever may read all resources of a kind, by the permission
    <key>.read, sees their history too.
    """

    key: str
    word: str
    plural: str
    names: Callable[[int], Mapping[str, str]]
    with_labels: Callable[[int, Collection[str]], Collection[str]] | None = None
    show_trail: Callable[[int], Collection[str]] | None = None
    labels: Callable[[int], Mapping[str, Collection[str]]] | None = None
    page: str = ""
    deleted: Callable[[int], Collection[str]] | None = None

    @property
    def reading(self) -> str:
        """The permission to see such a resource."""
        return f"{self.key}.read"

    def offered(self, workspace_id: int) -> dict[str, str]:
        """Those that a role can be limited to, name by id: all that were not deleted."""
        gone = self.deleted(workspace_id) if self.deleted else ()
        return {one: name for one, name in self.names(workspace_id).items() if one not in gone}

    def labelled(self, workspace_id: int, labels: Collection[str]) -> frozenset[str]:
        """The ids of those that carry every one of the labels."""
        return frozenset(self.with_labels(workspace_id, labels) if self.with_labels else ())

    def labels_of(self, workspace_id: int) -> Mapping[str, Collection[str]]:
        """What each carries, by id."""
        return self.labels(workspace_id) if self.labels else {}


_kinds: dict[str, ResourceKind] = {}


def register_kind(kind: ResourceKind) -> None:
    """Let roles be limited to resources of this kind."""
    _kinds[kind.key] = kind


def kind_of(key: str) -> ResourceKind | None:
    """The kind with this key, None for roles that are about the workspace as a whole."""
    return _kinds.get(key)


def ids_that_show_trail(workspace_id: int) -> frozenset[str]:
    """The resources of every kind that show events of the trail."""
    return frozenset(one for kind in _kinds.values() if kind.show_trail for one in kind.show_trail(workspace_id))


def resource_kinds() -> list[ResourceKind]:
    """Every kind, in the order of wiring.py."""
    return list(_kinds.values())
