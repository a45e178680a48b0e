"""One cloned database for all tests of a module that commit, each in a workspace of its own: a clone costs more than such a test."""

from itertools import count

import pytest

from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.tasks.models import Task, TaskAttempt, TaskStep
from tests.conftest import _connected_to, cloned_database
from tests.factories import make_cast

_numbers = count(1)


@pytest.fixture(scope="module")
def shared_database(server, django_db_blocker):
    with django_db_blocker.unblock(), cloned_database(server) as name:
        yield name


@pytest.fixture
def own_database(server, shared_database):
    """The module's database; what a worker would still find to do is taken away afterwards."""
    yield shared_database
    with _connected_to(server, shared_database, "worker"):
        for kept in (TaskStep, TaskAttempt, Task):
            kept.objects.all().delete()
        Warehouse.objects.update(is_enabled=False)


@pytest.fixture
def cast(own_database):
    return make_cast(slug=f"shared-{next(_numbers)}")
