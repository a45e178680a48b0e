"""One workspace with everybody in it; destinations of a kind whose answers a test plays."""

import pytest

from tests.delivery_kinds import played
from tests.factories import make_cast


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def kind():
    with played() as kind:
        yield kind
