"""The tab Filters of a destination: the list with its test, and the form in which both views of a condition are one."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import Conflict, Invalid
from auditapp.pipeline.destination_filters.action_input import actions_of
from auditapp.pipeline.destination_filters.actions import Filter
from auditapp.pipeline.destination_filters.condition_rows import OPERATORS
from auditapp.pipeline.destination_filters.form_input import DOES, FilterInput, filter_sent, filter_shown
from auditapp.pipeline.destination_filters.forms import FilterForm
from auditapp.pipeline.destination_filters.fql import compile_fql
from auditapp.pipeline.destination_filters.fql_errors import FqlInvalid
from auditapp.pipeline.destination_filters.models import DestinationFilter
from auditapp.pipeline.destination_filters.preview import FilterTest, filter_test
from auditapp.pipeline.destination_filters.queries import filter_of, filters_of
from auditapp.pipeline.destination_filters.running import compiled
from auditapp.pipeline.destination_filters.services import (
    MAX_FILTERS,
    change_filter,
    create_filter,
    delete_filter,
    disable_filter,
    enable_filter,
)
from auditapp.pipeline.destination_filters.words import in_words, only_sent
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destination_for
from auditapp.pipeline.destinations.views import about_destination
from auditapp.pipeline.looking import note_look
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for
from auditapp.web.forms import add_refusal
from auditapp.web.pages import render_page

TEST: Final = "test"
TESTED: Final = "tested"
START: Final = FilterInput("", None, "DROP")


@workspace_page("source.read")
def filter_list(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    """The filters; a POST tries those that are on and changes nothing."""
    destination = destination_for(request.member_permissions, destination_id)
    filters = list(filters_of(destination))
    context = about_destination(request, destination) | {
        "rows": [(one, *_said(one)) for one in filters],
        "may_add": len(filters) < MAX_FILTERS,
        "most": MAX_FILTERS,
    }
    if request.method == "POST":
        on = [compiled(one) for one in filters if one.is_enabled]
        context["test"] = _tested(context["source"], on, {one.id: one.title for one in filters})
    return render_page(request, "filters/filter_list.html", context, fragments={TESTED: "filters/_test.html"})


@workspace_page("source.read")
def filter_create(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    destination = destination_for(request.member_permissions, destination_id)
    source = source_for(request.member_permissions, destination.source_id)
    request.member_permissions.require(Permission.SOURCE_WRITE, source)
    return _edited(request, destination, None, lambda values: create_filter(destination_id=destination.id, **values))


@workspace_page("source.read")
def filter_edit(request: WorkspaceRequest, destination_id: str, filter_id: str) -> HttpResponse:
    destination = destination_for(request.member_permissions, destination_id)
    one = filter_of(destination, filter_id)

    def save(values: dict[str, Any]) -> DestinationFilter:
        return change_filter(destination_id=destination.id, filter_id=one.id, **values)

    return _edited(request, destination, one, save)


Save = Callable[[dict[str, Any]], DestinationFilter]


def _edited(
    request: WorkspaceRequest, destination: Destination, one: DestinationFilter | None, save: Save
) -> HttpResponse:
    """The form: shown, tried on the last events beside the other filters, or saved."""
    given = filter_shown(one.condition, one.actions) if one else START
    context = about_destination(request, destination)
    is_test = TEST in request.POST
    if request.method == "POST":
        given = filter_sent(request.POST)
        form = FilterForm({**request.POST.dict(), "condition": given.condition})
        is_sound = form.is_valid()
        if is_test:
            form.errors.pop("title", None)  # it is given when the filter is kept
        try:
            stored_condition = given.stored_condition
            compile_fql(given.condition.strip())  # as it was typed, so that a fault is told where it was typed
            if is_test:
                context["test"] = _tried(destination, context["source"], one, given)
            elif is_sound:
                titled = {name: form.cleaned_data[name] for name in ("title", "description")}
                save({**titled, "condition": stored_condition, "actions": given.actions})
                messages.success(request, "Saved. What is sent from now on goes through it.")
                return redirect("destinations:filter_list", request.workspace.slug, destination.id)
        except FqlInvalid as error:
            form.add_error("condition", error.message)
        except Invalid as error:
            add_refusal(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
    else:
        initial = {"title": one.title, "description": one.description} if one else {}
        form = FilterForm(initial={**initial, "condition": given.condition})
    context |= {"form": form, "given": given, "one": one, "does": DOES, "operators": OPERATORS, "is_tested": is_test}
    context["said"] = _said(one) if one else None
    wrong = form.errors.keys() & {"condition", "actions"} if is_test else form.errors
    return render_page(request, "filters/filter.html", context, status=422 if wrong else 200)


def _tried(destination: Destination, source: Source, one: DestinationFilter | None, given: FilterInput) -> FilterTest:
    """This filter as it stands in the form, among the others that are on."""
    key = one.id if one else "new"
    tried = Filter(key, compile_fql(given.stored_condition), actions_of(given.actions))
    others = [other for other in filters_of(destination) if other.id != key and other.is_enabled]
    titles = {other.id: other.title for other in others} | {key: "this filter"}
    return _tested(source, [*map(compiled, others), tried], titles)


def _tested(source: Source, filters: list[Filter], titles: dict[str, str]) -> FilterTest:
    test = filter_test(filters, titles, source)
    note_look(source, test.looked_at)
    return test


def _said(one: DestinationFilter) -> tuple[str, list[str]]:
    """Condition and actions as the page says them."""
    sent = only_sent(one.condition, one.actions)
    return (one.condition, in_words(one.actions)) if sent is None else (sent, ["Only send"])


def _action(service: Callable[..., object], done: str) -> Callable[..., HttpResponseBase]:
    """A POST that does one thing to one filter and goes back to the list."""

    @require_POST
    @workspace_page("source.read")
    def act(request: WorkspaceRequest, destination_id: str, filter_id: str) -> HttpResponse:
        service(destination_id=destination_id, filter_id=filter_id)
        messages.success(request, done)
        return redirect("destinations:filter_list", request.workspace.slug, destination_id)

    return act


filter_enable = _action(enable_filter, "The filter is on.")
filter_disable = _action(disable_filter, "The filter is off. Events pass by it.")
filter_delete = _action(delete_filter, "The filter was deleted.")
