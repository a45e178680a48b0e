"""The function that stands in a place, ready to run, and what its outcomes mean where an event comes in.

Code is kept by version in each process; which version is deployed is asked anew each time.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any, Final, NamedTuple

from django.core.cache import cache

from auditapp.lib.errors import AppError
from auditapp.pipeline.functions.models import Function, FunctionUse, FunctionVersion
from auditapp.pipeline.functions.outcomes import Outcome, Result, locked_out
from auditapp.pipeline.functions.pool import Key
from auditapp.pipeline.functions.queries import secrets_of
from auditapp.pipeline.functions.running import Program, run_function
from auditapp.pipeline.verdicts import Verdict
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM, HasTarget
from auditapp.record.services import record
from auditapp.sources.models import Source

# A client waits for its answer, and a transaction is open.
AT_THE_DOOR_S: Final = 8.0
TRIES_AT_THE_DOOR: Final = 2
# A function that fails for each event is told of once in a while.
TOLD_EVERY: Final = timedelta(hours=1)
REMEMBERED: Final = 200
# A function that is late for so many requests in a row is not asked for a while: who sends must not wait for it each time, and
# others need the threads that would.
LATE_REQUESTS: Final = 3
REST_S: Final = 30.0
_code: dict[Key, str] = {}
_late: dict[Key, tuple[int, float]] = {}  # requests in a row, and until when it is not asked


class Placed(NamedTuple):
    """A function in its place; `fault` says why it cannot run, and then nothing passes."""

    function: Function
    program: Program | None
    fault: str = ""

    def run(self, events: Sequence[Mapping[str, Any]], *, budget_s: float) -> list[Outcome]:
        """What became of each event.

        Raises:  NoProcessFree
        """
        if self.program is None:
            return [locked_out(self.fault)] * len(events)
        return run_function(self.program, events, budget_s=budget_s)


def placed_function(workspace_id: int, source_id: str, destination_id: str = "") -> Placed | None:
    """The function of a source, or of one of its destinations; None where there is none, for one query."""
    use = FunctionUse.objects.filter(
        workspace_id=workspace_id, source_id=source_id, destination_id=destination_id
    ).first()
    if use is None:
        return None
    function = Function.objects.get(workspace_id=workspace_id, id=use.function_id)
    key = Key(workspace_id, function.id, function.deployed_version or 0)
    try:
        settings = {**use.settings, **secrets_of(use)}
    except AppError as fault:
        return Placed(function, None, fault.message)
    return Placed(function, Program(key, _code_of(key), settings))


def through_source_function(
    source: Source, events: Sequence[dict[str, Any]], *, budget_s: float = AT_THE_DOOR_S
) -> list[tuple[dict[str, Any], Verdict]]:
    """The events as the function of the source leaves them, each with its verdict; one that goes no further is as it came.

    Raises:  NoProcessFree
    Writes:  function.run_failed, once an hour at most
    """
    placed = placed_function(source.workspace_id, source.id)
    if placed is None:
        return [(event, Verdict.ACCEPTED) for event in events]
    if _rests(placed):
        return [(event, Verdict.GATEWAY_TIMEOUT) for event in events]
    outcomes = placed.run(events, budget_s=budget_s)
    _note_lateness(placed, outcomes)
    for _ in range(TRIES_AT_THE_DOOR - 1):
        # There is no later for an event at the door: what asks for another try gets it at once.
        again = [place for place, one in enumerate(outcomes) if one.code is Verdict.RETRY]
        if not again:
            break
        for place, one in zip(
            again, placed.run([events[place] for place in again], budget_s=budget_s / 4), strict=True
        ):
            outcomes[place] = one
    tell_failures(placed.function, source, source.id, outcomes)
    return [_decided(event, outcome) for event, outcome in zip(events, outcomes, strict=True)]


def tell_failures(function: Function, place: HasTarget, scope_id: str, outcomes: Sequence[Outcome]) -> None:
    """Record that a function fails: not what it throws on purpose, and not more than once an hour for a place.

    Writes:  function.run_failed
    """
    failed = [
        one
        for one in outcomes
        if one.code in (Verdict.BAD_REQUEST, Verdict.GATEWAY_TIMEOUT, Verdict.FUNCTIONS_LOCK_OUT)
    ]
    if not failed:
        return
    key = f"function-failed:{function.workspace_id}:{function.id}:{place.audit_target.id}"
    if not cache.add(key, 1, TOLD_EVERY.total_seconds()):
        return
    code, _ = Counter(one.code for one in failed).most_common(1)[0]
    first = next(one for one in failed if one.code == code)
    meta = {"reason": f"{code}: {first.message}"[:300], "version": function.deployed_version}
    with acting(function.workspace_id, SYSTEM):
        record("function.run_failed", target=[function, place], scope_id=scope_id, meta=meta, outcome="failure")


def _rests(placed: Placed) -> bool:
    return placed.program is not None and _late.get(placed.program.key, (0, 0.0))[1] > monotonic()


def _note_lateness(placed: Placed, outcomes: Sequence[Outcome]) -> None:
    if placed.program is None:
        return
    if not any(one.code is Verdict.GATEWAY_TIMEOUT for one in outcomes):
        _late.pop(placed.program.key, None)
        return
    if len(_late) >= REMEMBERED:
        _late.clear()
    count = _late.get(placed.program.key, (0, 0.0))[0] + 1
    _late[placed.program.key] = (count, monotonic() + REST_S if count >= LATE_REQUESTS else 0.0)


def _decided(event: dict[str, Any], outcome: Outcome) -> tuple[dict[str, Any], Verdict]:
    if outcome.result is Result.PASSED and outcome.event is not None:
        return dict(outcome.event), Verdict.ACCEPTED
    return event, outcome.code


def _code_of(key: Key) -> str:
    if key not in _code:
        if len(_code) >= REMEMBERED:
            _code.clear()
        found = FunctionVersion.objects.get(
            workspace_id=key.workspace_id, function_id=key.function_id, number=key.version
        )
        _code[key] = found.code
    return _code[key]
