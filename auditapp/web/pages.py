"""Renders one URL as a page or as one of its fragments. What they show is complete in the context; nothing here queries."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers


def in_its_zone(request: HttpRequest) -> AbstractContextManager[object]:
    """The time zone of the workspace that a request is about, for what is shown once its view has ended; else that of the process."""
    workspace = getattr(request, "workspace", None)
    return timezone.override(ZoneInfo(workspace.time_zone)) if workspace else nullcontext()


def render_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    fragments: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, or the fragment for the element that htmx will swap.

    Takes:   fragments, template by the id of its target: {"events": "trail/_events.html"}; other targets get the page
    """
    htmx = getattr(request, "htmx", None)
    # The Back button restores a whole page, also where htmx asks for it.
    if htmx and not htmx.history_restore_request:
        template = (fragments or {}).get(htmx.target or "", template)
    response = render(request, template, dict(context or {}), status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
