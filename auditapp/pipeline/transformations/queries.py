"""Which transformations somebody may see: those of the sources that they see."""

from django.db.models import QuerySet
from django.db.models.functions import Lower

from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.pipeline.transformations.models import SavedTransformation


def visible_transformations(access: Access) -> QuerySet[SavedTransformation]:
    """The transformations that this person may see, by name."""
    found = SavedTransformation.objects.filter(workspace_id=access.workspace_id).order_by(Lower("name"), "id")
    return access.reach(Permission.SOURCE_READ).among(found, "source_id")


def transformation_for(access: Access, transformation_id: str) -> SavedTransformation:
    """One transformation that this person may see.

    Raises:  NotFound, also where there is one that they may not see
    """
    found = visible_transformations(access).filter(id=transformation_id).first()
    if found is None:
        raise NotFound
    return found
