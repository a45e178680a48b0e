"""Requests that an API should survive: half right, half hostile, always the same for a seed. And what schemathesis makes of the OpenAPI.

Nothing here sends; how an answer is judged is decided by who sends them.
"""

import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode

ODD = (
    "/api/",
    "/api/{nothing}",
    "/api/audit-events",
    "/api/audit-events/{id}/{more}",
    "/api/openapi.json",
    "/api/docs",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
TEXTS = (
    *("", " ", "0", "-1", "null", "true", "NaN", "1e999", "9" * 30, "a" * 400, "x" * 5_000),
    *("\0", "\x1b[31m", "a\r\nb: c", "\u202e", "\ufeff", "😀", "ﷺ" * 40, "İ", "ß", "e\u0301" * 60),
    *(
        "'",
        "''",
        "\\",
        "'\\''",
        ":*",
        "&|!()",
        "!'a':*",
        "<->",
        "\\\\'",
        "a:b:c",
        "::",
        "--",
        "!",
        "!!",
        '"',
        '"a',
        '-"',
        "-",
    ),
    *("../../etc/passwd", "%00", "%", "%s%n", "{{7*7}}", "$(id)", "<script>", "' OR 1=1 --"),
)
TIMES = (
    *(
        "2026-11-24T12:00:00Z",
        "2026-11-24T12:00:00.123456789+23:59",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
    ),
    *(
        "2026-02-30T00:00:00Z",
        "2026-11-24",
        "24:00",
        "2026-11-24T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "٢٠٢٦-11-24T12:00:00Z",
    ),
)
ADDRESSES = (
    "203.0.113.7",
    "203.0.113.0/24",
    "0.0.0.0/0",
    "::",
    "::1/0",
    "fe80::1%eth0",
    "1.2.3",
    "::ffff:1.2.3.4",
    "10.0.0.0/33",
)
IDS = (
    *(
        "evt_0000000000000000000000",
        "evt_zzzzzzzzzzzzzzzzzzzzzz",
        "evt_2aXn8UyVfKp1LqRt5WzBd7",
        "evt_",
        "018f3f3f-3f3f-7abc-8def-0123456789ab",
    ),
    *(
        "00010101T000000.000000Z-0000000000000000000000",
        "n:00010101T000000.000000Z-7n42DGM5Tflk9n8mt7Fhc7",
        "99991231T235959.999999Z-0",
    ),
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    -0.0,
    1e308,
    2**53,
    -(2**63),
    10**40,
    [],
    {},
    [[]],
    {"": {}},
    {"a": None},
)
GOOD: dict[str, Any] = {
    "type": "warehouse.disabled",
    "actor": {"id": "usr_1", "name": "Ana", "email": "ana@example.com", "kind": "user"},
    "target": {"type": "warehouse", "id": "whs_1", "name": "Snowflake"},
    "targets": [{"type": "source", "id": "src_1"}],
    "occurredAt": "2026-11-01T12:00:00Z",
    "outcome": "success",
    "changes": [{"path": "enabled", "old": True, "new": False}],
    "meta": {"reason": "rotation", "nested": {"deep": [1, 2, {"x": "y"}]}},
    "context": {"ip": "203.0.113.7", "userAgent": "x", "requestId": "r", "sessionId": "s"},
    "scope": "section:privacy",
    "idempotencyKey": "k-1",
}
GOOD_TYPE: dict[str, Any] = {
    "key": "order.refunded",
    "name": "Order Refunded",
    "area": "other",
    "resourceType": "order",
    "verb": "update",
    "risk": "routine",
    "sentence": "refunded {resource}",
    "schema": {"type": "object"},
    "secretPaths": ["card.number"],
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. The path is percent-encoded; headers are Latin-1."""

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def grammar_requests(seed: int, endpoints: Sequence[tuple[str, str]], names: Sequence[str]) -> Iterator[Sent]:
    """Requests without end.

    Takes:   endpoints, as OpenAPI writes them, ("GET", "/api/audit-events/{event_id}"); names, of parameters of the query
    """
    choice = random.Random(seed)
    while True:
        method, template = (
            choice.choice(endpoints) if choice.random() < 0.9 else (choice.choice(METHODS), choice.choice(ODD))
        )
        path = "".join(
            quote(text_of(choice), safe="") or "x" if part.startswith("{") else part for part in _parts(template)
        )
        headers: dict[str, str] = {}
        body = _body(choice, headers) if method != "GET" or choice.random() < 0.05 else None
        if choice.random() < 0.2:
            headers["Accept"] = choice.choice(
                ("application/json", "application/vnd.segment.v1+json", "*/*", "text/html", "é;q=x")
            )
        if choice.random() < 0.05:
            headers["Authorization"] = choice.choice(
                ("", "Bearer", "Bearer ", "Basic eDp5", "Bearer aud_pat_x", "Bearer é")
            )
        yield Sent(method, path + _query(choice, names), body, headers)


def endpoints_of(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Method and path of each operation of an OpenAPI document; those with a body twice, since more of them can break."""
    found = [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]
    return found + [one for one in found if one[0] == "POST"]


def schemathesis_requests(seed: int, document: Mapping[str, Any], each: int) -> Iterator[Sent]:
    """What schemathesis derives from an OpenAPI document: so many requests of each operation."""
    import schemathesis

    for result in schemathesis.openapi.from_dict(dict(document)).get_all_operations():
        yield from _examples(result.ok().as_strategy(), seed, each)


def _examples(strategy: Any, seed: int, each: int) -> list[Sent]:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    found: list[Sent] = []

    @seeded(seed)
    @settings(
        max_examples=each,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(strategy)
    def collect(case: Any) -> None:
        found.append(_of_case(case))

    collect()
    return found


def _of_case(case: Any) -> Sent:
    query = urlencode([(key, value) for key, value in (case.query or {}).items()], doseq=True, errors="replace")
    headers = {key: value for key, value in (case.headers or {}).items() if key != "Authorization"}
    body = None
    if case.media_type:
        headers["Content-Type"] = case.media_type
        body = json.dumps(case.body, default=str).encode("utf-8", "replace")
    return Sent(case.method.upper(), case.formatted_path + (f"?{query}" if query else ""), body, headers)


def _parts(path: str) -> list[str]:
    parts: list[str] = []
    for piece in path.split("{"):
        name, closing, rest = piece.partition("}")
        parts += ["{" + name, rest] if closing else [piece]
    return parts


def text_of(choice: random.Random) -> str:
    """A text that a parser may stumble over."""
    kind = choice.random()
    if kind < 0.3:
        return choice.choice(TEXTS)
    if kind < 0.6:
        return choice.choice((*TIMES, *ADDRESSES, *IDS))
    if kind < 0.8:
        return choice.choice(
            ("warehouse.disabled", "warehouses", "usr_1", "success", "!failure", "order.refunded", "prod")
        )
    return "".join(chr(_character(choice)) for _ in range(choice.randrange(30)))


def _character(choice: random.Random) -> int:
    number = choice.choice((choice.randrange(128), choice.randrange(0x3000), choice.randrange(0x110000)))
    return 0xFFFD if 0xD800 <= number < 0xE000 else number


def _query(choice: random.Random, names: Sequence[str]) -> str:
    pairs = []
    for _ in range(choice.choice((0, 0, 1, 1, 2, 3, 6))):
        name = choice.choice(names) if choice.random() < 0.9 else text_of(choice)
        value = (
            quote(text_of(choice), safe="")
            if choice.random() < 0.95
            else quote_from_bytes(choice.randbytes(6), safe="")
        )
        pairs.append(f"{quote(name, safe='')}={value}")
    return "?" + "&".join(pairs) if pairs else ""


def _body(choice: random.Random, headers: dict[str, str]) -> bytes:
    kind = choice.random()
    good = GOOD if kind < 0.7 else GOOD_TYPE
    value = json.loads(json.dumps(good))
    for _ in range(choice.choice((0, 1, 1, 2, 5))):
        mutate(choice, value)
    if kind < 0.25:
        value = [value] * choice.choice((1, 2, 30))
    elif kind < 0.4:
        value = {"events": [value, json.loads(json.dumps(GOOD))]}
    if choice.random() < 0.2:
        headers["Idempotency-Key"] = choice.choice(("k", "k" * 300, "é", "", " ", "\x7f"))
    return encoded(choice, headers, value)


def encoded(choice: random.Random, headers: dict[str, str], value: Any) -> bytes:
    """A value as a body, one in some broken on its way; its headers are added, true or not."""
    body = json.dumps(value, ensure_ascii=choice.random() < 0.5).encode("utf-8", "surrogatepass")
    headers["Content-Type"] = "application/json"
    if choice.random() < 0.15:
        body = choice.choice(BROKEN_BODIES)(choice, body)
    if choice.random() < 0.1:
        headers["Content-Type"] = choice.choice(
            ("", "text/plain", "application/json; charset=utf-16", "APPLICATION/JSON", "multipart/form-data", "é")
        )
    if choice.random() < 0.1:
        headers["Content-Encoding"] = choice.choice(("gzip", "br", "", "gzip, gzip"))
        if choice.random() < 0.7:
            body = gzip.compress(body)[: choice.choice((None, None, 20, -4))]
    return body


def mutate(choice: random.Random, value: Any) -> None:
    """Change one thing anywhere in it: another value, another key, or gone."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = choice.choice(keys)
        if isinstance(value[key], (dict, list)) and value[key] and choice.random() < 0.6:
            value = value[key]
            continue
        action = choice.random()
        if action < 0.15 and isinstance(value, dict):
            del value[key]
        elif action < 0.3 and isinstance(value, dict):
            value[text_of(choice)] = value[key]
        else:
            value[key] = text_of(choice) if action < 0.7 else deepcopy(choice.choice(VALUES))
        return


BROKEN_BODIES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    lambda choice, body: body[: choice.randrange(len(body))],
    lambda choice, body: b"",
    lambda choice, body: b"[" * 3_000,
    lambda choice, body: b'{"a":' * 500 + b"1" + b"}" * 500,
    lambda choice, body: b"\xef\xbb\xbf" + body,
    lambda choice, body: body.decode("utf-8", "replace").encode("utf-16"),
    lambda choice, body: body.replace(b'"', b'"\\ud800', 2),
    lambda choice, body: body.replace(b":", b": NaN, :", 1),
    lambda choice, body: b"{" + body[1:-1] + b"," + body[1:-1] + b"}",
    lambda choice, body: choice.randbytes(50),
    lambda choice, body: b"1" * 5_000,
    lambda choice, body: b'{"type": "a.b", "meta": {"n": 1' + b"0" * 400 + b"}}",
    lambda choice, body: b'"\\u0000"',
)
