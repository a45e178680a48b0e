"""What became of an event in a function, in Segment's words: passed on, dropped, discarded for a reason, or to be tried again.

What comes back from a process is looked at as what a stranger sends: it can be anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

import orjson

from auditapp.pipeline.verdicts import Verdict

TYPES: Final = ("track", "identify", "page", "screen", "group", "alias")
NAMES: Final = {"track": "event", "page": "name", "screen": "name"}
OBJECTS: Final = ("properties", "traits", "context", "integrations")
MAX_NAME: Final = 1_000
MAX_PROPERTIES: Final = 10_000


class Result(StrEnum):
    """The four things that can happen."""

    PASSED = "passed"
    DROPPED = "dropped"
    DISCARDED = "discarded"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event, with what the function logged."""

    result: Result
    code: Verdict = Verdict.ACCEPTED
    message: str = ""
    event: Mapping[str, Any] | None = None
    logs: tuple[str, ...] = ()


def outcome_of(answer: Mapping[str, Any], before: Mapping[str, Any]) -> Outcome:
    """What an answer of the process means for the event that it was given."""
    told = Outcome(Result.DISCARDED, message=_text(answer.get("message")), logs=_logs(answer.get("logs")))
    state = answer.get("state")
    if state == "passed":
        return _passed(told, answer.get("event"), before)
    if state == "dropped":
        return replace(told, result=Result.DROPPED, code=Verdict.DROPPED_BY_FUNCTION)
    if state == "retry":
        return replace(told, result=Result.RETRY, code=Verdict.RETRY)
    if state == "timeout":
        return timed_out()
    if state == "broken":
        return replace(told, code=Verdict.BAD_REQUEST, message="The engine stopped: the function took too much memory.")
    known = {str(one): one for one in (Verdict.MESSAGE_REJECTED, Verdict.UNSUPPORTED_EVENT_TYPE)}
    return replace(told, code=known.get(str(state), Verdict.BAD_REQUEST))


def timed_out() -> Outcome:
    """The function did not come to an end in time."""
    return Outcome(Result.RETRY, Verdict.GATEWAY_TIMEOUT, "The function did not end in time.")


def crashed() -> Outcome:
    """The process of the function died, twice, on this event."""
    return Outcome(Result.DISCARDED, Verdict.BAD_REQUEST, "The process of the function died over this event.")


def locked_out(why: str) -> Outcome:
    """No function can run here; what should have gone through one does not go on."""
    return Outcome(Result.DISCARDED, Verdict.FUNCTIONS_LOCK_OUT, why)


def _passed(told: Outcome, sent: Any, before: Mapping[str, Any]) -> Outcome:
    try:
        event: Any = orjson.loads(sent) if isinstance(sent, str) else None
        fault = _fault(event)
        if not fault:
            # What identifies an event is not the function's to change: it would come in twice, or not at all.
            event = {**event, "messageId": before["messageId"]}
            orjson.dumps(event)
            return replace(told, result=Result.PASSED, event=event)
    except (ValueError, TypeError, RecursionError) as error:
        fault = f"What came back is no event: {str(error)[:200]}"
    return replace(told, code=Verdict.MESSAGE_REJECTED, message=fault)


def _fault(event: Any) -> str:
    """Why this cannot go on as an event; "" where it can."""
    if not isinstance(event, dict):
        return "The function returns an event, or nothing."
    kind = event.get("type")
    if kind not in TYPES:
        return f"The type of an event is one of {', '.join(TYPES)}."
    name = event.get(NAMES.get(kind, ""), "")
    if not isinstance(name, str) or len(name) > MAX_NAME or "\x00" in name or (kind == "track" and not name):
        return f"The name of an event is text of at most {MAX_NAME:,} characters without NUL."
    for field in OBJECTS:
        value = event.get(field)
        if value is not None and not isinstance(value, dict):
            return f"{field} is an object."
        if value is not None and len(value) > MAX_PROPERTIES:
            return f"{field} has at most {MAX_PROPERTIES:,} fields."
    return ""


def _text(value: Any) -> str:
    """A message, which comes as the JSON of a text."""
    try:
        text = orjson.loads(value) if isinstance(value, str) and value else ""
    except ValueError:
        return ""
    return text[:500] if isinstance(text, str) else ""


def _logs(value: Any) -> tuple[str, ...]:
    try:
        lines = orjson.loads(f"[{value}]") if isinstance(value, str) else []
    except ValueError:
        return ()
    return tuple(line[:2_000] for line in lines if isinstance(line, str))[:100]
