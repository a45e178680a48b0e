"""The product's worker with five minutes made three seconds, so that a storm has several messages; or the broken twin of it.

python -m tests.torture.failures_worker [twin]
"""

import sys
from contextlib import ExitStack
from datetime import timedelta
from unittest.mock import patch

import django
from django.core.management import call_command

COLLAPSE_S = 3.0
LEASE_S = 4


def main(is_twin: bool) -> None:
    django.setup()
    from auditapp.alerts import holding

    real = holding.settle
    with ExitStack() as hurried:
        hurried.enter_context(
            patch("auditapp.alerts.windows.COLLAPSE", timedelta(seconds=0 if is_twin else COLLAPSE_S))
        )
        hurried.enter_context(patch("auditapp.alerts.sending.LEASE_S", LEASE_S))
        if is_twin:  # it speaks whenever something fires, and forgets what it held or told before
            hurried.enter_context(patch("auditapp.alerts.notices.settle", lambda found, _: real(found, ())))
        call_command("worker")


if __name__ == "__main__":
    main(sys.argv[1:] == ["twin"])
