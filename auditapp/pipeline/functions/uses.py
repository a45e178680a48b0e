"""A function put into a source or a destination, set up there, and taken out. Each is one transaction with its event in it."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.db import transaction

from auditapp.access.permissions import acting_access
from auditapp.catalogue.declaring import WITHHELD
from auditapp.lib import clock
from auditapp.lib.errors import Invalid, NotFound
from auditapp.lib.ids import new_id
from auditapp.lib.secret_box import seal
from auditapp.pipeline.delivery.stages import raise_versions
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.functions.errors import NotDeployed, NothingThere
from auditapp.pipeline.functions.models import Function, FunctionUse
from auditapp.pipeline.functions.queries import function_for, secrets_of, use_in
from auditapp.pipeline.functions.setting_input import entered
from auditapp.record.drafts import Change, HasTarget, changed
from auditapp.record.services import record
from auditapp.sources.locking import source_to_change
from auditapp.sources.models import Source


@transaction.atomic
def put_function(
    *, source_id: str, function_id: str, settings: Mapping[str, Any], destination_id: str = ""
) -> FunctionUse:
    """Let the events of a source, or those on their way to one of its destinations, go through a function. It takes the place of
    another one; where it is there already, its settings change.

    Raises:  NotFound, Denied, NotDeployed, Invalid for the field of a setting
    Writes:  FunctionUse, Destination, Delivery; function.enabled, function.disabled, function.settings_modified
    """
    source, place = _place(source_id, destination_id)
    function = function_for(acting_access(), function_id)
    if function.resource_type != ("INSERT_DESTINATION" if destination_id else "INSERT_SOURCE"):
        raise Invalid("This function is not made for here.", field="function", code="wrong_type")
    if function.deployed_version is None:
        raise NotDeployed
    use = use_in(source, destination_id)
    is_same = use is not None and use.function_id == function_id
    kept = secrets_of(use) if use and is_same else {}
    plain, hidden = entered(function.settings, settings, kept)
    changes = [
        *changed(use.settings if use and is_same else {}, plain, prefix="settings."),
        *(Change(f"settings.{one}", WITHHELD, WITHHELD) for one in sorted(hidden) if hidden[one] != kept.get(one)),
    ]
    if use is not None and not is_same:
        _record_out(use, source, place)
        use.delete()
    if use is None or not is_same:
        use = FunctionUse(workspace_id=source.workspace_id, id=new_id("fui"), created_at=clock.now())
        use.function_id, use.source_id, use.destination_id = function_id, source.id, destination_id
        record(
            "function.enabled", target=[function, place], scope_id=source.id, changes=[Change("enabled", False, True)]
        )
    elif not changes:
        return use
    use.settings, use.secrets = plain, seal(orjson.dumps(hidden).decode()) if hidden else None
    use.save()
    if changes:
        record("function.settings_modified", target=[function, place], scope_id=source.id, changes=changes)
    raise_versions(source.workspace_id, [destination_id] if destination_id else [])
    return use


@transaction.atomic
def take_function_out(*, source_id: str, destination_id: str = "") -> None:
    """Let events pass without a function again.

    Raises:  NotFound, Denied, NothingThere
    Writes:  FunctionUse, Destination, Delivery; function.disabled
    """
    source, place = _place(source_id, destination_id)
    use = use_in(source, destination_id)
    if use is None:
        raise NothingThere
    _record_out(use, source, place)
    use.delete()
    raise_versions(source.workspace_id, [destination_id] if destination_id else [])


def take_out_of_destination(destination: Destination) -> None:
    """Take the function out of a destination that is being deleted, in that transaction.

    Writes:  FunctionUse; function.disabled
    """
    source = Source.objects.get(workspace_id=destination.workspace_id, id=destination.source_id)
    if use := use_in(source, destination.id):
        _record_out(use, source, destination)
        use.delete()


def take_out_of_source(source: Source) -> None:
    """Take the function out of a source that is being deleted, in that transaction; its destinations are gone by then.

    Writes:  FunctionUse; function.disabled
    """
    if use := use_in(source):
        _record_out(use, source, source)
        use.delete()


def _place(source_id: str, destination_id: str) -> tuple[Source, HasTarget]:
    """The source, locked, and where in it the function stands."""
    source = source_to_change(source_id)
    if not destination_id:
        return source, source
    found = Destination.objects.filter(workspace_id=source.workspace_id, source_id=source.id, id=destination_id).first()
    if found is None:
        raise NotFound
    return source, found


def _record_out(use: FunctionUse, source: Source, place: HasTarget) -> None:
    """Tell that a function was taken out, with the settings that it had there: never its secrets."""
    function = Function.objects.get(workspace_id=use.workspace_id, id=use.function_id)
    changes = [Change("enabled", True, False), *changed(use.settings, {}, prefix="settings.")]
    record("function.disabled", target=[function, place], scope_id=source.id, changes=changes)
