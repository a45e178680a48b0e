"""Every event type of the pipeline that the catalogue calls revertible is undone by its kind, or has a reason why not."""

import re
from pathlib import Path
from uuid import uuid4

import pytest

import auditapp
from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.lib import clock
from auditapp.record.drafts import SYSTEM, Change, EventDraft, Target
from auditapp.revert.kind import revert_kind

RESOURCES = ("destination", "destination_filter", "transformation", "insert_function")
NO_WAY_BACK = {
    "destination.mapping_modified": "no destination of this product has mappings, so that none records it",
}
# What is sent, opened, counted or failed is not a state that something could go back to.
NOTHING_CHANGED = {
    *("destination.test_sent", "destination.delivery_failed", "destination.delivery_recovered"),
    *("destination.event_dead_lettered", "destination.events_expired", "destination.replay_cancelled"),
    *("destination.events_replayed", "function.viewed", "function.run_failed"),
    "destination.secret_rotated",  # the one before was shown once, and is not kept
}
TYPES = [one for one in EVENT_TYPES.values() if one.resource_type in RESOURCES]


def sample(declared):
    """The sample of a type as an event; None in it is a side that was not there."""
    changes = [
        Change(one["path"], **{name: one[name] for name in ("old", "new") if one[name] is not None})
        for one in declared.sample["changes"]
    ]
    return EventDraft(
        workspace_id=1,
        id=uuid4(),
        type=declared.key,
        area=declared.area,
        actor=SYSTEM,
        targets=[Target(**one) for one in declared.sample["targets"]],
        occurred_at=clock.now(),
        received_at=clock.now(),
        changes=changes,
    )


@pytest.mark.parametrize("declared", TYPES, ids=lambda declared: declared.key)
def test_a_type_says_whether_it_can_be_undone_and_its_kind_says_the_same(declared):
    kind = revert_kind(declared.resource_type)
    changes = kind.changes(sample(declared))
    if declared.key in NO_WAY_BACK:
        assert not any(kind.is_settable(change.path) for change in changes)
        return
    assert bool(changes) is declared.revertible is (declared.key not in NOTHING_CHANGED)
    labels = {change.path: kind.label(change.path, sample(declared)) for change in changes}
    assert not [path for path, label in labels.items() if label == path]


def test_each_type_that_is_recorded_is_looked_at_here():
    recorded = set()
    for file in (Path(auditapp.__file__).parent / "pipeline").rglob("*.py"):
        recorded |= set(re.findall(r"record\(\s*\"([a-z_]+\.[a-z_]+)\"", file.read_text()))
    known = {one.key for one in TYPES}
    nouns = ("destination.", "destination_filter.", "transformation.", "function.", "insert_function.")
    assert {key for key in recorded if key.startswith(nouns)} <= known
