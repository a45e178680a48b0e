"""Holds one event against its seal: hash, columns, values, search tokens. Reads nothing; erasures are looked up for it.

The tree above the events is checked in tree_check.py.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import orjson

from auditapp.lib.clock import utc_text
from auditapp.lib.ids import event_key
from auditapp.lib.personal_text import says_address
from auditapp.merkle import leaf_hash
from auditapp.record.envelope import FIRST_UNITS, commitment, committed, unit_paths
from auditapp.sealing.checked_event import CheckedEvent
from auditapp.sealing.erasures import Erasure
from auditapp.sealing.problems import Kind, Problem
from auditapp.sealing.token_check import ERASABLE, TokenCheck, as_plain, token_class

PROJECTED: Final = (
    *("workspace_id", "id", "type", "area", "occurred_at", "received_at", "actor_id", "actor_kind"),
    *("resource_type", "resource_id", "scope_id", "outcome", "is_read"),
)


@dataclass(slots=True)
class Findings:
    """What is wrong with one event, which of its values were erased lawfully, and the hash its leaf must have."""

    sealed_hash: bytes
    problems: list[Problem] = field(default_factory=list)
    erased: dict[str, UUID] = field(default_factory=dict)


_paths = lru_cache(unit_paths)


class EventChecker:
    """Checks events of one workspace, one after another.

    Takes:   erasure_of, which finds a recorded erasure by the id of its event
    """

    def __init__(self, workspace_id: int, erasure_of: Callable[[UUID], Erasure | None]) -> None:
        self.workspace_id = workspace_id
        self.erasure_of = erasure_of
        self.tokens = TokenCheck()

    def check(self, event: CheckedEvent, *, leaf: bytes, index: int | None) -> Findings:
        """Hold everything that is stored of an event against the hash in its leaf (where it waits, its own)."""
        check = _EventCheck(event, self.workspace_id, index, Findings(leaf))
        if check.check_hash(leaf):
            envelope = orjson.loads(event.envelope)
            check.check_columns(envelope)
            check.check_erasures(check.check_values(envelope), self.erasure_of)
            check.check_derived(envelope, self.tokens)
        return check.findings


class _EventCheck:
    def __init__(self, event: CheckedEvent, workspace_id: int, index: int | None, findings: Findings) -> None:
        self.event = event
        self.workspace_id = workspace_id
        self.index = index
        self.findings = findings

    def add(self, kind: Kind, field: str, message: str) -> None:
        self.findings.problems.append(Problem(kind, message, self.index, event_key(self.event.id), field))

    def check_hash(self, leaf: bytes) -> bool:
        """Envelope, event and leaf hold the hash three times: two that agree name the third. False where the envelope is not to be trusted."""
        computed, column = leaf_hash(self.event.envelope), self.event.leaf_hash
        if computed == column == leaf:
            return True
        if computed == leaf:
            self.add(Kind.COLUMN, "leaf_hash", "The column leaf_hash is not the hash of the envelope.")
            return True
        if computed == column:
            self.findings.sealed_hash = computed
            self.add(Kind.LEAF, "leaf.hash", "The leaf does not hold the hash of this event.")
            return True
        differing = ", ".join(_readable_differences(self.event, self.workspace_id))
        hint = f" It differs from the columns in {differing}." if differing else ""
        self.add(Kind.ENVELOPE, "envelope", f"The envelope is not the one that was sealed.{hint}")
        if column != leaf:
            self.add(
                Kind.COLUMN, "leaf_hash", "The column leaf_hash is neither the hash of the envelope nor the sealed one."
            )
        return False

    def check_columns(self, envelope: dict[str, Any]) -> None:
        for column in differing_columns(envelope, self.event, self.workspace_id):
            self.add(Kind.COLUMN, column, f"The column {column} does not say what was sealed.")

    def check_values(self, envelope: dict[str, Any]) -> list[str]:
        """Hold each value against its commitment; gives the names of those that are gone with their salt."""
        event, wanted = self.event, committed(envelope)
        changes = [change[0] for change in envelope["c"]["changes"]]
        for column, stored in (("units", event.units), ("salts", event.salts)):
            if len(stored) != len(wanted):
                self.add(
                    Kind.VALUE, column, f"The column {column} has {len(stored)} values where {len(wanted)} were sealed."
                )
                return []
        gone = []
        for path, commit, unit, salt in zip(_paths(len(changes)), wanted, event.units, event.salts, strict=True):
            if commit is None:
                if unit is not None or salt is not None:
                    self.add(Kind.VALUE, _named(path, changes), "There is a value where none was sealed.")
            elif unit is not None and salt is not None:
                if b64encode(commitment(path, salt, unit)).decode() != commit:
                    self.add(
                        Kind.VALUE, _named(path, changes), "The value, or its salt, is not the one that was sealed."
                    )
            elif unit is None and salt is None:
                gone.append(_named(path, changes))
            else:
                part = "value" if unit is None else "salt"
                self.add(
                    Kind.MISSING_VALUE,
                    _named(path, changes),
                    f"The {part} is gone; erasing takes value and salt together.",
                )
        return gone

    def check_erasures(self, gone: Sequence[str], erasure_of: Callable[[UUID], Erasure | None]) -> None:
        erasures = {erasure_id: erasure_of(erasure_id) for erasure_id in self.event.erased_by or ()}
        lawful = [found for found in erasures.values() if found and self.event.id in found.events]
        for name in gone:
            unit = name.partition("/")[0]
            by = next((erasure.id for erasure in lawful if unit in erasure.units), None)
            if by is None:
                self.add(Kind.MISSING_VALUE, name, "The value is gone, and no sealed event says that it was erased.")
            else:
                self.findings.erased[name] = by
        if len(lawful) < len(erasures) or (self.event.erased_by is not None and not gone):
            self.add(Kind.COLUMN, "erased_by", "The column erased_by names an event that erased nothing here.")

    def check_derived(self, envelope: dict[str, Any], tokens: TokenCheck) -> None:
        """The columns that repeat a value rather than the envelope: they go when their value is erased."""
        if any(problem.kind in (Kind.VALUE, Kind.MISSING_VALUE) for problem in self.findings.problems):
            return  # a value that is not the sealed one cannot say what they must be
        units = self.event.units[: len(FIRST_UNITS)]
        context = orjson.loads(units[2]) if units[2] is not None else {}
        for column, stored in (("request_id", self.event.request_id), ("session_id", self.event.session_id)):
            value = context.get(column)
            if stored != (None if value is None else str(value)):
                self.add(Kind.COLUMN, column, f"The column {column} does not say what the context says.")
        found, expected = set(self.event.tokens), tokens.expected(envelope, units, context)
        if found == expected:
            return
        found, expected = as_plain(found), as_plain(expected)
        lost = {token_class(lexeme) for lexeme in expected - found}
        if found - expected or lost - (ERASABLE if self.findings.erased else set()):
            self.add(Kind.COLUMN, "tokens", "The words that this event is found by are not those of its values.")


def differing_columns(envelope: dict[str, Any], event: CheckedEvent, workspace_id: int) -> list[str]:
    """The columns that do not say what the envelope says."""
    claimed = (
        *(
            envelope["ws"],
            envelope["id"],
            envelope["type"],
            envelope["area"],
            envelope["occurred_at"],
            envelope["received_at"],
        ),
        *(
            envelope["actor"],
            envelope["actor_kind"],
            *envelope["resource"],
            envelope["scope"],
            envelope["outcome"],
            envelope["read"],
        ),
    )
    stored = (
        *(
            f"ws_{workspace_id}",
            str(event.id),
            event.type,
            event.area,
            utc_text(event.occurred_at),
            utc_text(event.received_at),
        ),
        *(
            event.actor_id,
            event.actor_kind,
            event.resource_type,
            event.resource_id,
            event.scope_id,
            event.outcome,
            event.is_read,
        ),
    )
    if claimed == stored:
        return []
    return [column for column, ours, theirs in zip(PROJECTED, stored, claimed, strict=True) if ours != theirs]


def _readable_differences(event: CheckedEvent, workspace_id: int) -> list[str]:
    """The same for an envelope that somebody rewrote: it may be anything."""
    try:
        return differing_columns(orjson.loads(event.envelope), event, workspace_id)
    except (ValueError, KeyError, TypeError):
        return []


def _named(path: str, changes: Sequence[str]) -> str:
    """The path of a value, for a change with the field that it is about: `changes/0/new (schedule.hour)`."""
    _, _, rest = path.partition("/")
    if not rest:
        return path
    field = changes[int(rest.partition("/")[0])]
    # Whoever may verify reads this: some of them may see no address.
    return path if says_address(field) else f"{path} ({field})"
