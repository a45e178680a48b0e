"""What a page says about the seal: its badge, and which rows the newest checkpoint covers. Proofs are made in `sealing`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from auditapp.lib import clock
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import parse_event_key
from auditapp.record.viewer import Viewer
from auditapp.sealing.models import Checkpoint, Verification
from auditapp.sealing.problems import Kind
from auditapp.sealing.queries import last_verification, latest_checkpoint, seal_marks, waiting_count, waiting_since
from auditapp.trail.rows import Seals

# The worker seals within a second; who waits this long waits for a worker or a key that is not there.
LONGEST_WAIT: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class SealState:
    """The newest checkpoint, the last verification, how many events wait, and whether one waits too long.

    `is_counted` where whoever looks sees every event: to others a number of all would tell of those that they do not.
    """

    checkpoint: Checkpoint | None
    verification: Verification | None
    waiting: int
    is_late: bool
    is_counted: bool

    @property
    def problems(self) -> list[dict[str, Any]]:
        """What the last verification found wrong; nothing where there was none yet."""
        return [problem for problem in self._found if problem["kind"] != Kind.UNDECIDED]

    @property
    def doubts(self) -> list[dict[str, Any]]:
        """Why the last verification could not decide: nothing was wrong, and nothing proved either."""
        return [problem for problem in self._found if problem["kind"] == Kind.UNDECIDED]

    @property
    def broken_events(self) -> frozenset[UUID]:
        """The events that the last verification named."""
        return frozenset(_named(problem["event"] for problem in self.problems if problem.get("event")))

    @property
    def _found(self) -> list[dict[str, Any]]:
        return list(self.verification.problems) if self.verification else []

    @property
    def signed_at(self) -> datetime | None:
        return self.checkpoint.created_at if self.checkpoint else None

    @property
    def root(self) -> str:
        """The signed root in hexadecimal."""
        return bytes(self.checkpoint.root).hex() if self.checkpoint else ""


def seal_state(viewer: Viewer) -> SealState:
    """How the workspace's seal stands; three small queries, and two more where events wait."""
    workspace_id = viewer.workspace_id
    waiting = waiting_count(workspace_id)
    since = waiting_since(workspace_id) if waiting else None
    is_late = since is not None and clock.now() - since > LONGEST_WAIT
    return SealState(
        latest_checkpoint(workspace_id), last_verification(workspace_id), waiting, is_late, is_counted=viewer.sees_all
    )


def seals_of(workspace_id: int, event_ids: Iterable[UUID], state: SealState) -> Seals:
    """The seals of these events."""
    size = state.checkpoint.size if state.checkpoint else 0
    return Seals(seal_marks(workspace_id, event_ids), size, state.signed_at, state.broken_events, state.is_counted)


def _named(keys: Iterable[str]) -> Iterable[UUID]:
    for key in keys:
        try:
            yield parse_event_key(key)
        except Invalid:  # a place in the tree, not an event
            continue
