"""An event in the form that a destination was set to."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from auditapp.pipeline.formats.cef import as_cef
from auditapp.pipeline.formats.ecs import as_ecs
from auditapp.pipeline.formats.ocsf import as_ocsf
from auditapp.pipeline.formats.reading import read


class Format(StrEnum):
    """The forms there are."""

    SEGMENT = "segment"
    OCSF = "ocsf"
    ECS = "ecs"
    CEF = "cef"


FORMAT_NAMES: Final = {
    Format.SEGMENT: "Segment JSON",
    Format.OCSF: "OCSF",
    Format.ECS: "Elastic Common Schema (ECS)",
    Format.CEF: "Common Event Format (CEF)",
}
_RENDER: Final[dict[Format, Callable[..., dict[str, Any] | str]]] = {
    Format.OCSF: as_ocsf,
    Format.ECS: as_ecs,
    Format.CEF: as_cef,
}


def render(form: Format, event: Mapping[str, Any]) -> Mapping[str, Any] | str:
    """The event as JSON to be, or as a line of text (CEF). Audit events say more, but any track call has a form."""
    return event if form is Format.SEGMENT else _RENDER[form](read(event))
