"""The scenarios of tests/torture with small numbers: each installs a cluster of its own and kills only what it started."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def own_installation(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """Django may reach the scenario's database; the run's own one is not touched."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield
