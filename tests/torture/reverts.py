"""Random histories of changes and reverts of one warehouse, seeded, beside the small model of tests/revert/history.py.

The promise: every history comes out as the model says, field by field after every move; a stale preview is always refused, and
nothing is undone twice. The twin: a service that does not compare what it does with what was looked at.
"""

import random
from contextlib import nullcontext
from unittest import mock

from django.db import transaction

from tests.factories import make_cast
from tests.revert.history import MOVES, History
from tests.torture.outcome import Outcome, Plan
from tests.torture.rig import installed

MOST_MOVES = 16
IS_STALE = "auditapp.revert.services.is_stale"


def run(plan: Plan) -> Outcome:
    """Play that many histories, each in a transaction that is rolled back."""
    chance, outcome = random.Random(plan.seed), Outcome()
    diverged = moves = reverts = stale = 0
    with installed(writers=1) as rig, rig.in_django("app"):
        cast = make_cast()
        with mock.patch(IS_STALE, return_value=False) if plan.twin else nullcontext():
            for _ in range(plan.events):
                history = History(cast)
                steps = [(chance.choice(MOVES), chance.randrange(1000)) for _ in range(chance.randint(4, MOST_MOVES))]
                with transaction.atomic():
                    try:
                        history.begin()
                        for move, choice in steps:
                            history.play(move, choice)
                            moves += 1
                    except AssertionError:
                        diverged += 1
                    transaction.set_rollback(True)
                reverts, stale = reverts + history.reverts, stale + history.stale
    outcome.counts |= {"histories": plan.events, "moves": moves, "reverts": reverts, "stale previews": stale}
    outcome.promise("every history comes out as the model says", diverged)
    return outcome
