"""Pages of transformations. Which of them somebody sees and changes is asked of queries and services."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.paged import text_of
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Invalid, Problem
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import visible_destinations
from auditapp.pipeline.looking import note_look
from auditapp.pipeline.transformations import form_input
from auditapp.pipeline.transformations.definition import transformation_of
from auditapp.pipeline.transformations.forms import NewTransformationForm, TransformationForm, shown_condition
from auditapp.pipeline.transformations.kinds import KINDS, condition_of
from auditapp.pipeline.transformations.models import SavedTransformation
from auditapp.pipeline.transformations.preview import Preview, preview
from auditapp.pipeline.transformations.queries import transformation_for, visible_transformations
from auditapp.pipeline.transformations.services import (
    change_transformation,
    create_transformation,
    delete_transformation,
    disable_transformation,
    enable_transformation,
)
from auditapp.sources.models import SeenEvent, Source
from auditapp.sources.queries import source_for, visible_sources
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

PREVIEW: Final = "preview"


@require_safe
@workspace_page("source.read")
def transformation_list(request: WorkspaceRequest) -> HttpResponse:
    access = request.member_permissions
    sources = {one.id: one for one in visible_sources(access)}
    source, kind = text_of(request.GET, "source"), text_of(request.GET, "kind")
    found = visible_transformations(access)
    shown = found.filter(source_id=source) if source else found
    shown = shown.filter(kinds__contains=[kind]) if kind else shown
    destinations = {one.id: one for one in visible_destinations(access)}
    context = {
        "rows": [
            (
                one,
                sources.get(one.source_id),
                destinations.get(one.destination_id),
                [KINDS[key].name for key in one.kinds],
            )
            for one in shown
        ],
        "total": found.count(),
        "sources": list(sources.values()),
        "kinds": [(key, one.name) for key, one in KINDS.items()],
        "source_id": source,
        "kind": kind,
        "can_create": any(access.can(Permission.SOURCE_WRITE, source_id) for source_id in sources),
    }
    return render_page(request, "transformations/transformation_list.html", context)


@workspace_page("source.read")
def transformation_create(request: WorkspaceRequest) -> HttpResponse:
    """Two steps: source and kind in the address, then the form for them."""
    access = request.member_permissions
    writable = [one for one in visible_sources(access) if access.can(Permission.SOURCE_WRITE, one.id)]
    given = request.GET if "source" in request.GET and "kind" in request.GET else None
    destinations = {one.id: one for one in visible_destinations(access)}
    first = NewTransformationForm(
        given, sources=writable, destinations=destinations.values(), initial=request.GET.dict()
    )
    destination = None
    if given is not None and first.is_valid():
        destination = destinations.get(first.cleaned_data["destination"])
        if destination and destination.source_id != first.cleaned_data["source"]:
            first.add_error("destination", "This is a destination of another source.")
    if given is None or not first.is_valid():
        kinds = [(key, one.name, one.does) for key, one in KINDS.items()]
        context = {"form": first, "kinds": kinds, "writable": writable}
        return render_page(request, "transformations/transformation_start.html", context)
    source, kinds_asked = source_for(access, first.cleaned_data["source"]), [first.cleaned_data["kind"]]

    def save(name: str, definition: dict[str, Any], key: str | None) -> SavedTransformation:
        there = destination.id if destination else ""
        return create_transformation(
            source_id=source.id, name=name, definition=definition, hash_key=key or "", destination_id=there
        )

    return _edited(request, (source, destination), kinds_asked, None, save)


@workspace_page("source.read")
def transformation(request: WorkspaceRequest, transformation_id: str) -> HttpResponse:
    one = transformation_for(request.member_permissions, transformation_id)
    source = source_for(request.member_permissions, one.source_id)

    def save(name: str, definition: dict[str, Any], key: str | None) -> SavedTransformation:
        return change_transformation(transformation_id=one.id, name=name, definition=definition, hash_key=key)

    destination = visible_destinations(request.member_permissions).filter(id=one.destination_id).first()
    return _edited(request, (source, destination), one.kinds, one, save)


Save = Callable[[str, dict[str, Any], str | None], SavedTransformation]

Place = tuple[Source, Destination | None]


def _edited(
    request: WorkspaceRequest, place: Place, kinds: list[str], one: SavedTransformation | None, save: Save
) -> HttpResponse:
    """The form of a transformation: shown, tried on the last events, or saved."""
    source, destination = place
    names = _seen_names(source)
    has_key = one is not None and one.hash_key is not None
    definition: dict[str, Any] = (
        one.definition if one else {"if": condition_of("track") if kinds != ["hash"] else "all"}
    )
    problems: tuple[Problem, ...] = ()
    tried: Preview | None = None
    if request.method == "POST":
        form = TransformationForm(request.POST, names=names, has_key=has_key)
        is_valid = form.is_valid()
        condition = form.asked_condition() if "event" in form.cleaned_data else ""
        definition = form_input.definition_from(request.POST, kinds, condition)
        try:
            if PREVIEW in request.POST:
                made = transformation_of("preview", definition, hash_key=(form.asked_key() or "").encode())
                tried = preview(made, source)
                note_look(source, len(tried.events))
            elif is_valid:
                save(form.cleaned_data["name"], definition, form.asked_key())
                messages.success(request, "Saved. Events that come in from now on go through it.")
                return redirect("transformations:transformation_list", request.workspace.slug)
        except Invalid as error:
            problems = () if error.field else error.problems
            _tell(form, error)
    else:
        initial = {"name": one.name if one else KINDS[kinds[0]].name, **shown_condition(definition["if"], names)}
        form = TransformationForm(initial=initial, names=names, has_key=has_key)
    context = {
        "form": form,
        "sections": form_input.sections(kinds, definition, problems),
        "choices": form_input.CHOICES,
        "source": source,
        "destination": destination,
        "one": one,
        "preview": tried,
        "is_tried": PREVIEW in request.POST,
        "can_write": request.member_permissions.can(Permission.SOURCE_WRITE, source.id),
    }
    status = 422 if problems or (form.errors and PREVIEW not in request.POST) else 200
    return render_page(
        request,
        "transformations/transformation.html",
        context,
        fragments={PREVIEW: "transformations/_preview.html"},
        status=status,
    )


def _tell(form: TransformationForm, error: Invalid) -> None:
    """What is wrong with the condition at the condition, with the rest above the form; rows tell their own problems."""
    if error.field:
        add_refusal(form, error)
        return
    for problem in error.problems:
        if problem.pointer == "/if":
            form.add_error("condition", problem.message)
        elif not problem.pointer:
            form.add_error(None, problem.message)


def _seen_names(source: Source) -> list[str]:
    rows = SeenEvent.objects.filter(workspace_id=source.workspace_id, source_id=source.id, type="track")
    return list(rows.filter(is_archived=False).order_by("name").values_list("name", flat=True))


def _action(service: Callable[..., object], done: str) -> Callable[..., HttpResponseBase]:
    """A POST that does one thing to one transformation and goes back to the list."""

    @require_POST
    @workspace_page("source.read")
    def act(request: WorkspaceRequest, transformation_id: str) -> HttpResponse:
        service(transformation_id=transformation_id)
        messages.success(request, done)
        return redirect("transformations:transformation_list", request.workspace.slug)

    return act


transformation_enable = _action(enable_transformation, "The transformation is on.")
transformation_disable = _action(disable_transformation, "The transformation is off. Events pass by it.")
transformation_delete = _action(delete_transformation, "The transformation was deleted.")
