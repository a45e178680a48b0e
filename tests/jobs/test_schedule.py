"""Jobs: enqueued with the change, run by a real worker, scheduled by the clock."""

import pytest
from django.db import connection, transaction

from auditapp.jobs.schedule import Job, enqueue, register
from auditapp.wiring import JOBS


@pytest.fixture
def waiting(db):
    def count() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")
            return cursor.fetchone()[0]

    return count


def test_a_job_waits_once_the_change_is_committed_and_a_rollback_takes_it_back(waiting):
    enqueue("record.make_months")
    assert waiting() == 1

    def change_and_fail() -> None:
        with transaction.atomic():
            enqueue("sealing.verify_all")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    assert waiting() == 1


def test_a_scheduled_job_that_waits_already_is_enough(waiting):
    enqueue("sealing.verify_all")
    enqueue("sealing.verify_all")
    assert waiting() == 1


def test_every_job_has_a_name_of_its_own_and_a_time_that_can_be_read():
    from croniter import croniter

    assert len({job.name for job in JOBS}) == len(JOBS)
    assert all(croniter.is_valid(job.cron) for job in JOBS if job.cron)


def test_the_wrapped_job_runs_with_its_ids_and_without_the_timestamp():
    from procrastinate import App
    from procrastinate.testing import InMemoryConnector

    seen: list[dict[str, object]] = []
    app = App(connector=InMemoryConnector())
    register(app, [Job("test.job", lambda **ids: seen.append(ids))])
    app.tasks["test.job"].func(timestamp=1, workspace_id=7)
    assert seen == [{"workspace_id": 7}]
