"""What is done to functions. Each is one transaction with its event in it; of code an event tells a fingerprint."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import IntegrityError, transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import new_id
from auditapp.pipeline.delivery.stages import raise_versions
from auditapp.pipeline.functions.errors import AlreadyDeployed, CodeRefused, InUse, IsLatest, NameTaken
from auditapp.pipeline.functions.models import Function, FunctionUse, FunctionVersion
from auditapp.pipeline.functions.process import Broken, Gone, Process, TooLate, has_functions
from auditapp.pipeline.functions.queries import function_for, version_of
from auditapp.pipeline.functions.setting_input import declared
from auditapp.record.acting import current_acting
from auditapp.record.drafts import Change, changed
from auditapp.record.services import record

RESOURCE_TYPES: Final = {"INSERT_SOURCE": "In a source", "INSERT_DESTINATION": "In a destination"}
MAX_CODE: Final = 100_000
# As Segment's default.
MAX_FUNCTIONS: Final = 25


@transaction.atomic
def create_function(
    *,
    name: str,
    code: str,
    resource_type: str = "INSERT_SOURCE",
    description: str = "",
    settings: Sequence[Mapping[str, Any]] = (),
) -> Function:
    """Make a function; no event goes through it before a version is deployed and it is put somewhere.

    Raises:  Denied, Invalid
    Writes:  Function, FunctionVersion; insert_function.created
    """
    access = acting_access()
    access.require_everywhere(Permission.FUNCTION_WRITE)
    if resource_type not in RESOURCE_TYPES:
        raise Invalid(f"Take one of {', '.join(RESOURCE_TYPES)}.", field="resource_type", code="unknown_type")
    if Function.objects.filter(workspace_id=access.workspace_id).count() >= MAX_FUNCTIONS:
        raise Invalid(f"A workspace has at most {MAX_FUNCTIONS} functions.", code="too_many")
    function = Function(workspace_id=access.workspace_id, id=new_id("fun"), resource_type=resource_type)
    _name(function, name, description)
    function.settings = declared(list(settings))
    function.created_at = function.updated_at = clock.now()
    require_loads(code)
    _save(function, force_insert=True)
    _add_version(function, code)
    record("insert_function.created", target=function, changes=changed({}, _told(function, code)))
    return function


@transaction.atomic
def change_function(
    *,
    function_id: str,
    name: str,
    code: str,
    description: str = "",
    settings: Sequence[Mapping[str, Any]] | None = None,
) -> Function:
    """Change a function. Other code becomes its latest version; events go through the deployed one as before.

    Takes:   settings, None to keep what it asks for
    Raises:  NotFound, Denied, Invalid
    Writes:  Function, FunctionVersion; insert_function.modified, unless nothing differs
    """
    function = _to_change(function_id)
    latest = version_of(function, function.latest_version)
    before = _told(function, latest.code)
    _name(function, name, description)
    if settings is not None:
        function.settings = declared(list(settings))
    if code != latest.code:
        require_loads(code)
    changes = changed(before, _told(function, code))
    if not changes:
        return function
    function.updated_at = clock.now()
    if code != latest.code:
        function.latest_version += 1
        _add_version(function, code)
    _save(function)
    record("insert_function.modified", target=function, changes=changes)
    return function


@transaction.atomic
def deploy_function(*, function_id: str, version: int | None = None) -> Function:
    """Let events go through a version from now on, wherever the function is used.

    Takes:   version, None for the latest
    Raises:  NotFound, Denied, AlreadyDeployed
    Writes:  Function, Destination, Delivery; function.deployed
    """
    function = _to_change(function_id)
    before = function.deployed_version
    chosen = version_of(function, version if version is not None else function.latest_version)
    if chosen.number == before:
        raise AlreadyDeployed
    function.deployed_version, function.deployed_at = chosen.number, clock.now()
    function.save(update_fields=["deployed_version", "deployed_at"])
    raise_versions(function.workspace_id, _destinations_with(function))
    record(
        "function.deployed",
        target=function,
        meta={"version": chosen.number},
        changes=[Change("deployed_version", before, chosen.number)],
    )
    return function


@transaction.atomic
def restore_version(*, function_id: str, version: int) -> Function:
    """Make the code of an older version the latest one, as a version of its own.

    Raises:  NotFound, Denied, IsLatest
    Writes:  Function, FunctionVersion; function.version_restored
    """
    function = _to_change(function_id)
    old = version_of(function, version)
    before = function.latest_version
    if old.number == before:
        raise IsLatest
    function.latest_version += 1
    function.updated_at = clock.now()
    _add_version(function, old.code, restored_from=old.number)
    function.save(update_fields=["latest_version", "updated_at"])
    record(
        "function.version_restored",
        target=function,
        meta={"version": old.number},
        changes=[Change("latest_version", before, function.latest_version)],
    )
    return function


@transaction.atomic
def delete_function(*, function_id: str) -> None:
    """Delete a function with all its versions.

    Raises:  NotFound, Denied, InUse
    Writes:  Function, FunctionVersion; insert_function.deleted
    """
    function = _to_change(function_id)
    where = {"workspace_id": function.workspace_id, "function_id": function.id}
    if FunctionUse.objects.filter(**where).exists():
        raise InUse
    latest = version_of(function, function.latest_version)
    record("insert_function.deleted", target=function, changes=changed(_told(function, latest.code), {}))
    FunctionVersion.objects.filter(**where).delete()
    function.delete()


def require_loads(code: str) -> None:
    """Refuse code that cannot be kept or cannot be loaded; where no function can run, only what cannot be kept.

    Raises:  CodeRefused
    """
    if not code.strip():
        raise CodeRefused("Write the code: a function such as onTrack(event, settings) that returns the event.")
    if len(code) > MAX_CODE:
        raise CodeRefused(f"Code has at most {MAX_CODE:,} characters.")
    if "\x00" in code or any("\ud800" <= one <= "\udfff" for one in code):
        raise CodeRefused("A NUL character or half of a surrogate pair cannot be stored.")
    if not has_functions():
        return
    try:
        process = Process(code)
    except Broken as fault:
        raise CodeRefused(f"This code cannot be loaded. {fault}") from None
    except (Gone, TooLate):
        raise CodeRefused("This code does not end when it is loaded.") from None
    process.kill()
    if not process.handlers:
        raise CodeRefused("Define at least one of onTrack, onIdentify, onPage, onScreen, onGroup, onAlias and onBatch.")


def fingerprint(code: str) -> str:
    """What events tell of code."""
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def _to_change(function_id: str) -> Function:
    """The function, locked, where whoever acts may change it."""
    access = acting_access()
    function = function_for(access, function_id)
    access.require(Permission.FUNCTION_WRITE, function)
    return Function.objects.select_for_update().get(workspace_id=access.workspace_id, id=function_id)


def _add_version(function: Function, code: str, *, restored_from: int | None = None) -> None:
    FunctionVersion.objects.create(
        workspace_id=function.workspace_id,
        function_id=function.id,
        number=function.latest_version,
        code=code,
        restored_from=restored_from,
        created_by=current_acting().actor.id,
        created_at=clock.now(),
    )


def _name(function: Function, name: str, description: str) -> None:
    function.name, function.description = name.strip(), description.strip()
    if not function.name:
        raise Invalid("Give the function a name.", field="name", code="required")
    for field, text, most in (("name", function.name, 100), ("description", function.description, 500)):
        if len(text) > most or "\x00" in text:
            raise Invalid(f"Write at most {most} characters.", field=field, code="too_long")
    others = Function.objects.filter(workspace_id=function.workspace_id, name__iexact=function.name)
    if others.exclude(id=function.id).exists():
        raise NameTaken


def _save(function: Function, **how: Any) -> None:
    try:
        with transaction.atomic():
            function.save(**how)
    except IntegrityError:  # somebody took the name between the look and the write
        raise NameTaken from None


def _told(function: Function, code: str) -> dict[str, Any]:
    return {
        "name": function.name,
        "description": function.description,
        "code_sha256": fingerprint(code),
        "asks_for": [one["name"] for one in function.settings],
    }


def _destinations_with(function: Function) -> list[str]:
    uses = FunctionUse.objects.filter(workspace_id=function.workspace_id, function_id=function.id)
    return [one for one in uses.values_list("destination_id", flat=True) if one]
