"""Random histories of one warehouse: changes, undoings, restorings, stale and doubled ones, beside a small model of what must come out.

The model knows fields and events alone. It keeps what the warehouse was after every event, and never looks at a preview.
"""

from dataclasses import dataclass, field
from typing import Any

from auditapp.access.permissions import acting_access, viewer_for
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.pipeline.warehouses.models import Warehouse
from auditapp.pipeline.warehouses.queries import connection_of
from auditapp.pipeline.warehouses.services import (
    change_warehouse,
    connect_source,
    create_warehouse,
    delete_warehouse,
    disable_warehouse,
    disconnect_source,
    enable_warehouse,
)
from auditapp.record.drafts import MISSING
from auditapp.record.event_query import visible_events
from auditapp.record.services import recorded_here
from auditapp.revert.errors import NothingChosen, NotUndoable
from auditapp.revert.fields import WHOLE, is_same, is_withheld
from auditapp.revert.kinds.warehouse import WarehouseRevert
from auditapp.revert.models import What
from auditapp.revert.preview import make_preview
from auditapp.revert.services import StalePreview, revert
from tests.revert.looking import one_request

KIND = WarehouseRevert()
NAMES = ("Snowflake", "BigQuery", "Redshift")
PORTS = (5432, 5433, 5434)
SCHEDULES = ("1h", "6h", "manual")
MOVES = ("name", "port", "schedule", "switch", "feed", "delete", "undo", "undo_all", "version", "stale", "twice")


@dataclass
class Model:
    """What the warehouse holds, what each event did, and which fields of which events are undone."""

    now: dict[str, Any] = field(default_factory=dict)
    events: list[tuple[Any, dict[str, tuple[Any, Any]]]] = field(default_factory=list)
    after: dict[Any, dict[str, Any]] = field(default_factory=dict)
    undone: set[tuple[Any, str]] = field(default_factory=set)
    undid: dict[Any, set[tuple[Any, str]]] = field(default_factory=dict)

    def take(self, drafts: list[Any]) -> None:
        """Apply what these events say they did."""
        for draft in drafts:
            changes = {one.path: (one.old, one.new) for one in KIND.changes(draft) if not is_withheld(one.new)}
            for path, (_, new) in changes.items():
                self.now.pop(path, None)
                if new is not MISSING:
                    self.now[path] = new
            self.events.append((draft.id, changes))
            self.after[draft.id] = dict(self.now)

    def standings(self, event_id: Any) -> dict[str, str]:
        """How each field of an event stands, by the rules of product.md and nothing else."""
        changes = dict(self.events)[event_id]
        if WHOLE in changes:
            made = changes[WHOLE][0] is MISSING
            standing = self._standing(event_id, WHOLE, *changes[WHOLE])
            same = all(is_same(self.now.get(path, MISSING), new) for path, (_, new) in changes.items() if path)
            return {WHOLE: "conflict" if standing == "safe" and made and not same else standing}
        return {path: self._standing(event_id, path, *sides) for path, sides in changes.items()}

    def undo(self, event_id: Any, paths: list[str], drafts: list[Any]) -> None:
        """Note what these events undid."""
        self.undone |= {(event_id, path) for path in paths}
        self.undone -= {one for one in self.undid.get(event_id, ()) if one[1] in paths}
        for path in paths:
            teller = next((one for one in drafts if path in {c.path for c in KIND.changes(one)}), drafts[0])
            self.undid.setdefault(teller.id, set()).add((event_id, path))

    def _standing(self, event_id: Any, path: str, old: Any, new: Any) -> str:
        if (event_id, path) in self.undone:
            return "done"
        now = self.now.get(path, MISSING)
        if is_same(now, old):
            return "same"
        return "safe" if is_same(now, new) else "conflict"


@dataclass
class History:
    """One warehouse of a workspace with its model. `play` does one move and holds both beside each other."""

    cast: Any
    model: Model = field(default_factory=Model)
    warehouse_id: str = ""
    reverts: int = 0
    stale: int = 0

    def begin(self) -> None:
        made = self._do(
            lambda: create_warehouse(
                name=NAMES[0], connection=Connection("db.example.com", PORTS[0], "a", "b"), password="p4ss"
            )
        )
        self.warehouse_id = made.id
        # What its making does not tell it has by default.
        with one_request(self.cast):
            self.model.now = {WHOLE: True, **KIND.values(made)}
        self.model.after[self.model.events[-1][0]] = dict(self.model.now)

    def play(self, move: str, choice: int) -> None:
        """One move. What cannot be done as things stand is no move."""
        gone = WHOLE not in self.model.now
        if move in ("undo", "undo_all", "version", "stale", "twice"):
            event_id = self.model.events[choice % len(self.model.events)][0]
            getattr(self, f"_{move}")(event_id, choice)
        elif not gone:
            self._change(move, choice)
        self.hold()

    def hold(self) -> None:
        """The warehouse is what the model says, field by field."""
        with one_request(self.cast):
            found = Warehouse.objects.filter(workspace_id=self.cast.workspace.id, id=self.warehouse_id).first()
            now = {WHOLE: True, **KIND.values(found)} if found else {}
        assert now == self.model.now, _differences(now, self.model.now)

    def _change(self, move: str, choice: int) -> None:
        with one_request(self.cast):
            row = Warehouse.objects.get(workspace_id=self.cast.workspace.id, id=self.warehouse_id)
        same = {"warehouse_id": row.id, "name": row.name, "connection": connection_of(row)}
        if move == "name":
            self._do(lambda: change_warehouse(**same | {"name": NAMES[choice % 3]}))
        elif move == "port":
            moved = connection_of(row)._replace(port=PORTS[choice % 3])
            self._do(lambda: change_warehouse(**same | {"connection": moved}, password="p4ss"))
        elif move == "schedule":
            self._do(lambda: change_warehouse(**same, schedule=SCHEDULES[choice % 3]))
        elif move == "switch":
            switch = disable_warehouse if row.is_enabled else enable_warehouse
            self._do(lambda: switch(warehouse_id=row.id))
        elif move == "feed":
            source = (self.cast.shop, self.cast.app)[choice % 2]
            put = disconnect_source if source.id in row.source_ids else connect_source
            self._do(lambda: put(warehouse_id=row.id, source_id=source.id))
        else:
            self._do(lambda: delete_warehouse(warehouse_id=row.id))

    def _undo(self, event_id: Any, choice: int, *, wanted: tuple[str, ...] = ("safe",)) -> None:
        preview = self._preview(event_id)
        (part,) = preview.parts
        expected = self.model.standings(event_id)
        lost = WHOLE not in self.model.now and WHOLE not in expected
        assert bool(part.refusal) == lost, (part.refusal, expected)
        if lost:
            return
        found = {one.path: str(one.standing) for one in part.fields if str(one.standing) != "withheld"}
        assert found == expected
        paths = [path for path, standing in expected.items() if standing in wanted]
        drafts = self._revert(event_id, What.CHANGE, preview, paths)
        if drafts is not None:
            self.model.undo(event_id, paths, drafts)

    def _undo_all(self, event_id: Any, choice: int) -> None:
        self._undo(event_id, choice, wanted=("safe", "conflict"))

    def _version(self, event_id: Any, choice: int) -> None:
        goal = self.model.after[event_id]
        if WHOLE not in goal:
            return
        preview = self._preview(event_id, What.VERSION)
        paths = [one.path for part in preview.parts for one in part.choices]
        drafts = self._revert(event_id, What.VERSION, preview, paths)
        if drafts is not None:
            assert self.model.now == goal

    def _stale(self, event_id: Any, choice: int) -> None:
        preview, before = self._preview(event_id), self._told(event_id)
        if WHOLE in self.model.now:
            self._change(MOVES[choice % 6], choice // 7)
        if self._told(event_id) == before:
            return
        self.stale += 1
        keys = [part.key_of(one.path) for part in preview.parts for one in part.choices]
        with one_request(self.cast):
            try:
                revert(event_id=event_id, what=What.CHANGE, stamp=preview.stamp, chosen=keys)
            except StalePreview:
                return
            except NothingChosen:
                pass
        raise AssertionError("A stale preview was carried out.")

    def _twice(self, event_id: Any, choice: int) -> None:
        preview = self._preview(event_id)
        before = self.reverts
        self._undo(event_id, choice)
        if self.reverts == before:
            return
        keys = [part.key_of(one.path) for part in preview.parts for one in part.choices]
        with one_request(self.cast):
            try:
                revert(event_id=event_id, what=What.CHANGE, stamp=preview.stamp, chosen=keys)
            except (StalePreview, NothingChosen):
                return
        raise AssertionError("A change was undone twice.")

    def _told(self, event_id: Any) -> list[tuple[str, str, Any]]:
        standings = self.model.standings(event_id)
        gone = WHOLE not in self.model.now and WHOLE not in standings
        return [(path, one, self.model.now.get(path)) for path, one in standings.items()] + [("gone", str(gone), None)]

    def _preview(self, event_id: Any, what: What = What.CHANGE) -> Any:
        with one_request(self.cast):
            access = acting_access()
            viewer = viewer_for(access)
            row = visible_events(viewer).get(event_id)
            assert row is not None
            return make_preview(access, viewer, row, what)

    def _revert(self, event_id: Any, what: What, preview: Any, paths: list[str]) -> list[Any] | None:
        (part,) = preview.parts
        secrets = {part.key_of(path): "p4ss" for path in part.asks}
        try:
            with one_request(self.cast):
                drafts = revert(
                    event_id=event_id,
                    what=what,
                    stamp=preview.stamp,
                    chosen=[part.key_of(path) for path in paths],
                    secrets=secrets,
                )
        except (NothingChosen, NotUndoable):
            assert not paths
            return None
        self.reverts += 1
        self.model.take(drafts)
        return drafts

    def _do(self, act: Any) -> Any:
        with one_request(self.cast), recorded_here() as drafts:
            made = act()
        self.model.take(drafts)
        return made


def _differences(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    paths = sorted({*one, *other})
    return [(path, one.get(path), other.get(path)) for path in paths if one.get(path) != other.get(path)]
