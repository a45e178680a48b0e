"""Labels come back, go again, and are described as before; the labels of a source are the source's to undo."""

import pytest

from auditapp.access.known_labels import known_labels
from auditapp.access.labels import LabelInUse, create_label, delete_label, describe_label
from auditapp.access.models import Grant
from auditapp.record.workspace_scope import in_workspace
from auditapp.revert.errors import NothingChosen
from auditapp.sources.models import Source
from auditapp.sources.services import change_source, delete_source
from tests.factories import last_event, make_cast, make_grant, make_labels
from tests.revert.looking import latest, one_request, preview_of, standings, undo


@pytest.fixture
def cast(db):
    return make_cast()


def described(cast):
    with in_workspace(cast.workspace.id):
        return {str(one): one.description for one in known_labels(cast.workspace.id) if one.key == "tier"}


def carried(cast):
    with in_workspace(cast.workspace.id):
        return Source.objects.get(id=cast.shop.id).labels


def labelled(cast, *labels):
    with one_request(cast):
        change_source(source_id=cast.shop.id, name="Web shop", labels=labels)
    return last_event(cast.workspace)


def test_a_label_goes_and_comes_back_with_its_description(cast):
    with one_request(cast):
        create_label(key="tier", value="gold", description="Watched")
    undo(cast, last_event(cast.workspace))
    assert described(cast) == {}
    deleted = last_event(cast.workspace)
    assert "Create, describe and delete labels" in preview_of(cast, deleted, who=cast.rita).parts[0].refusal
    undo(cast, deleted)
    assert described(cast) == {"tier:gold": "Watched"}
    assert last_event(cast.workspace).event.type == "label.restored"
    with one_request(cast):
        delete_label(key="tier", value="gold")
        create_label(key="tier", value="gold")
    with pytest.raises(NothingChosen):  # it is there again
        undo(cast, latest(cast, "label.deleted"))


def test_a_description_is_set_back(cast):
    make_labels("tier:gold", workspace=cast.workspace)
    with one_request(cast):
        describe_label(key="tier", value="gold", description="Watched")
    row = last_event(cast.workspace)
    assert standings(preview_of(cast, row)) == {"description": "safe"}
    undo(cast, row)
    assert described(cast) == {"tier:gold": ""}


def test_making_one_that_is_in_use_is_not_undone(cast):
    with one_request(cast):
        create_label(key="tier", value="gold")
    row = last_event(cast.workspace)
    labelled(cast, "tier:gold")
    with pytest.raises(LabelInUse):
        undo(cast, row)


def test_labels_of_a_source_are_set_back_and_it_is_said_which_are_gone(cast):
    make_labels("tier:gold", workspace=cast.workspace)
    labelled(cast, "environment:prod", "tier:gold")
    make_grant(
        workspace=cast.workspace, user=cast.mina, role="source_read_only", scope="labelled", labels=["tier:gold"]
    )
    row = labelled(cast, "environment:dev")
    assert f"{cast.mina} gains: See sources." in preview_of(cast, row).parts[0].effects
    assert preview_of(cast, row, who=cast.milo).parts[0].effects == ["Roles that are given by label follow the labels."]
    undo(cast, row)
    assert carried(cast) == ["environment:prod", "tier:gold"]
    row = labelled(cast)
    with one_request(cast):
        Grant.objects.filter(labels=["tier:gold"]).delete()
        delete_label(key="tier", value="gold")
    [follow, gone] = preview_of(cast, row).parts[0].effects
    assert follow == "Roles that are given by label follow the labels."
    assert gone == "tier:gold is no label any more: it comes without it."
    undo(cast, row)
    assert carried(cast) == ["environment:prod"]
    with one_request(cast):
        delete_source(source_id=cast.shop.id)
    assert "no label any more" not in str(preview_of(cast, last_event(cast.workspace)).parts[0].effects)
