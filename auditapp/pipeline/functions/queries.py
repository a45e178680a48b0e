"""Which functions somebody may see, their versions, and where they are used."""

from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import QuerySet
from django.db.models.functions import Lower

from auditapp.access.models import Member
from auditapp.access.permissions import Access, Permission
from auditapp.lib.errors import NotFound
from auditapp.lib.secret_box import unseal
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.functions.models import Function, FunctionUse, FunctionVersion
from auditapp.sources.models import Source


@dataclass(frozen=True, slots=True)
class Place:
    """Where a function is used, for a link to it."""

    use: FunctionUse
    source: Source | None
    destination: Destination | None


@dataclass(frozen=True, slots=True)
class VersionShown:
    """A version with who made it."""

    version: FunctionVersion
    by: str
    is_latest: bool
    is_deployed: bool


def visible_functions(access: Access) -> QuerySet[Function]:
    """The functions that this person may see, by name."""
    found = Function.objects.filter(workspace_id=access.workspace_id).order_by(Lower("name"), "id")
    reach = access.reach(Permission.FUNCTION_READ)
    return found if reach.everywhere else found.filter(id__in=reach.ids)


def function_for(access: Access, function_id: str) -> Function:
    """One function that this person may see.

    Raises:  NotFound, also where there is one that they may not see
    """
    found = visible_functions(access).filter(id=function_id).first()
    if found is None:
        raise NotFound
    return found


def version_of(function: Function, number: int) -> FunctionVersion:
    """One version of a function.

    Raises:  NotFound
    """
    found = FunctionVersion.objects.filter(
        workspace_id=function.workspace_id, function_id=function.id, number=number
    ).first()
    if found is None:
        raise NotFound("There is no such version of this function.")
    return found


def versions_of(function: Function) -> list[VersionShown]:
    """All versions, the newest first."""
    rows = FunctionVersion.objects.filter(workspace_id=function.workspace_id, function_id=function.id)
    versions = list(rows.defer("code").order_by("-number"))
    ids = {one.created_by for one in versions}
    makers = Member.objects.filter(workspace_id=function.workspace_id, user_id__in=ids)
    names = {member.user_id: str(member.user) for member in makers.select_related("user")}
    return [
        VersionShown(
            one,
            names.get(one.created_by, one.created_by),
            one.number == function.latest_version,
            one.number == function.deployed_version,
        )
        for one in versions
    ]


def places_of(access: Access, function: Function) -> list[Place]:
    """Where a function is used; what this person may not see is there without its name."""
    uses = list(FunctionUse.objects.filter(workspace_id=function.workspace_id, function_id=function.id))
    reach = access.reach(Permission.SOURCE_READ)
    seen = {use.source_id for use in uses if reach.covers(use.source_id)}
    sources = {one.id: one for one in Source.objects.filter(workspace_id=function.workspace_id, id__in=seen)}
    ids = {use.destination_id for use in uses if use.destination_id and use.source_id in seen}
    destinations = {one.id: one for one in Destination.objects.filter(workspace_id=function.workspace_id, id__in=ids)}
    return [Place(use, sources.get(use.source_id), destinations.get(use.destination_id)) for use in uses]


def use_in(source: Source, destination_id: str = "") -> FunctionUse | None:
    """The function in a source, or in one of its destinations."""
    return FunctionUse.objects.filter(
        workspace_id=source.workspace_id, source_id=source.id, destination_id=destination_id
    ).first()


def visible_uses(access: Access) -> QuerySet[FunctionUse]:
    """Functions in the sources that this person may see, and in their destinations."""
    found = FunctionUse.objects.filter(workspace_id=access.workspace_id).order_by("created_at", "id")
    return access.reach(Permission.SOURCE_READ).among(found, "source_id")


def use_for(access: Access, use_id: str) -> FunctionUse:
    """One of them.

    Raises:  NotFound
    """
    found = visible_uses(access).filter(id=use_id).first()
    if found is None:
        raise NotFound
    return found


def secrets_of(use: FunctionUse) -> dict[str, Any]:
    """What is secret of the settings.

    Raises:  SecretBoxLocked
    """
    opened: dict[str, Any] = orjson.loads(unseal(bytes(use.secrets))) if use.secrets is not None else {}
    return opened


def function_names(workspace_id: int) -> dict[str, str]:
    """Every function of the workspace, name by id, in the order of names."""
    found = Function.objects.filter(workspace_id=workspace_id).order_by(Lower("name"), "id")
    return dict(found.values_list("id", "name"))
