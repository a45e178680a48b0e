"""A source with a destination of a played kind; sealing, forwarding and delivery as the worker does them."""

import pytest

from auditapp.forwarding.services import save_forwarding
from tests.delivery.conftest import cast, destination, kind, make_destination, send, work
from tests.factories import acting_as
from tests.forwarding.conftest import seal_key_file
from tests.forwarding.conftest import work as forward

__all__ = ["cast", "destination", "forward", "kind", "make_destination", "seal_key_file", "send", "work"]


@pytest.fixture
def forwarding(cast):
    """Say what is forwarded into the shop: everything, from now on, where nothing else is said."""

    def save(**how):
        with acting_as(cast.olga, cast.workspace):
            return save_forwarding(**{"source_id": cast.shop.id, "is_on": True} | how)

    return save


@pytest.fixture
def settle(forward, work):
    """Seal, forward and deliver until nothing is left to do."""

    def run():
        forward()
        work()

    return run
