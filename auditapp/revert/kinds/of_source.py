"""What hangs on a source: who may change the source may undo it, and the source is locked before it, as services do."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from auditapp.access.permissions import Access, Permission
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.record.drafts import Change, EventDraft
from auditapp.revert.kind import RevertKind
from auditapp.sources.models import Source

Hanging = TypeVar("Hanging", bound=Destination | DestinationFilter | SavedTransformation)


class OfSourceRevert(RevertKind[Hanging]):
    """`parent` is the path under which a deletion tells what it was made in, which is the second target of its event."""

    parent: ClassVar[str]
    # What a deletion tells and a restoration does not follow.
    left: ClassVar[frozenset[str]] = frozenset()

    def locked(self, resource: Hanging) -> Hanging | None:
        Source.objects.select_for_update().filter(workspace_id=resource.workspace_id, id=resource.source_id).first()
        return super().locked(resource)

    def require(self, access: Access, resource: Hanging | None) -> None:
        if resource is None:
            access.require(Permission.SOURCE_WRITE)
        else:
            source = Source.objects.get(workspace_id=access.workspace_id, id=resource.source_id)
            access.require(Permission.SOURCE_WRITE, source)

    def changes(self, event: EventDraft) -> Sequence[Change]:
        found = super().changes(event)
        if not event.type.endswith(".deleted"):
            return found
        came = [change for change in found if change.path not in self.left]
        return [*came, Change(self.parent, old=event.targets[1].id)] if len(event.targets) > 1 else ()

    def label(self, path: str, event: EventDraft) -> str:
        return self.parent.capitalize() if path == self.parent else super().label(path, event)
