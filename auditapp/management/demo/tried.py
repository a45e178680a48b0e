"""Tasks of other systems that failed at first: each of their attempts, as those systems report them.

Nothing here draws from the demo's chance: what follows would be other than before.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from auditapp.catalogue import registry
from auditapp.lib.clock import parse_utc, utc_text
from auditapp.management.demo.elsewhere import PRODUCTION, own_target

FIRST_PAUSE_S: Final = 21
PAUSE_GROWS_BY: Final = 2.4
SCHEDULER: Final = {"id": "svc_engage_scheduler", "name": "Engage scheduler", "kind": "service"}
LAPSED: Final = [
    {"type": "audience", "id": "aud_lapsed_hikers", "name": "Lapsed hikers"},
    {"type": "destination", "id": "dst_braze", "name": "Braze"},
]
LIFETIME: Final = [{"type": "computed_trait", "id": "trt_lifetime_value", "name": "Lifetime value"}]
PRODUCTION_SPACE: Final = own_target("space", "spa", PRODUCTION)
SLOW, LOST = "The compute service did not answer within 10 min", "The compute service closed the connection"


def every_attempt(event: dict[str, Any]) -> list[dict[str, Any]]:
    """An event of a task with the attempts before it, oldest first; other events as they are. A failure is the end of it."""
    meta = event["meta"]
    if "task" not in meta:
        return [event]
    digest = sha256(event["context"]["requestId"].encode()).hexdigest()
    task = {"task": f"tsk_{digest[:22]}", "of": meta["of"]}
    failed = registry.EVENT_TYPES.get(event["type"].replace("_recovered", "_failed"))
    end = {"final": True} if event["outcome"] == "failure" else {}
    attempts = [event | {"meta": meta | task | end}]
    at = parse_utc(event["occurredAt"])
    for number in range(meta["attempt"] - 1, 0, -1):
        if failed is None:
            break
        at -= _pause_after(number)
        reason = failed.sample["meta"].get("reason", "")
        said = {"attempt": number, "final": False, "reason": reason, **task}
        context = {"requestId": f"req_{digest[number : number + 16]}"}
        more = {"type": failed.key, "outcome": "failure", "occurredAt": utc_text(at), "meta": said, "changes": []}
        attempts.insert(0, event | more | {"context": context})
    return attempts


def latest_tasks(now: datetime) -> list[dict[str, Any]]:
    """Two of today's: a sync that failed twice and recovered, and a run that failed for good; oldest first."""
    sync, run = "audience.destination_sync", "computed_trait.run"
    recovered = _story(
        now - timedelta(minutes=73),
        LAPSED,
        [
            (f"{sync}_failed", "Braze answered 503 after 30.0 s"),
            (f"{sync}_failed", "The worker was restarted at step 4 of 7"),
            (f"{sync}_recovered", ""),
        ],
    )
    lost = [SLOW, SLOW, LOST, SLOW, SLOW, SLOW]
    return _story(now - timedelta(hours=5), LIFETIME, [(f"{run}_failed", reason) for reason in lost]) + recovered


def _story(
    start: datetime, targets: Sequence[dict[str, str]], attempts: Sequence[tuple[str, str]]
) -> list[dict[str, Any]]:
    of, at, events = 6, start, []
    for number, (key, reason) in enumerate(attempts, start=1):
        meta: dict[str, Any] = {"reason": reason} if reason else {}
        if reason:
            meta["final"] = number == of
        events.append(
            {
                "type": key,
                "occurredAt": utc_text(at),
                "outcome": "failure" if reason else "success",
                "actor": SCHEDULER,
                "targets": list(targets),
                "scope": PRODUCTION_SPACE["id"],
                "meta": meta,
                "task": f"tsk_{targets[0]['id']}_today",
                "attempt": number,
                "of": of,
            }
        )
        at += _pause_after(number)
    return events


def _pause_after(number: int) -> timedelta:
    return timedelta(seconds=FIRST_PAUSE_S * PAUSE_GROWS_BY ** (number - 1))
