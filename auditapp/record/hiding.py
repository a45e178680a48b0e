"""Hides the search words of older events as those of new ones are: from who may not see personal data (masking.py).

Events recorded before a rule, or before their type was declared, keep the words that everybody searches until this was done. What is
sealed stays as it is; the database lets a word only become one that fewer search for.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from auditapp.lib.keyset import PageKey
from auditapp.record.envelope import opened
from auditapp.record.event_types import known_types
from auditapp.record.search_tokens import HIDDEN_AS, tokens_of
from auditapp.record.workspace_scope import in_workspace

EVENTS_A_TURN: Final = 1_000
NEXT = """
SELECT e.occurred_at, e.id, e.envelope, e.units[1:4], tsvector_to_array(e.tokens) FROM event AS e
WHERE e.workspace_id = %(workspace_id)s AND (%(at)s::timestamptz IS NULL OR (e.occurred_at, e.id) > (%(at)s, %(id)s::uuid))
ORDER BY e.occurred_at, e.id LIMIT %(limit)s
"""
HIDE = "SELECT audit_hide_words(%s, %s, %s)"
Hidden = tuple[datetime, UUID, str]


def hide_words(workspace_id: int) -> Iterator[tuple[int, int]]:
    """Go through every event of a workspace, oldest first, a thousand in each transaction; done again, it changes nothing.

    Gives:   after each turn, how many events were looked at, and how many have words that are hidden now
    Writes:  Event (tokens); needs the worker's role
    """
    looked_at = changed = 0
    after: PageKey | None = None
    while True:
        with in_workspace(workspace_id), connection.cursor() as cursor:
            asked = {"at": after.occurred_at if after else None, "id": after.event_id if after else None}
            cursor.execute(NEXT, asked | {"workspace_id": workspace_id, "limit": EVENTS_A_TURN})
            rows = cursor.fetchall()
            if found := list(_open_words(workspace_id, rows)):
                changed += cursor.execute(HIDE, [list(column) for column in zip(*found, strict=True)]).fetchone()[0]
        looked_at += len(rows)
        yield looked_at, changed
        if len(rows) < EVENTS_A_TURN:
            return
        after = PageKey(rows[-1][0], rows[-1][1])


def _open_words(workspace_id: int, rows: list[tuple[Any, ...]]) -> Iterator[Hidden]:
    """Words that everybody searches and that the rules of today hide from some."""
    parsed = [
        (at, event_id, orjson.loads(bytes(envelope)), units, words) for at, event_id, envelope, units, words in rows
    ]
    kinds = known_types(workspace_id, (envelope["type"] for _, _, envelope, _, _ in parsed))
    classes = tuple(f"{workspace_id}:{one}=" for one in HIDDEN_AS)
    for at, event_id, envelope, units, words in parsed:
        draft = replace(opened(envelope, units), personal_paths=kinds[envelope["type"]].personal_paths)
        now = tokens_of(draft)
        yield from ((at, event_id, word) for word in words if word.startswith(classes) and word not in now)
