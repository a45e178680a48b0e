"""The contract of what can be undone: how the resources of one type are read, written, deleted and brought back.

A kind is one file in kinds/, one line in wiring.py and one test. It writes through the services of its resource alone, so that
their rules, permissions and events hold for a revert as they do for everybody else.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import QuerySet

from auditapp.access.permissions import Access
from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.lib.errors import NotAllowed, NotFound
from auditapp.record.drafts import Change, EventDraft, HasTarget
from auditapp.revert.fields import WHOLE

Resource = TypeVar("Resource", bound=HasTarget)


class RevertKind(Generic[Resource]):
    """How events about one type of resource are undone.

    `settable` are the paths that `write` can set; one that ends in a dot stands for all that begin so. `whole_events` are the
    endings of types that make or delete the resource itself.
    """

    resource_type: ClassVar[str]
    settable: ClassVar[tuple[str, ...]] = ()
    # In how many levels of others it hangs: parents come back before what hangs in them, and go after it.
    depth: ClassVar[int] = 0

    def find(self, access: Access, resource_id: str, *, lock: bool = False) -> Resource | None:
        """The resource, locked where asked; None where there is none that the subject may see."""
        try:
            found = self.seen(access, resource_id)
        except NotFound:
            return None
        return self.locked(found) if lock else found

    def seen(self, access: Access, resource_id: str) -> Resource:
        """The resource, where the subject may see it.

        Raises:  NotFound
        """
        raise NotImplementedError

    def locked(self, resource: Resource) -> Resource | None:
        """The resource again, which nobody else changes until the transaction ends; None where it has just gone."""
        rows: QuerySet[Any] = type(resource).objects.select_for_update()  # type: ignore[attr-defined]
        return rows.filter(pk=resource.pk).first()  # type: ignore[attr-defined]

    def values(self, resource: Resource) -> dict[str, Any]:
        """What events tell of the resource, by path, as it is now."""
        raise NotImplementedError

    def require(self, access: Access, resource: Resource | None) -> None:
        """Go on only where the subject may change the resource, or may make one where there is none.

        Raises:  Denied
        """
        raise NotImplementedError

    def write(self, resource: Resource, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """Set these fields, through services; MISSING takes one away.

        Takes:   secrets, what was entered of `asks`
        Raises:  what the services raise
        """
        raise NotImplementedError

    def restore(self, resource_id: str, name: str, values: Mapping[str, Any], secrets: Mapping[str, str]) -> None:
        """Bring a deleted resource back under its id, with these values.

        Raises:  what the services raise
        """
        raise NotImplementedError

    def delete(self, resource: Resource) -> None:
        """Delete the resource: the undoing of its making."""
        raise NotImplementedError

    def changes(self, event: EventDraft) -> Sequence[Change]:
        """What an event did, as changes of fields that `values` tells; none where it cannot be undone."""
        what = event.type.rpartition(".")[2]
        if what in {"created", "restored"} and self.can_delete:
            return [Change(WHOLE, new=True), *event.changes]
        if what == "deleted" and self.can_restore:
            return [Change(WHOLE, old=True), *event.changes]
        return () if what in {"created", "restored", "deleted"} else event.changes

    def label(self, path: str, event: EventDraft) -> str:
        """What a person calls this field of the event's resource."""
        if path == WHOLE:
            return f"The {self.word} itself"
        known = labels_of(event.type).get(path) or label_among(self.resource_type, path)
        return known or path.rpartition(".")[2].replace("_", " ").capitalize()

    def asks(self, resource: Resource | None, values: Mapping[str, Any]) -> dict[str, str]:
        """Secrets that no event holds and that setting these values needs or is glad of: what to ask for, by path."""
        return {}

    def effects(self, resource: Resource | None, values: Mapping[str, Any]) -> list[str]:
        """What setting these values causes beyond themselves, each as a sentence."""
        return []

    def is_risky(self, resource: Resource | None, values: Mapping[str, Any]) -> bool:
        """Whether somebody who leaves their desk must not be able to do this: it is asked who sits there."""
        return WHOLE in values

    @property
    def word(self) -> str:
        """What such a resource is called."""
        return self.resource_type.replace("_", " ")

    @property
    def can_delete(self) -> bool:
        return type(self).delete is not RevertKind.delete

    @property
    def can_restore(self) -> bool:
        return type(self).restore is not RevertKind.restore

    def is_settable(self, path: str) -> bool:
        """Whether `write` can set this field."""
        return any(path.startswith(one) if one.endswith(".") else path == one for one in self.settable)

    def refusal(self, access: Access, resource: Resource | None) -> str:
        """Why the subject may not change the resource, empty where they may."""
        try:
            self.require(access, resource)
        except NotAllowed as denied:
            return denied.message
        return ""


def labels_of(type_key: str) -> dict[str, str]:
    """The names of an event type's fields, by path, as the catalogue has them."""
    declared = EVENT_TYPES.get(type_key)
    return {field.path: field.label for field in declared.fields} if declared else {}


def label_among(resource_type: str, path: str) -> str:
    """The name that some other event type about such a resource has for a field; empty where none has."""
    about = (one for one in EVENT_TYPES.values() if one.resource_type == resource_type)
    return next((field.label for one in about for field in one.fields if field.path == path), "")


_kinds: dict[str, RevertKind[Any]] = {}


def register_revert_kind(kind: RevertKind[Any]) -> None:
    """Let events about resources of this type be undone."""
    _kinds[kind.resource_type] = kind


def revert_kind(resource_type: str) -> RevertKind[Any] | None:
    """How resources of this type are undone, if they are."""
    return _kinds.get(resource_type)
