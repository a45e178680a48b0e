"""Spaces are known by what is recorded about them, through whichever door it came."""

from datetime import timedelta

import pytest

from auditapp.ingest.import_file import import_file
from auditapp.lib import clock
from auditapp.lib.clock import utc_text
from auditapp.record.drafts import SYSTEM, Target
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.spaces import learning
from auditapp.spaces.models import Space
from auditapp.spaces.queries import space_names
from tests.factories import acting_as, events_of, make_user, make_workspace

NOON = clock.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
AUDIENCE = Target("audience", "aud_1", "Lapsed hikers")


@pytest.fixture
def world(db):
    return make_workspace(), make_user()


def tell(world, key, *targets, hours=0):
    workspace, olga = world
    with acting_as(olga, workspace):
        record(key, target=targets, occurred_at=NOON + timedelta(hours=hours))


def names(world):
    with in_workspace(world[0].id):
        return space_names(world[0].id)


def test_the_first_event_makes_a_space_known_and_a_newer_name_replaces_the_old(world, django_assert_num_queries):
    tell(world, "audience.created", AUDIENCE, Target("space", "spa_1", "Prod"), hours=1)
    assert names(world) == {"spa_1": "Prod"}
    tell(world, "space.modified", Target("space", "spa_1", "Production"), hours=3)
    tell(world, "audience.modified", AUDIENCE, Target("space", "spa_1", "As it was"), hours=2)
    tell(world, "audience.deleted", AUDIENCE, Target("space", "spa_1"), hours=4)
    assert names(world) == {"spa_1": "Production"}, "neither what is older nor what has no name"
    drafts = [row.event for row in events_of(world[0])]
    with in_workspace(world[0].id), django_assert_num_queries(1):
        learning.learn_spaces(drafts)  # what tells nothing new costs one look, and locks nothing


def test_a_deleted_space_is_marked_until_it_is_created_again(world):
    space = Target("space", "spa_1", "Prod")
    tell(world, "space.created", space)
    tell(world, "space.deleted", space, hours=2)
    tell(world, "audience.deleted", AUDIENCE, space, hours=3)
    assert names(world) == {"spa_1": "Prod (deleted)"}
    tell(world, "space.created", space, hours=1)
    assert names(world) == {"spa_1": "Prod (deleted)"}, "it came late and tells of before"
    tell(world, "space.created", space, hours=4)
    assert names(world) == {"spa_1": "Prod"}


def test_an_event_in_this_process_belongs_to_its_space_too(world):
    tell(world, "audience.created", AUDIENCE, Target("space", "spa_1", "Prod"), Target("space", "spa_2", "Dev"))
    assert names(world) == {"spa_2": "Dev", "spa_1": "Prod"}
    assert [row.event.scope_id for row in events_of(world[0])] == ["spa_1"]


@pytest.mark.parametrize(
    "id", ["section:privacy", "src_3vQk7TzLwR1mYb8NfXc2Hd", "fun_1", "x" * 201, "a\x1bb", "a:b", "a/b", ".."]
)
def test_what_would_open_another_history_is_no_space(world, id):
    tell(world, "audience.created", AUDIENCE, Target("space", id, "Sly"))
    assert names(world) == {}
    assert events_of(world[0])[0].event.scope_id is None


def test_nobody_fills_the_list_without_end(world, monkeypatch):
    monkeypatch.setattr(learning, "MOST", 2)
    tell(world, "audience.created", AUDIENCE, *(Target("space", f"spa_{n}") for n in range(4)))
    tell(world, "audience.created", AUDIENCE, Target("space", "spa_9"), Target("space", "spa_0", "Named"))
    assert names(world) == {"spa_0": "Named", "spa_1": "spa_1"}


def test_an_import_makes_spaces_known_and_keeps_the_scopes_that_lines_have(world, tmp_path):
    workspace, _ = world
    lines = [
        f'{{"type": "{key}", "occurredAt": "{utc_text(NOON)}", "actor": {{"id": "u"}}, "targets": [{targets}]{more}}}'
        for key, targets, more in (
            (
                "audience.modified",
                '{"type": "audience", "id": "a"}, {"type": "space", "id": "spa_1", "name": "Prod"}',
                "",
            ),
            ("order.paid", '{"type": "order", "id": "o"}', ', "scopeId": "src_1"'),
            ("source.enabled", '{"type": "source", "id": "src_2"}', ""),
            ("consent_category.deleted", '{"type": "consent_category", "id": "c"}', ""),
        )
    ]
    (tmp_path / "old.jsonl").write_text("\n".join(lines))
    with (tmp_path / "old.jsonl").open("rb") as file:
        report = import_file(
            file,
            workspace_id=workspace.id,
            workspace_name="Halden",
            format_name="jsonl",
            file_name="old.jsonl",
            operator=SYSTEM,
        )
    assert (report.new, report.refusals) == (4, [])
    assert names(world) == {"spa_1": "Prod"}
    scopes = {row.event.type: row.event.scope_id for row in events_of(workspace)}
    assert (scopes["audience.modified"], scopes["order.paid"]) == ("spa_1", "src_1")
    assert (scopes["source.enabled"], scopes["consent_category.deleted"]) == ("src_2", "section:privacy")


def test_spaces_of_another_workspace_are_their_own(world):
    tell(world, "space.created", Target("space", "spa_1", "Prod"))
    other = make_workspace(slug="other")
    with in_workspace(other.id):
        assert not Space.objects.exists()
