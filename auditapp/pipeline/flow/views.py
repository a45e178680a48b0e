"""The overview of a source: what flows through it, and how its destinations are doing."""

from typing import Any, Final

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from auditapp.access.decorators import workspace_page
from auditapp.access.requests import WorkspaceRequest
from auditapp.pipeline.destinations.views import destination_rows
from auditapp.pipeline.flow.spans import Span, span_named
from auditapp.pipeline.flow.strip import Strip, strip_of
from auditapp.pipeline.flow.upstream import upstream_of
from auditapp.sources.inbox_queries import bars, day_figures
from auditapp.sources.models import Source
from auditapp.sources.queries import source_for
from auditapp.sources.views import about_source
from auditapp.sources.write_keys import live_keys
from auditapp.web.pages import render_page

STRIP: Final = "stages"  # the id of what htmx swaps


@require_safe
@workspace_page("source.read")
def source_overview(request: WorkspaceRequest, source_id: str) -> HttpResponse:
    source = source_for(request.member_permissions, source_id)
    span = span_named(request.GET.get("span"))
    upstream = upstream_of(request, source, span)
    strip = strip_of(request.member_permissions, source, span, slug=request.workspace.slug)
    strip = strip.after(upstream.stage if upstream else None)
    about = about_source(request, source) | strip_context(strip, _home(request, source)) | {"upstream": upstream}
    if asks_for_strip(request):
        return render_page(request, "flow/_strip.html", about)
    figures = day_figures(source)
    about |= {
        "figures": figures,
        "bars": list(bars(figures.hours)),
        "rows": destination_rows(strip.healths, {}),
        "post_url": request.build_absolute_uri("/v1/track"),
    }
    about["write_key"] = live_keys(source).filter(ends_at=None).first() if about["can_write"] else None
    return render_page(request, "sources/source.html", about)


def asks_for_strip(request: WorkspaceRequest) -> bool:
    """Whether the page asks for its strip again."""
    htmx = getattr(request, "htmx", None)
    return bool(htmx and htmx.target == STRIP)


def strip_context(strip: Strip, home: str, *, spans: tuple[Span, ...] = tuple(Span)) -> dict[str, Any]:
    """What the strip's template shows.

    Takes:   home, the page that the strip is on; spans, the choices that are offered there
    """
    return {
        "strip": strip,
        "strip_url": home if strip.span is Span.DAY else f"{home}?span={strip.span}",
        "spans": [(one, f"{home}?span={one}") for one in spans] if len(spans) > 1 else [],
    }


def _home(request: WorkspaceRequest, source: Source) -> str:
    return reverse("sources:source", args=[request.workspace.slug, source.id])
