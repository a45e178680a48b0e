"""Elasticsearch and OpenSearch, over the bulk API: an index or a data stream.

Source:  elastic.co, Elasticsearch API, "Bulk index or delete documents"; opensearch.org, "Bulk"
"""

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import orjson

from auditapp.lib.clock import utc_text
from auditapp.lib.errors import Invalid
from auditapp.lib.outbound import Answer
from auditapp.lib.visible_text import terminal_safe
from auditapp.pipeline.destinations.http_kind import (
    TLS_FIELDS,
    Call,
    HttpKind,
    address_under,
    call_to,
    outcome_of,
    told_of,
    word_of,
)
from auditapp.pipeline.destinations.kind import Batch, Field, Outcome, Outgoing, Setup
from auditapp.pipeline.formats.reading import read
from auditapp.pipeline.formats.rendering import Format, render

# Only what says what became of each: 500 whole answers would be more than is read of one.
_TOLD: Final = "?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason"
_INDEX: Final = re.compile(r"(?!\.\.?$)[a-z0-9][a-z0-9._-]{0,200}", re.ASCII)
_STATUS: Final = re.compile(rb'"status"\s*:\s*(\d{3})')
_TAKEN: Final = {200, 201, 409}  # 409: it is there already, from a try whose answer was lost
_TOO_MANY: Final = 429


class Elasticsearch(HttpKind):
    """A document is created under an id made from source and message id, so that a second try adds nothing."""

    key = "elasticsearch"
    name = "Elasticsearch or OpenSearch"
    summary = "An index or data stream of Elasticsearch or OpenSearch, over the bulk API."
    icon = "search"
    formats = (Format.ECS, Format.OCSF, Format.SEGMENT)
    fields = (
        Field("url", "URL", "url", placeholder="https://elastic.example.com:9200"),
        Field("index", "Index or data stream", default="logs-audit_trail-default"),
        Field(
            "auth",
            "Signs in with",
            "choice",
            default="api_key",
            choices=(("api_key", "An API key"), ("basic", "User and password"), ("none", "Nothing")),
        ),
        Field("api_key", "API key", help="As encoded by Elasticsearch.", is_required=False, is_secret=True),
        Field("user", "User", is_required=False),
        Field("password", "Password", is_required=False, is_secret=True),
        *TLS_FIELDS,
    )

    def check(self, setup: Setup) -> None:
        _address(setup)
        if not _INDEX.fullmatch(str(setup.settings["index"])):
            raise Invalid(
                "Write the name of an index: lower case letters, digits, dots, - and _.",
                field="index",
                code="bad_index",
            )
        auth = setup.settings["auth"]
        if auth == "api_key":
            word_of(_needed(setup.secrets, "api_key", "Enter the API key."), "api_key")
        if auth == "basic":
            _needed(setup.secrets, "password", "Enter the password.")
            if ":" in _needed(setup.settings, "user", "Enter the user."):
                raise Invalid("A user has no colon in its name.", field="user", code="bad_user")

    def item(self, outgoing: Outgoing, setup: Setup) -> bytes:
        document = render(setup.form, outgoing.event)
        assert not isinstance(document, str)
        at = {"@timestamp": utc_text(read(outgoing.event).at)}
        return orjson.dumps({**at, **document, **at})

    def body(self, items: Sequence[bytes], batch: Batch, setup: Setup) -> bytes:
        lines: list[bytes] = []
        for outgoing, item in zip(batch.events, items, strict=True):
            lines += [orjson.dumps({"create": {"_id": _id_of(batch.source_id, outgoing.message_id)}}), item]
        return b"\n".join([*lines, b""])

    def call(self, body: bytes, batch: Batch, setup: Setup) -> Call:
        headers = {"Content-Type": "application/x-ndjson"}
        if setup.settings["auth"] == "api_key":
            headers["Authorization"] = f"ApiKey {setup.secrets['api_key']}"
        if setup.settings["auth"] == "basic":
            pair = f"{setup.settings['user']}:{setup.secrets['password']}".encode()
            headers["Authorization"] = f"Basic {b64encode(pair).decode()}"
        return call_to(_address(setup) + _TOLD, headers, setup)

    def understood(self, answer: Answer, batch: Batch) -> tuple[Outcome, str]:
        outcome = outcome_of(answer.status)
        if outcome is not Outcome.DELIVERED:
            return outcome, _reason(answer) or told_of(answer)
        if answer.is_cut:
            return _of_a_cut_answer(answer)
        try:
            said = orjson.loads(answer.body)
            results = [result for item in said.get("items", []) for result in item.values()]
            failed = [one for one in results if one["status"] not in _TAKEN]
            is_whole = len(results) == len(batch.events)
        except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
            is_whole, failed = False, []
        if not is_whole:
            return Outcome.RETRY, f"{told_of(answer)}, but not as the bulk API answers: is this the right address?"
        return _of_items(failed, len(batch.events)) if failed else (outcome, told_of(answer))


def _of_items(failed: Sequence[Mapping[str, Any]], number: int) -> tuple[Outcome, str]:
    """What the documents that were not taken mean for the batch: one that may be taken later makes it come again."""
    outcomes = {_outcome_of_item(one["status"]) for one in failed}
    outcome = next(one for one in (Outcome.RETRY, Outcome.AUTH, Outcome.REFUSED) if one in outcomes)
    told = Counter(_error_of(one) for one in failed if _outcome_of_item(one["status"]) is outcome)
    reason, times = told.most_common(1)[0]
    return outcome, f"{len(failed)} of {number} documents were not taken; {times} of them: {reason}"


def _outcome_of_item(status: int) -> Outcome:
    if status == _TOO_MANY or status >= 500:
        return Outcome.RETRY
    # 404 is an index that is not made by itself, 403 one that this key may not write.
    return Outcome.AUTH if status in (401, 403, 404) else Outcome.REFUSED


def _of_a_cut_answer(answer: Answer) -> tuple[Outcome, str]:
    """So many reasons that not all are read: the batch is tried again in smaller parts, or later."""
    statuses = [int(found) for found in _STATUS.findall(answer.body)]
    outcomes = [_outcome_of_item(status) for status in statuses if status not in _TAKEN]
    if not outcomes:
        return Outcome.RETRY, "The answer is longer than is read, and says nothing of what failed."
    outcome = next(one for one in (Outcome.RETRY, Outcome.AUTH, Outcome.REFUSED) if one in outcomes)
    return outcome, f"More than {len(outcomes)} documents were not taken."


def _reason(answer: Answer) -> str:
    """`{"error": {"type": ..., "reason": ...}}`, of a request that was refused as a whole."""
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return ""
    return f"{answer.status} {_error_of(said)}" if isinstance(said, dict) and said.get("error") else ""


def _error_of(said: Mapping[str, Any]) -> str:
    error = said.get("error")
    if not isinstance(error, Mapping):
        return terminal_safe(str(error or said.get("status", ""))[:300])
    return terminal_safe(f"{error.get('type', '')}: {error.get('reason', '')}"[:300])


def _id_of(source_id: str, message_id: str) -> str:
    return sha256(f"{source_id}\0{message_id}".encode()).hexdigest()[:40]


def _address(setup: Setup) -> str:
    return address_under(str(setup.settings["url"]), f"/{setup.settings['index']}/_bulk")


def _needed(values: Mapping[str, Any], name: str, message: str) -> str:
    if not values.get(name):
        raise Invalid(message, field=name, code="required")
    return str(values[name])
