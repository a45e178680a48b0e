"""The cast with fourteen events, and a worker that takes its turns when it is told to."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse

from auditapp.lib import clock
from auditapp.record.workspace_scope import in_workspace
from auditapp.tasks.models import Task
from auditapp.tasks.running import run_due_task
from auditapp.trail.exports import writing
from auditapp.trail.exports.models import Export
from tests.factories import Cast, as_operator, make_cast
from tests.trail.conftest import browser_of as browser_of
from tests.trail.history import NOON, seal_all, tell_sample

EVENTS = 14


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


@pytest.fixture
def fourteen(cast: Cast) -> list[str]:
    """Keys of the events, newest first; the older half is sealed."""
    keys = []
    for number in range(EVENTS):
        at = NOON - timedelta(days=1, minutes=EVENTS - number)
        keys.append(tell_sample(cast.workspace, cast.milo, "warehouse.disabled", at=at).key)
        if number == EVENTS // 2:
            seal_all()
    return keys[::-1]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four events a chunk, two a look."""
    monkeypatch.setattr(writing, "ROWS_A_CHUNK", 4)
    monkeypatch.setattr(writing, "ROWS_A_PAGE", 2)


@pytest.fixture
def turn(cast: Cast) -> Callable[[Export], Export]:
    """One turn of the worker, at a time when retries are due; gives the export after it."""

    def take(export: Export) -> Export:
        latest = NOON + timedelta(hours=1)
        with as_operator(), clock.at(latest):
            run_due_task()
            Task.objects.update(next_at=latest)
        return reread(export)

    return take


@pytest.fixture
def exports_url() -> str:
    return reverse("trail:export_list", args=["demo"])


def reread(export: Export) -> Export:
    with in_workspace(export.workspace_id):
        return Export.objects.get(workspace_id=export.workspace_id, id=export.id)
