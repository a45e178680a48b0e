"""Records what was done: `record()` for code in this process, `finished_draft()` for what other doors bring in.

Values are redacted here, before anything is hashed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Final

from auditapp.catalogue.types import Verb
from auditapp.lib import clock
from auditapp.lib.errors import AppError
from auditapp.lib.ids import new_event_id
from auditapp.lib.redaction import redact
from auditapp.record.acting import current_acting
from auditapp.record.drafts import MISSING, Change, EventDraft, HasTarget
from auditapp.record.event_types import KnownType, known_types
from auditapp.record.reasons import ReasonNeeded, require_reason
from auditapp.record.scopes import section_scope, space_scope
from auditapp.record.writer import Recorded, write_events

TOLD_ANEW: Final = frozenset({"meta", "context", "changes", "personal_paths"})
_recorded: ContextVar[list[EventDraft] | None] = ContextVar("recorded", default=None)


class UnknownEventType(AppError):
    """This event type is neither in the catalogue nor declared by the workspace."""


def record(
    type_key: str,
    *,
    target: HasTarget | Sequence[HasTarget],
    changes: Sequence[Change] = (),
    meta: Mapping[str, Any] | None = None,
    outcome: str = "success",
    scope_id: str | None = None,
    occurred_at: datetime | None = None,
) -> Recorded:
    """Record an event in the caller's transaction: no audit, no change.

    Takes:   target, what it is about, or several of which the first is the resource; scope_id, the source or space it
             belongs to, by default its type's section, the resource's `audit_scope`, or the first space among the targets
    Raises:  UnknownEventType, NobodyActs, ReasonNeeded, Invalid
    Writes:  Event, Pending
    """
    acting = current_acting()
    kind = known_types(acting.workspace_id, [type_key])[type_key]
    if not kind.is_declared:
        raise UnknownEventType(
            f"The event type {type_key!r} is neither in the catalogue nor declared by the workspace."
        )
    try:
        require_reason(acting, kind, outcome=outcome)
    except ReasonNeeded as refusal:
        acting.refused.append(refusal)
        raise
    resources = [target] if hasattr(target, "audit_target") else list(target)
    targets = [resource.audit_target for resource in resources]
    own_scope = getattr(resources[0], "audit_scope", None) if resources else None
    now = clock.now()
    draft = EventDraft(
        workspace_id=acting.workspace_id,
        id=new_event_id(),
        type=type_key,
        area=kind.area,
        actor=acting.actor,
        targets=targets,
        occurred_at=occurred_at or now,
        received_at=now,
        scope_id=scope_id or section_scope(kind) or own_scope or space_scope(targets),
        outcome=outcome,
        is_read=kind.verb is Verb.READ,
        context=acting.context,
        meta=meta or {},
        changes=changes,
    )
    told = redacted(draft, kind)
    if (recorded := _recorded.get()) is not None:
        recorded.append(told)
    return write_events([told])[0]


@contextmanager
def recorded_here() -> Iterator[list[EventDraft]]:
    """A list that fills with the events that are recorded inside the block, in their order."""
    recorded: list[EventDraft] = []
    token = _recorded.set(recorded)
    try:
        yield recorded
    finally:
        _recorded.reset(token)


def redacted(draft: EventDraft, kind: KnownType) -> EventDraft:
    """The draft with its secrets taken out: by key, by shape, and by what the type declares.

    Changes keep their path, so that a reader learns that a secret changed, and never to what.
    """
    meta, _ = redact(dict(draft.meta), secret_paths=kind.secret_paths)
    context, _ = redact(dict(draft.context))
    changes = [_redacted_change(change, kind.secret_paths) for change in draft.changes]
    return EventDraft(
        **{name: getattr(draft, name) for name in EventDraft.__slots__ if name not in TOLD_ANEW},
        meta=meta,
        context=context,
        changes=changes,
        personal_paths=kind.personal_paths,
    )


def _redacted_change(change: Change, secret_paths: frozenset[str]) -> Change:
    sides = {}
    for side in ("old", "new"):
        value = getattr(change, side)
        sides[side] = value if value is MISSING else redact(value, secret_paths=secret_paths, base_path=change.path)[0]
    return Change(change.path, **sides)
