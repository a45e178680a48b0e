"""Pages of what was delivered to a destination and what was not, and the ways to send again."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.paged import text_of
from auditapp.access.requests import WorkspaceRequest
from auditapp.lib.errors import NotFound
from auditapp.pipeline.delivery.health import health_of
from auditapp.pipeline.delivery.queries import (
    WHICH,
    Which,
    attempt_for,
    attempts_page,
    events_of_attempt,
    replays_of,
    waiting_letters,
)
from auditapp.pipeline.delivery.replays import (
    cancel_replay,
    plan_replay,
    replay_dead_letters,
    replay_span,
    resend_event,
    retry_now,
    set_aside_now,
)
from auditapp.pipeline.destinations.queries import destination_for
from auditapp.pipeline.destinations.views import about_destination
from auditapp.web.pages import render_page


class SpanForm(forms.Form):
    """From when, and until when, in the workspace's time zone."""

    since = forms.DateTimeField(label="From", widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    until = forms.DateTimeField(
        label="Until",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Empty: everything that was read so far.",
    )

    def __init__(self, *args: object, zone: ZoneInfo, **kwargs: object) -> None:
        self.zone = zone
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        for name in ("since", "until"):
            if isinstance(value := cleaned.get(name), datetime):
                cleaned[name] = value.replace(tzinfo=self.zone)
        since, until = cleaned.get("since"), cleaned.get("until")
        if isinstance(since, datetime) and isinstance(until, datetime) and until <= since:
            self.add_error("until", "The end lies before the beginning.")
        return cleaned


@require_safe
@workspace_page("source.read")
def attempt_list(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    destination = destination_for(request.member_permissions, destination_id)
    which: Which = next((one for one, _ in WHICH if one == request.GET.get("which")), "all")
    (health,) = health_of([destination])
    context = about_destination(request, destination) | {
        "page": attempts_page(destination, which=which, older=text_of(request.GET, "older")),
        "which": which,
        "choices": WHICH,
        "health": health,
    }
    return render_page(request, "delivery/attempt_list.html", context)


@require_safe
@workspace_page("source.read")
def attempt(request: WorkspaceRequest, destination_id: str, attempt_id: str) -> HttpResponse:
    destination = destination_for(request.member_permissions, destination_id)
    found = attempt_for(destination, attempt_id)
    context = about_destination(request, destination) | {
        "attempt": found,
        "events": events_of_attempt(destination, found),
    }
    return render_page(request, "delivery/attempt.html", context)


@workspace_page("source.read")
def replay_list(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    """Dead letters and replays; a span is planned first, and sent when the plan is confirmed."""
    destination = destination_for(request.member_permissions, destination_id)
    form = SpanForm(request.POST or request.GET or None, zone=ZoneInfo(request.workspace.time_zone))
    plan = None
    if form.is_bound and form.is_valid():
        span = {"since": form.cleaned_data["since"], "until": form.cleaned_data["until"]}
        if request.method == "POST":
            replay = replay_span(destination_id=destination_id, **span)
            messages.success(request, f"The replay of {replay.events:,} events began.")
            return _to_replays(request, destination_id)
        plan = plan_replay(destination, **span)
    context = about_destination(request, destination) | {
        "form": form,
        "plan": plan,
        "letters": waiting_letters(destination),
        "replays": replays_of(destination),
    }
    return render_page(request, "delivery/replay_list.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_page("source.read")
def letters_replay(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    """One dead letter, or all."""
    text = request.POST.get("index", "")
    index = _bigint(text) if text else None
    replay = replay_dead_letters(destination_id=destination_id, index=index)
    messages.success(request, f"The replay of {replay.events:,} dead letter{'s' * (replay.events != 1)} began.")
    return _to_replays(request, destination_id)


@require_POST
@workspace_page("source.read")
def event_resend(request: WorkspaceRequest, destination_id: str, index: str) -> HttpResponse:
    resend_event(destination_id=destination_id, index=_bigint(index))
    messages.success(request, "The event is sent again.")
    return _to_replays(request, destination_id)


@require_POST
@workspace_page("source.read")
def replay_cancel(request: WorkspaceRequest, destination_id: str, replay_id: str) -> HttpResponse:
    cancel_replay(destination_id=destination_id, replay_id=replay_id)
    messages.success(request, "The replay was cancelled.")
    return _to_replays(request, destination_id)


@require_POST
@workspace_page("source.read")
def delivery_retry(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    retry_now(destination_id=destination_id)
    messages.success(request, "It is tried again now.")
    return redirect("destinations:attempt_list", request.workspace.slug, destination_id)


@require_POST
@workspace_page("source.read")
def delivery_set_aside(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    set_aside_now(destination_id=destination_id)
    messages.success(request, "The event was set aside. The others go on.")
    return _to_replays(request, destination_id)


def _to_replays(request: WorkspaceRequest, destination_id: str) -> HttpResponse:
    return redirect("destinations:replay_list", request.workspace.slug, destination_id)


def _bigint(text: str) -> int:
    """A number in an address.

    Raises:  NotFound
    """
    if not (text.isascii() and text.isdigit() and len(text) < len(str(2**63))):
        raise NotFound
    return int(text)
