"""Sealing: what waits gets the next places in its workspace's tree, and the new root is signed. One transaction does it all.

The loop that calls this is sealer.py; proofs are in queries.py.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection, transaction

from auditapp.lib import clock
from auditapp.merkle import Checkpoint, Frontier, Signer, StoredNode, sign_note
from auditapp.sealing.keys import origin_of, signing_key
from auditapp.sealing.totals import fold_days

logger = logging.getLogger(__name__)

# Workspaces with waiting events, longest waiting first, so that none starves: a loose scan of pending's key, one step a workspace.
WAITING = """
WITH RECURSIVE waiting AS (
    (SELECT workspace_id, n FROM pending ORDER BY workspace_id, n LIMIT 1)
    UNION ALL
    SELECT next.workspace_id, next.n FROM waiting CROSS JOIN LATERAL (
        SELECT p.workspace_id, p.n FROM pending AS p WHERE p.workspace_id > waiting.workspace_id
        ORDER BY p.workspace_id, p.n LIMIT 1) AS next
)
SELECT workspace_id FROM waiting ORDER BY n LIMIT %s
"""
# In order of the key, so that two sealers that meet a new workspace wait for each other and never in a circle.
MAKE_HEADS = """
INSERT INTO tree_head (workspace_id, size, peaks)
SELECT new.id, 0, '{}' FROM unnest(%s::bigint[]) AS new (id)
WHERE NOT EXISTS (SELECT FROM tree_head AS h WHERE h.workspace_id = new.id)
ORDER BY new.id ON CONFLICT (workspace_id) DO NOTHING
"""
# The lock that keeps two sealers off one workspace. Rows beyond the head were not written by a sealer: such a log is left alone.
LOCK_HEADS = """
SELECT h.workspace_id, h.size, h.peaks, h.folded_before,
       EXISTS (SELECT FROM leaf AS l WHERE l.workspace_id = h.workspace_id AND l.index >= h.size)
       OR EXISTS (SELECT FROM checkpoint AS c WHERE c.workspace_id = h.workspace_id AND c.size > h.size)
       OR EXISTS (SELECT FROM (VALUES (8), (16), (24)) AS at (level) JOIN node AS n ON n.workspace_id = h.workspace_id
                  AND n.level = at.level AND n.index >= h.size >> at.level)
FROM tree_head AS h WHERE h.workspace_id = ANY (%s::bigint[]) ORDER BY h.workspace_id FOR UPDATE OF h SKIP LOCKED
"""
# The queue's statistics are always stale, and under row-level security the planner expects next to no row: it would read all that
# waits and sort it. Whatever the sealer touches, it reaches by a key.
BY_KEY_ONLY = """
SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true),
       set_config('jit', 'off', true)
"""
# From the queue into the log, and into the counts (those of folded days into the totals too), in one statement: hashes alone come
# back. A statement of its own after the lock, since only a snapshot taken under the lock shows what another sealer has just done.
# An event that is sealed already (queued twice) gets no second place: its row comes back without an index.
MOVE = """
WITH taken AS MATERIALIZED (
    SELECT p.workspace_id, p.n, head.size, head.folded_before
    FROM unnest(%(workspaces)s::bigint[], %(sizes)s::bigint[], %(folded)s::date[]) AS head (workspace_id, size, folded_before)
    CROSS JOIN LATERAL (
        SELECT workspace_id, n FROM pending WHERE workspace_id = head.workspace_id ORDER BY n LIMIT %(share)s) AS p
), removed AS (
    DELETE FROM pending AS p USING taken AS t WHERE p.workspace_id = t.workspace_id AND p.n = t.n RETURNING p.*, t.size, t.folded_before
), ranked AS (
    SELECT r.*, row_number() OVER (PARTITION BY r.workspace_id, r.event_id ORDER BY r.n) = 1
        AND NOT EXISTS (SELECT FROM leaf AS l WHERE l.workspace_id = r.workspace_id AND l.event_id = r.event_id) AS is_new
    FROM removed AS r
), placed AS MATERIALIZED (
    SELECT *, CASE WHEN is_new THEN size - 1 + count(*) FILTER (WHERE is_new) OVER (PARTITION BY workspace_id ORDER BY n) END AS index
    FROM ranked
), leaves AS (
    INSERT INTO leaf (workspace_id, index, event_id, occurred_at, hash)
    SELECT workspace_id, index, event_id, occurred_at, leaf_hash FROM placed WHERE is_new
), counted AS MATERIALIZED (
    SELECT p.workspace_id, s.id AS scope_id, (p.occurred_at AT TIME ZONE 'UTC')::date AS day, p.type, p.actor_id, p.is_failure,
           p.folded_before
    FROM placed AS p CROSS JOIN LATERAL unnest(ARRAY['', NULLIF(p.scope_id, '')]) AS s (id) WHERE p.is_new AND s.id IS NOT NULL
), types AS (
    INSERT INTO type_count AS kept (workspace_id, scope_id, day, type, events, failures)
    SELECT workspace_id, scope_id, day, type, count(*), count(*) FILTER (WHERE is_failure) FROM counted GROUP BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, scope_id, day, type)
    DO UPDATE SET events = kept.events + excluded.events, failures = kept.failures + excluded.failures
), actors AS (
    INSERT INTO actor_count AS kept (workspace_id, scope_id, day, actor_id, events)
    SELECT workspace_id, scope_id, day, actor_id, count(*) FROM counted GROUP BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, scope_id, day, actor_id) DO UPDATE SET events = kept.events + excluded.events
), late AS MATERIALIZED (
    SELECT c.*, p.period FROM counted AS c CROSS JOIN LATERAL unnest(ARRAY['all', to_char(c.day, 'YYYY-MM')]) AS p (period)
    WHERE c.day < c.folded_before
), type_totals AS (
    INSERT INTO type_total AS kept (workspace_id, scope_id, period, type, events)
    SELECT workspace_id, scope_id, period, type, count(*) FROM late GROUP BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, scope_id, period, type) DO UPDATE SET events = kept.events + excluded.events
), actor_totals AS (
    INSERT INTO actor_total AS kept (workspace_id, scope_id, period, actor_id, events)
    SELECT workspace_id, scope_id, period, actor_id, count(*) FROM late GROUP BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, scope_id, period, actor_id) DO UPDATE SET events = kept.events + excluded.events
)
SELECT workspace_id, index, event_id, leaf_hash FROM placed ORDER BY workspace_id, index
"""
ADD_NODE = "INSERT INTO node (workspace_id, level, index, hash) VALUES (%s, %s, %s, %s)"
MOVE_HEAD = "UPDATE tree_head SET size = %s, peaks = %s::bytea[] WHERE workspace_id = %s"
ADD_CHECKPOINT = "INSERT INTO checkpoint (workspace_id, size, root, note, created_at) VALUES (%s, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """The leaves from `start` up to `size` of one workspace, and the signed note that covers them."""

    workspace_id: int
    start: int
    size: int
    note: str


def seal_batch(*, limit: int = 1_000) -> list[SealedBatch]:
    """Append up to `limit` waiting events to their workspaces' trees and sign the new roots.

    Workspaces share the limit evenly; what is left waits for the next call. Whatever another sealer has in hand is passed over.

    Takes:   limit, events, 1 to 10_000
    Gives:   what was sealed, none when nothing waited
    Raises:  SealKeyMissing
    Writes:  Pending, Leaf, Node, TreeHead, Checkpoint, and the counts and totals; one transaction, outside of any workspace
    Source:  RFC 6962 section 2.1 for leaf and node hashes
    """
    with transaction.atomic(durable=True):
        trees, folded_before = _lock_trees(limit)
        if not trees:
            return []
        signer = signing_key()
        folded = fold_days(folded_before, clock.now().date())
        starts = {workspace_id: tree.size for workspace_id, tree in trees.items()}
        nodes = _append(trees, _move(trees, folded, share=max(1, limit // len(trees))))
        grown = {workspace_id: tree for workspace_id, tree in trees.items() if tree.size > starts[workspace_id]}
        _store_nodes(nodes)
        _store_heads(grown)
        notes = _sign(grown, signer)
    return [
        SealedBatch(workspace_id, starts[workspace_id], grown[workspace_id].size, note)
        for workspace_id, note in notes.items()
    ]


def _lock_trees(limit: int) -> tuple[dict[int, Frontier], dict[int, date]]:
    """The trees of workspaces with waiting events, as many as could be locked, and the days before which they are folded."""
    trees: dict[int, Frontier] = {}
    folded_before: dict[int, date] = {}
    with connection.cursor() as cursor:
        cursor.execute(BY_KEY_ONLY)
        waiting = [row[0] for row in cursor.execute(WAITING, [limit]).fetchall()]
        if not waiting:
            return trees, folded_before
        cursor.execute(MAKE_HEADS, [waiting])
        for workspace_id, size, peaks, folded, has_strange_rows in cursor.execute(LOCK_HEADS, [waiting]).fetchall():
            try:
                tree = Frontier(size, [bytes(peak) for peak in peaks])
            except ValueError:
                has_strange_rows = True
            if has_strange_rows:
                _tell_of_strange_rows(workspace_id)
            else:
                trees[workspace_id] = tree
                folded_before[workspace_id] = folded
    return trees, folded_before


@cache  # once a process, not four times a second
def _tell_of_strange_rows(workspace_id: int) -> None:
    logger.error("The log of ws_%d is not sealed any further: its tree was changed by hand. Run verify.", workspace_id)


def _move(trees: dict[int, Frontier], folded: dict[int, date], *, share: int) -> list[tuple[int, bytes]]:
    """Take up to `share` events of each workspace out of the queue into its log; gives workspace and leaf hash in leaf order."""
    takes: dict[str, Any] = {
        "workspaces": list(trees),
        "sizes": [tree.size for tree in trees.values()],
        "folded": [folded[workspace_id] for workspace_id in trees],
        "share": share,
    }
    leaves = []
    with connection.cursor() as cursor:
        for workspace_id, index, event_id, leaf_hash in cursor.execute(MOVE, takes).fetchall():
            if index is None:
                logger.warning("Event %s of ws_%d was queued twice; it keeps its first place.", event_id, workspace_id)
            else:
                leaves.append((workspace_id, bytes(leaf_hash)))
    return leaves


def _append(trees: dict[int, Frontier], leaves: Sequence[tuple[int, bytes]]) -> list[tuple[int, StoredNode]]:
    return [
        (workspace_id, node)
        for workspace_id, of_workspace in groupby(leaves, key=itemgetter(0))
        for _, leaf in of_workspace
        for node in trees[workspace_id].append(leaf)
    ]


def _store_nodes(nodes: Sequence[tuple[int, StoredNode]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(ADD_NODE, [(workspace_id, *node) for workspace_id, node in nodes])


def _store_heads(trees: dict[int, Frontier]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            MOVE_HEAD, [(tree.size, list(tree.peaks), workspace_id) for workspace_id, tree in trees.items()]
        )


def _sign(trees: dict[int, Frontier], signer: Signer) -> dict[int, str]:
    """Sign each tree as it stands. In the transaction of its leaves: a head without its checkpoint is therefore a sign of tampering."""
    now, rows = clock.now(), []
    for workspace_id, tree in trees.items():
        checkpoint = Checkpoint(origin_of(signer.verifier.name, workspace_id), tree.size, tree.root())
        rows.append((workspace_id, tree.size, checkpoint.root, sign_note(checkpoint.format(), signer), now))
    with connection.cursor() as cursor:
        cursor.executemany(ADD_CHECKPOINT, rows)
    return {workspace_id: note for workspace_id, _, _, note, _ in rows}
