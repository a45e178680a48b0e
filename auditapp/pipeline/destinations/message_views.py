"""The tab Messages of a destination: what it says of events, by type, each seen with a real event before it is kept."""

from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.permissions import Permission
from auditapp.access.requests import WorkspaceRequest
from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.lib.errors import Invalid, NotFound
from auditapp.pipeline.destinations.kind import Kind, Outcome
from auditapp.pipeline.destinations.message_preview import preview_of
from auditapp.pipeline.destinations.message_services import remove_message, save_message, send_message_test
from auditapp.pipeline.destinations.messages import MAX_MESSAGES, messages_of, types_of
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.queries import destination_for
from auditapp.pipeline.destinations.registry import destination_kind
from auditapp.pipeline.destinations.views import about_destination
from auditapp.web.pages import render_page

PREVIEW: Final = "preview"
TYPES: Final = [(one.key, one.name) for one in EVENT_TYPES.values()]


@require_safe
@workspace_page("source.read")
def message_list(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    destination = _with_messages(request, destination_id)
    context = about_destination(request, destination)
    kept = messages_of(destination.settings)
    context |= {
        "rows": [(one, types_of(one.event)) for one in kept],
        "may_add": len(kept) < MAX_MESSAGES,
        "most": MAX_MESSAGES,
        "is_silent": _asks(context["kind"]) and not destination.settings.get("with_message"),
        "preview": preview_of(destination, context["source"], event="", text=""),
    }
    return render_page(request, "destinations/message_list.html", context)


@workspace_page("source.read")
def message_edit(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    """Write a message. A POST saves it, sends it as a test, or shows how it reads and changes nothing."""
    destination = _with_messages(request, destination_id)
    context = about_destination(request, destination)
    request.member_permissions.require(Permission.SOURCE_WRITE, context["source"])
    kept = messages_of(destination.settings)
    edited = next((one for one in kept if one.event == request.GET.get("event")), None)
    event = request.POST.get("event", edited.event if edited else request.GET.get("event", ""))
    text = request.POST.get("text", edited.text if edited else "")
    problem, intent = "", request.POST.get("intent", PREVIEW)
    try:
        if request.method == "POST" and intent == "save":
            save_message(
                destination_id=destination.id, event=event, text=text, instead_of=edited.event if edited else ""
            )
            messages.success(request, "Saved. It is said of what is sent from now on.")
            return redirect("destinations:message_list", request.workspace.slug, destination.id)
        if request.method == "POST" and intent == "test":
            return _tested(request, destination, event, text)
    except Invalid as refused:
        problem = refused.message
    context |= {
        "edited": edited,
        "event": event,
        "text": text,
        "problem": problem,
        "types": TYPES,
        "preview": preview_of(destination, context["source"], event=event, text=text),
    }
    fragments = {PREVIEW: "destinations/_message_preview.html"}
    status = 422 if problem else 200
    return render_page(request, "destinations/message_edit.html", context, fragments=fragments, status=status)


@require_POST
@workspace_page("source.read")
def message_remove(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    remove_message(destination_id=destination_id, event=request.POST.get("event", ""))
    messages.success(request, "The message was removed. Such events are told as usual.")
    return redirect("destinations:message_list", request.workspace.slug, destination_id)


def _with_messages(request: WorkspaceRequest, destination_id: str) -> Destination:
    destination = destination_for(request.member_permissions, destination_id)
    if not destination_kind(destination.kind).has_messages:
        raise NotFound
    return destination


def _asks(kind: Kind) -> bool:
    """Whether messages go along only where its settings say so."""
    return any(one.name == "with_message" for one in kind.fields)


def _tested(request: WorkspaceRequest, destination: Destination, event: str, text: str) -> HttpResponse:
    sent = send_message_test(destination_id=destination.id, event=event, text=text)
    context: dict[str, Any] = about_destination(request, destination_for(request.member_permissions, destination.id))
    context |= {
        "sent": sent,
        "told": (sent.message or sent.code).rstrip("."),
        "has_arrived": sent.outcome is Outcome.DELIVERED,
        "message": {"event": event, "text": text},
    }
    return render_page(request, "destinations/destination_tested.html", context)
