"""What feeds a source beside its write keys: packages above say so, in wiring.py, with a stage for its strip."""

from collections.abc import Callable
from dataclasses import dataclass

from auditapp.access.requests import WorkspaceRequest
from auditapp.pipeline.flow.spans import Span
from auditapp.pipeline.flow.strip import Stage
from auditapp.sources.models import Source


@dataclass(frozen=True, slots=True)
class Upstream:
    """A feeder by its name, its page, and its stage in the strip."""

    name: str
    url: str
    stage: Stage


# None where it does not feed this source, or whoever asks may not know.
FindUpstream = Callable[[WorkspaceRequest, Source, Span], Upstream | None]
_finders: list[FindUpstream] = []


def register_upstream(find: FindUpstream) -> None:
    """Ask this what feeds a source."""
    if find not in _finders:
        _finders.append(find)


def upstream_of(request: WorkspaceRequest, source: Source, span: Span) -> Upstream | None:
    """What feeds a source, as far as whoever asks may know."""
    return next((found for find in _finders if (found := find(request, source, span))), None)
