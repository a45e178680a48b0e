"""Brings a deleted function back with its versions, as long as these are kept; and forgets them after that."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.pipeline.functions.errors import StillThere, VersionGone
from auditapp.pipeline.functions.models import Function, FunctionVersion
from auditapp.pipeline.functions.services import (
    RESOURCE_TYPES,
    name_function,
    require_room,
    save_function,
    whole_of_function,
)
from auditapp.pipeline.functions.setting_input import declared
from auditapp.record.drafts import changed
from auditapp.record.services import record


@transaction.atomic
def restore_function(
    *,
    function_id: str,
    name: str,
    resource_type: str,
    description: str = "",
    settings: Sequence[Mapping[str, Any]] = (),
    deployed_version: int | None = None,
) -> Function:
    """Make a function again under the id that it had, with all its versions. It is put nowhere.

    Raises:  Denied, Invalid, NameTaken, StillThere, VersionGone where its versions are forgotten
    Writes:  Function, FunctionVersion; insert_function.restored
    """
    access = acting_access()
    access.require_everywhere(Permission.FUNCTION_WRITE)
    where = {"workspace_id": access.workspace_id, "id": function_id}
    if Function.objects.filter(**where).exists():
        raise StillThere
    if resource_type not in RESOURCE_TYPES:
        raise Invalid(f"Take one of {', '.join(RESOURCE_TYPES)}.", field="resource_type", code="unknown_type")
    require_room(access.workspace_id)
    rows = FunctionVersion.objects.filter(workspace_id=access.workspace_id, function_id=function_id)
    numbers = set(rows.filter(forget_at__gt=clock.now()).select_for_update().values_list("number", flat=True))
    if not numbers:
        raise VersionGone("Its code is not kept any more: it was deleted more than 30 days ago.")
    function = Function(**where, resource_type=resource_type, latest_version=max(numbers))
    name_function(function, name, description)
    function.settings = declared(list(settings))
    function.created_at = function.updated_at = clock.now()
    if deployed_version in numbers:
        function.deployed_version, function.deployed_at = deployed_version, clock.now()
    save_function(function, force_insert=True)
    rows.update(forget_at=None)
    record("insert_function.restored", target=function, changes=changed({}, whole_of_function(function)))
    return function


def forget_versions() -> int:
    """Delete the versions of functions that were deleted 30 days ago; gives how many."""
    return FunctionVersion.objects.filter(forget_at__lte=clock.now()).delete()[0]
