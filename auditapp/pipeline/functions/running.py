"""Events through a function: each gets its outcome, whatever the function does to its process.

An event that is in the way when a process ends, twice, is discarded; those behind it go on in another process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import orjson

from auditapp.pipeline.functions.outcomes import Outcome, Result, crashed, locked_out, outcome_of, timed_out
from auditapp.pipeline.functions.pool import Key, Lent, pool
from auditapp.pipeline.functions.process import DEFAULT, Broken, Gone, Limits, TooLate, has_functions
from auditapp.pipeline.verdicts import Verdict

AT_ONCE: Final = 100
# Of events for one call of onBatch, as Segment's.
IN_A_BATCH: Final = 20


@dataclass(frozen=True, slots=True)
class Program:
    """A function as it runs: its code, and the settings where it was put."""

    key: Key
    code: str
    settings: Mapping[str, Any]


def run_function(
    program: Program, events: Sequence[Mapping[str, Any]], *, limits: Limits = DEFAULT, budget_s: float | None = None
) -> list[Outcome]:
    """What became of each event, in their order.

    Takes:   budget_s, for all of them together; those that have no turn within it have timed out
    Raises:  NoProcessFree
    """
    if not has_functions():
        return [locked_out("Functions are not installed here.")] * len(events)
    until = monotonic() + budget_s if budget_s is not None else None
    settings = orjson.dumps(dict(program.settings)).decode()
    outcomes: list[Outcome] = []
    has_died = False
    with pool.lend(program.key, program.code, limits=limits) as lent:
        while len(outcomes) < len(events):
            if until is not None and monotonic() > until:
                return outcomes + [timed_out()] * (len(events) - len(outcomes))
            try:
                is_batch = "onBatch" in lent.alive().handlers
                rest = events[len(outcomes) : len(outcomes) + (IN_A_BATCH if is_batch else AT_ONCE)]
                done, has_ended = _asked(lent, rest, settings, is_batch=is_batch, until=until)
            except Broken as fault:
                lent.kill()
                message = f"The code cannot be loaded: {fault}"
                return outcomes + [Outcome(Result.DISCARDED, Verdict.BAD_REQUEST, message)] * (
                    len(events) - len(outcomes)
                )
            except TooLate:  # the machine is too busy to start a process: nobody knows anything of these events
                return outcomes + [timed_out()] * (len(events) - len(outcomes))
            except Gone:
                done, has_ended = [], True  # died at the start, as if over the first event
            outcomes += done
            if has_ended and not done:
                # Once more in a process of its own: what ended it may have been the machine, or the event before.
                if has_died:
                    outcomes.append(crashed())
                has_died = not has_died
            elif done:
                has_died = False
    return outcomes


def _asked(
    lent: Lent, events: Sequence[Mapping[str, Any]], settings: str, *, is_batch: bool, until: float | None
) -> tuple[list[Outcome], bool]:
    """The outcomes up to where the process ended, and whether it did."""
    process = lent.alive()
    done: list[Outcome] = []
    try:
        process.ask([orjson.dumps(event).decode() for event in events], settings, is_batch=is_batch)
        for event in events:
            answer = process.answer(until=until)
            done.append(outcome_of(answer, event))
            if answer.get("ends") is not False:
                lent.kill()
                return (done * len(events) if is_batch and len(done) == 1 else done), True
            if until is not None and monotonic() > until:
                lent.kill()
                return done, True
    except TooLate:
        lent.kill()
        return done + [timed_out()] * (len(events) - len(done) if is_batch else 1), True
    except Gone:
        lent.kill()
        return done, True
    return done, False
