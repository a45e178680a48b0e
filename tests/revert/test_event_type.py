"""A declaration that was removed comes back with what it withholds; one that was made is removed."""

import pytest

from auditapp.record.declarations import declare_type, remove_type
from auditapp.record.models import DeclaredType
from auditapp.record.workspace_scope import in_workspace
from tests.factories import last_event, make_cast
from tests.revert.looking import latest, one_request, preview_of, standings, undo

SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}, "buyer": {"sensitive": True}}}


@pytest.fixture
def cast(db):
    return make_cast()


def stored(cast):
    with in_workspace(cast.workspace.id):
        found = DeclaredType.objects.filter(workspace_id=cast.workspace.id, key="order.refunded")
        return found.values(
            "name", "area", "verb", "risk", "sentence", "schema", "secret_paths", "sensitive_paths"
        ).first()


def test_a_declaration_goes_and_comes_back_whole(cast):
    with one_request(cast):
        declare_type(
            key="order.refunded",
            name="Order Refunded",
            risk="notable",
            sentence="refunded {resource}",
            schema=SCHEMA,
            secret_paths=["card.token"],
            sensitive_paths=["address"],
        )
    before = stored(cast)
    assert before["sensitive_paths"] == ["address", "buyer"]
    with one_request(cast):
        remove_type(key="order.refunded")
    removed = last_event(cast.workspace)
    preview = preview_of(cast, removed)
    assert preview.is_risky
    assert standings(preview) == {"": "safe"}
    assert "Declare event types" in preview_of(cast, removed, who=cast.rita).parts[0].refusal
    undo(cast, removed)
    assert stored(cast) == before
    assert standings(preview_of(cast, latest(cast, "event_type.declared"))) == {"": "safe"}
    undo(cast, latest(cast, "event_type.declared"))
    assert stored(cast) is None
