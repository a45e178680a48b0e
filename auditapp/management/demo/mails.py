"""The mails that the demo reads itself, and those that nobody is to get: they tell of what was weeks ago."""

import re
from typing import Final

from django.core.mail import EmailMessage
from procrastinate.contrib.django import app

from auditapp.access import asked, owner_mail, support

SECRET: Final = re.compile(r"([0-9A-Za-z]{20,})/?\s")
OF_THE_PAST: Final = (asked.MAIL_JOB, support.MAIL_JOB, owner_mail.OWNER_MAIL_JOB)


def secret_in(message: EmailMessage) -> str:
    """What the link of a mail ends with."""
    found = SECRET.search(f"{message.body} ")
    assert found is not None
    return found[1]


def forget_mails() -> None:
    """Take back what waits to be mailed about requests, support and owners."""
    for name in OF_THE_PAST:
        for job in app.job_manager.list_jobs(task=name, status="todo"):
            if job.id is not None:
                app.job_manager.cancel_job_by_id(job.id, delete_job=True)
