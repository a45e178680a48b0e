"""Calls of Segment's HTTP API that a source should survive: half right, half hostile, always the same for a seed."""

import json
import random
from base64 import b64encode
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tests.torture.fuzz_grammar import TEXTS, TIMES, Sent, encoded, mutate, text_of

KINDS = ("track", "identify", "page", "screen", "group", "alias")
ODD_PATHS = ("/v1/", "/v1", "/v1/import", "/v1/tracks", "/v1/track/", "/v1/%00", "/v1/batch?x=%ff", "/v1/t")
METHODS = ("GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
GOOD: dict[str, dict[str, Any]] = {
    "track": {
        "event": "Order Completed",
        "properties": {"total": 9.5, "items": [{"sku": "a", "n": 1}], "is_new": True},
    },
    "identify": {"traits": {"email": "ana@example.com", "plan": "gold", "address": {"city": "Oslo"}}},
    "page": {"name": "Home", "category": "Docs", "properties": {"url": "https://example.com/", "title": "Home"}},
    "screen": {"name": "Start", "properties": {"width": 390}},
    "group": {"groupId": "grp_1", "traits": {"name": "Acme", "size": 40}},
    "alias": {"previousId": "anon-1"},
}
SHARED: dict[str, Any] = {
    "userId": "usr_1",
    "anonymousId": "anon-1",
    "timestamp": "2026-11-24T12:00:00.000Z",
    "sentAt": "2026-11-24T12:00:01.000Z",
    "context": {"library": {"name": "x", "version": "1"}, "ip": "203.0.113.7", "direct": True},
    "integrations": {"All": True, "Receiver": {"a": 1}},
    "channel": "server",
}
# Values that are right in JSON and wrong nearly everywhere.
HEAVY: tuple[Any, ...] = (
    {f"p{number}": number for number in range(3_000)},
    {"a": "x" * 33_000},
    {"a\x00b": {"c.d": {"": [None, "\x00"]}}},
    {"__proto__": {"x": 1}, "constructor": 1, "$set": {}, "a.b.c": 1},
    [[[[[[[[[[[[]]]]]]]]]]]],
)


def segment_requests(seed: int, write_key: str) -> Iterator[Sent]:
    """Requests without end; most of them say a write key that is known."""
    choice = random.Random(seed)
    while True:
        kind = choice.choice((*KINDS, "batch", "batch"))
        method, path = "POST", f"/v1/{kind}"
        if choice.random() < 0.05:
            method, path = choice.choice((*METHODS, "POST")), choice.choice((path, *ODD_PATHS))
        value = _batch(choice) if kind == "batch" else _call(choice, kind)
        headers: dict[str, str] = {}
        _say_who(choice, write_key, headers, value)
        body = encoded(choice, headers, value)
        yield Sent(method, path, None if method in ("GET", "HEAD") else body, headers)


def _call(choice: random.Random, kind: str) -> dict[str, Any]:
    call = json.loads(json.dumps(SHARED | GOOD[kind]))
    if choice.random() < 0.5:
        call["messageId"] = choice.choice((f"m-{choice.randrange(10**9)}", "again", *TEXTS))
    for _ in range(choice.choice((0, 0, 1, 1, 2, 5))):
        mutate(choice, call)
    if choice.random() < 0.1:
        call[choice.choice(("timestamp", "sentAt", "originalTimestamp", "receivedAt"))] = choice.choice(TIMES)
    if choice.random() < 0.05:
        call[choice.choice(("properties", "traits", "context", "integrations"))] = deepcopy(choice.choice(HEAVY))
    return call


def _batch(choice: random.Random) -> dict[str, Any]:
    items: list[Any] = []
    for _ in range(choice.choice((0, 1, 2, 5, 20))):
        kind = choice.choice(KINDS)
        items.append(_call(choice, kind) | {"type": kind if choice.random() < 0.9 else text_of(choice)})
    batch: dict[str, Any] = {"batch": items, "sentAt": choice.choice(TIMES), "context": {"app": {"name": "a"}}}
    if choice.random() < 0.3:
        mutate(choice, batch)
    if choice.random() < 0.02:
        batch["batch"] = [1] * 2_600
    return batch


def _say_who(choice: random.Random, write_key: str, headers: dict[str, str], value: Any) -> None:
    """Basic authentication, the key in the body, both or neither; some of them wrong."""
    drawn = choice.random()
    if drawn < 0.6:
        headers["Authorization"] = f"Basic {b64encode(f'{write_key}:'.encode()).decode()}"
    elif drawn < 0.9:
        headers["Authorization"] = ""
        value["writeKey"] = write_key if choice.random() < 0.9 else text_of(choice)
    else:
        headers["Authorization"] = choice.choice(
            (
                "Basic",
                "Basic !",
                "Basic /////w==",
                "Bearer aud_pat_x",
                "basic eDp5",
                "é",
                "Digest a=b",
                f"Bearer {write_key}",
            )
        )
