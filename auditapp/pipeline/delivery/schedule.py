"""When a batch that did not arrive is tried again, and when that has gone on for too long."""

import random
from datetime import timedelta
from typing import Final

# After the first, second ... failure in a row; the last one again and again.
DELAYS_S: Final = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400)
JITTER: Final = 0.2
# From so many failures in a row on, a destination is failing: its owners are told.
FAILING_AFTER: Final = 5
PAUSED_AFTER: Final = timedelta(hours=120)
# An event that is refused by itself is set aside after so many tries, or so long.
POISON_TRIES: Final = 20
POISON_AFTER: Final = timedelta(hours=24)
LEAST_RETRY_AFTER_S: Final = 1.0
MOST_RETRY_AFTER_S: Final = 3_600.0


def next_try_in(failures: int, retry_after_s: float | None = None) -> timedelta:
    """How long to wait after so many failures in a row; what the other side asks for goes first, from a second to an hour."""
    if retry_after_s is not None:
        return timedelta(seconds=min(max(retry_after_s, LEAST_RETRY_AFTER_S), MOST_RETRY_AFTER_S))
    delay_s = DELAYS_S[min(failures, len(DELAYS_S)) - 1]
    return timedelta(seconds=delay_s * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311  spreads load, hides nothing
