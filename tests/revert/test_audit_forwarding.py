"""Forwarding goes on where it stopped, to where it went before; what was sent has no way back."""

import pytest

from auditapp.forwarding.models import Forwarding
from auditapp.forwarding.services import save_forwarding, send_test_event
from auditapp.lib.errors import Invalid
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.kinds.audit_forwarding import WentNowhere
from auditapp.revert.models import What
from auditapp.revert.preview import can_undo
from auditapp.sources.services import delete_source
from tests.factories import last_event, make_cast
from tests.revert.looking import latest, one_request, preview_of, standings, undo


@pytest.fixture
def cast(db):
    return make_cast()


def saved(cast, source, *, is_on=True, **more):
    with one_request(cast):
        save_forwarding(source_id=source.id if source else "", is_on=is_on, **more)
    return last_event(cast.workspace)


def stored(cast):
    with in_workspace(cast.workspace.id):
        one = Forwarding.objects.get(workspace_id=cast.workspace.id)
    return one.is_on, one.source_id, one.query, one.has_one_name


def test_another_source_and_query_are_set_back_and_said_to_be_risky(cast):
    saved(cast, cast.shop)
    row = saved(cast, cast.app, query="risk:risky", has_one_name=True)
    preview = preview_of(cast, row)
    assert standings(preview) == {"source": "safe", "query": "safe", "one_name": "safe"}
    assert preview.is_risky
    assert preview.parts[0].effects[0] == "Audit events go to “Web shop” from then on."
    undo(cast, row)
    assert stored(cast) == (True, cast.shop.id, "", False)
    back = last_event(cast.workspace)
    with one_request(cast):
        delete_source(source_id=cast.app.id)
    with pytest.raises(Invalid, match="This source is gone"):
        undo(cast, back)


def test_switched_off_it_goes_on_and_who_may_not_is_told(cast):
    saved(cast, cast.shop)
    row = saved(cast, cast.shop, is_on=False)
    (part,) = preview_of(cast, row).parts
    assert part.effects[0].startswith("Forwarding goes on where it stopped")
    assert not part.is_risky
    assert "settings" in preview_of(cast, row, who=cast.rita).parts[0].refusal
    undo(cast, row)
    assert stored(cast)[0]
    saved(cast, cast.shop, is_on=False)
    assert standings(preview_of(cast, row)) == {"enabled": "done"}


def test_its_first_source_goes_with_being_switched_on(cast):
    saved(cast, cast.shop)
    with pytest.raises(WentNowhere):
        undo(cast, latest(cast, "audit_forwarding.modified"))
    undo(cast, latest(cast, "audit_forwarding.enabled"), What.REQUEST)
    assert stored(cast) == (False, "", "", False)


def test_a_test_event_has_no_way_back(cast):
    saved(cast, cast.shop)
    with one_request(cast):
        send_test_event()
    assert not can_undo(last_event(cast.workspace))
