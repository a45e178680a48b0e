"""What the sidebar and the tabs show, by permission."""

from typing import Any

from django.http import HttpRequest


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context processor of base.html."""
    return {}
