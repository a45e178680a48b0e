"""The product's worker in a hurry: it waits for tenths of seconds where the schedule says seconds and hours; or the broken twin of it.

python -m tests.torture.delivery_worker [twin]
"""

import sys
from contextlib import ExitStack
from functools import partial
from typing import Any
from unittest.mock import patch

import django
from django.core.management import call_command

# As in the product, a try has less time than its lease.
DEADLINE_S, LEASE_S = 4, 7
DELAYS_S = (0.05, 0.1, 0.2)
LEAST_RETRY_AFTER_S = 0.3


def main(is_twin: bool) -> None:
    django.setup()
    with ExitStack() as hurried:
        hurry(hurried)
        if is_twin:
            hurried.enter_context(patch("auditapp.pipeline.delivery.loop.fix", go_on_early))
        call_command("worker")


def hurry(stack: ExitStack) -> None:
    """Deliveries of this process are tried again soon."""
    from auditapp.lib.outbound import request

    of_schedule = {"DELAYS_S": DELAYS_S, "LEAST_RETRY_AFTER_S": LEAST_RETRY_AFTER_S}
    stack.enter_context(patch.multiple("auditapp.pipeline.delivery.schedule", **of_schedule))
    stack.enter_context(patch("auditapp.pipeline.delivery.claims.LEASE_S", LEASE_S))
    in_time = partial(request, deadline_s=DEADLINE_S)
    stack.enter_context(patch("auditapp.pipeline.destinations.http_kind.request", in_time))


def go_on_early(held: Any, cut: Any) -> None:
    """Saves the position before anything was sent."""
    held.write(next_index=cut.end, batch_end=None)


if __name__ == "__main__":
    main(sys.argv[1:] == ["twin"])
