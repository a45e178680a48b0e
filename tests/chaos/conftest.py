"""The scenarios of tests/torture with small numbers: each installs a cluster of its own and kills only what it started."""

import tempfile
from collections.abc import Iterator

import pytest

from settings.embedded import in_memory


@pytest.fixture(autouse=True)
def own_installation(django_db_blocker: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Django may reach the scenario's database; the run's own one is not touched. The cluster lies in memory where it can: what a
    SIGKILL leaves is the same there, and its setting up takes a third.
    """
    monkeypatch.setattr(tempfile, "tempdir", in_memory())
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        yield
