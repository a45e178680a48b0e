"""A source with a plan, a transformation and a destination of a played kind, served as the worker does it."""

from tests.delivery.conftest import cast, destination, kind, make_destination, send, work

__all__ = ["cast", "destination", "kind", "make_destination", "send", "work"]
