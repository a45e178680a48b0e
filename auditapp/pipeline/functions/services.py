"""What is done to functions. Each is one transaction with its event in it; of code an event tells a fingerprint."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction

from auditapp.access.permissions import Permission, acting_access
from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import new_id
from auditapp.pipeline.delivery.stages import raise_versions
from auditapp.pipeline.functions.errors import AlreadyDeployed, CodeRefused, InUse, IsLatest, NameTaken, VersionGone
from auditapp.pipeline.functions.models import Function, FunctionUse, FunctionVersion
from auditapp.pipeline.functions.process import Broken, Gone, Process, TooLate, has_functions
from auditapp.pipeline.functions.queries import function_for, version_of
from auditapp.pipeline.functions.setting_input import declared, in_words
from auditapp.record.acting import current_acting
from auditapp.record.drafts import Change, changed
from auditapp.record.services import record

RESOURCE_TYPES: Final = {"INSERT_SOURCE": "In a source", "INSERT_DESTINATION": "In a destination"}
MAX_CODE: Final = 100_000
# As Segment's default.
MAX_FUNCTIONS: Final = 25
# The versions of one that was deleted, so that it can be brought back.
KEPT: Final = timedelta(days=30)


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
    require_room(access.workspace_id)
    function = Function(workspace_id=access.workspace_id, id=new_id("fun"), resource_type=resource_type)
    name_function(function, name, description)
    function.settings = declared(list(settings))
    function.created_at = function.updated_at = clock.now()
    require_loads(code)
    save_function(function, force_insert=True)
    _add_version(function, code)
    told = {**_told(function, code), "resource_type": resource_type}
    record("insert_function.created", target=function, changes=changed({}, told))
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
    name_function(function, name, description)
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
    save_function(function)
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
    latest = version_of(function, before)
    code_changes = changed({"code_sha256": fingerprint(latest.code)}, {"code_sha256": fingerprint(old.code)})
    function.latest_version += 1
    function.updated_at = clock.now()
    _add_version(function, old.code, restored_from=old.number)
    function.save(update_fields=["latest_version", "updated_at"])
    record(
        "function.version_restored",
        target=function,
        meta={"version": old.number},
        changes=[Change("latest_version", before, function.latest_version), *code_changes],
    )
    return function


@transaction.atomic
def delete_function(*, function_id: str) -> None:
    """Delete a function. Its versions are kept for 30 days, in which it can be brought back, and shown to nobody.

    Raises:  NotFound, Denied, InUse
    Writes:  Function, FunctionVersion; insert_function.deleted
    """
    function = _to_change(function_id)
    where = {"workspace_id": function.workspace_id, "function_id": function.id}
    if FunctionUse.objects.filter(**where).exists():
        raise InUse
    record("insert_function.deleted", target=function, changes=changed(whole_of_function(function), {}))
    FunctionVersion.objects.filter(**where).update(forget_at=clock.now() + KEPT)
    function.delete()


def whole_of_function(function: Function) -> dict[str, Any]:
    """All that events tell of a function, which is what one that was deleted comes back with, beside its versions."""
    latest = version_of(function, function.latest_version)
    return {
        **_told(function, latest.code),
        "resource_type": function.resource_type,
        "deployed_version": function.deployed_version,
    }


def code_of(function: Function, known_by: str) -> str:
    """The code of the latest version with this fingerprint.

    Raises:  VersionGone
    """
    rows = FunctionVersion.objects.filter(workspace_id=function.workspace_id, function_id=function.id)
    for version in rows.order_by("-number").iterator():
        if fingerprint(version.code) == known_by:
            return version.code
    raise VersionGone


def require_room(workspace_id: int) -> None:
    """Go on only where the workspace may have another function.

    Raises:  Invalid
    """
    if Function.objects.filter(workspace_id=workspace_id).count() >= MAX_FUNCTIONS:
        raise Invalid(f"A workspace has at most {MAX_FUNCTIONS} functions.", code="too_many")


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


def name_function(function: Function, name: str, description: str) -> None:
    """Call it so, where it is a name and no other function has it.

    Raises:  Invalid, NameTaken
    """
    function.name, function.description = name.strip(), description.strip()
    if not function.name:
        raise Invalid("Give the function a name.", field="name", code="required")
    for field, text, most in (("name", function.name, 100), ("description", function.description, 500)):
        if len(text) > most or "\x00" in text:
            raise Invalid(f"Write at most {most} characters.", field=field, code="too_long")
    others = Function.objects.filter(workspace_id=function.workspace_id, name__iexact=function.name)
    if others.exclude(id=function.id).exists():
        raise NameTaken


def save_function(function: Function, **how: Any) -> None:
    """Save it, also where two give a name at once.

    Raises:  NameTaken
    """
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
        "asks_for": in_words(function.settings),
    }


def _destinations_with(function: Function) -> list[str]:
    uses = FunctionUse.objects.filter(workspace_id=function.workspace_id, function_id=function.id)
    return [one for one in uses.values_list("destination_id", flat=True) if one]
