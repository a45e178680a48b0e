"""Labels come, are described and go, and nobody gets more by one than whoever gave it has."""

import pytest
from django.db import transaction

from auditapp.access.known_labels import UnknownLabel, known_labels
from auditapp.access.label_queries import labels_shown, matching, uses_in_words
from auditapp.access.labelling import Labelled, OwnReach, shifts
from auditapp.access.labels import LabelInUse, LabelThere, create_label, delete_label, describe_label
from auditapp.access.members import invite_member, revoke_open_invitations
from auditapp.access.models import Grant
from auditapp.access.permissions import Permission, acting_access, permissions_for
from auditapp.access.roles import grant_role
from auditapp.lib.errors import Invalid, NotAllowed, NotFound
from auditapp.record.workspace_scope import in_workspace
from auditapp.sources.restoring import restore_source
from auditapp.sources.services import change_source, create_source, delete_source
from tests.conftest import cloned_database
from tests.factories import acting_as, events_of, last_event, make_cast, make_grant, make_group, make_labels, make_token

PROD, DEV, SHOP = "environment:prod", "environment:dev", "team:shop"


@pytest.fixture(scope="module")
def made(server, django_db_blocker):
    """Everybody, made once: each test rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        cast = make_cast()
        make_labels(SHOP, workspace=cast.workspace)
        yield cast


@pytest.fixture
def cast(made):
    with transaction.atomic():
        yield made
        transaction.set_rollback(True)


def texts(cast):
    with in_workspace(cast.workspace.id):
        return [str(one) for one in known_labels(cast.workspace.id)]


def label(cast, source, labels, who=None):
    with acting_as(who or cast.olga, cast.workspace):
        return change_source(source_id=source.id, name=source.name, labels=labels)


def may(cast, user, permission, source):
    with in_workspace(cast.workspace.id):
        return permissions_for(cast.workspace.id, user.id).can(permission, source.id)


def test_a_label_is_made_described_and_deleted_each_with_its_event(cast):
    with acting_as(cast.olga, cast.workspace):
        create_label(key=" Tier ", value="Gold", description=" Watched\n always ")
        describe_label(key="tier", value="gold", description="Watched")
        describe_label(key="tier", value="gold", description="Watched")
        delete_label(key="tier", value="gold")
    told = [(row.event.type, row.event.targets[0].id) for row in events_of(cast.workspace)[:3]]
    assert told == [(f"label.{verb}", "tier:gold") for verb in ("deleted", "updated", "created")]
    [change] = events_of(cast.workspace)[1].event.changes
    assert (change.path, change.old, change.new) == ("description", "Watched always", "Watched")
    assert texts(cast) == [DEV, PROD, SHOP]


@pytest.mark.parametrize(
    ("key", "value", "description", "field"),
    [
        ("1tier", "gold", "", "key"),
        ("tier", "", "", "value"),
        ("tier", "a" * 41, "", "value"),
        ("tier", "gö", "", "value"),
        ("ti:er", "gold", "", "key"),
        ("tier", "gold", "x" * 201, "description"),
    ],
)
def test_what_is_no_label_is_refused_at_its_field(cast, key, value, description, field):
    with acting_as(cast.olga, cast.workspace), pytest.raises(Invalid) as refusal:
        create_label(key=key, value=value, description=description)
    assert refusal.value.field == field


def test_who_may_not_manage_labels_does_not_and_one_is_made_once(cast):
    for who in (cast.milo, cast.rita, cast.mina):
        with acting_as(who, cast.workspace):
            for act in (create_label, delete_label):
                with pytest.raises(NotAllowed):
                    act(key="team", value="shop")
            with pytest.raises(NotAllowed):
                describe_label(key="team", value="shop", description="Mine")
    with acting_as(cast.olga, cast.workspace):
        with pytest.raises(LabelThere):
            create_label(key="team", value="SHOP")
        for act in (delete_label, lambda **one: describe_label(**one, description="")):
            with pytest.raises(NotFound):
                act(key="team", value="none")


def test_what_is_in_use_is_not_deleted_and_it_is_said_by_what(cast):
    label(cast, cast.shop, [SHOP])
    group = make_group(workspace=cast.workspace, members=[cast.mina])
    reach = {"role_key": "source_admin", "scope": "labelled", "labels": [SHOP]}
    with acting_as(cast.olga, cast.workspace):
        grant_role(group_id=group.id, **reach)
        grant_role(user_id=cast.rita.id, **reach)
        invite_member(email="grace@example.com", **reach)
        with pytest.raises(LabelInUse) as refusal:
            delete_label(key="team", value="shop")
        for one in ("1 source", f"a role of {cast.rita}", "a role of the group Mobile team", "grace@example.com"):
            assert one in refusal.value.message
        revoke_open_invitations()
        change_source(source_id=cast.shop.id, name="Web shop", labels=[])
        Grant.objects.filter(labels=[SHOP]).delete()
        delete_label(key="team", value="shop")
    assert SHOP not in texts(cast)


def test_counts_stay_within_what_somebody_may_see(cast):
    label(cast, cast.shop, [SHOP, PROD])
    label(cast, cast.kiosk, [SHOP])
    with acting_as(cast.milo, cast.workspace):
        access = acting_access()
        shown = {str(one.label): one for one in labels_shown(access)}
        assert [name for name, _ in shown[SHOP].carrying[0].found] == ["Web shop"]
        assert (shown[SHOP].is_hidden, shown[PROD].is_hidden, shown[DEV].is_used) == (True, False, False)
        assert uses_in_words(access, SHOP) == ["1 source", "something that your role does not reach"]
        assert [one.in_words for one in matching(access, [SHOP])] == ["1 source"]
    with acting_as(cast.olga, cast.workspace):
        assert [one.in_words for one in matching(acting_access(), [SHOP, PROD])] == ["1 source"]
        assert [one.in_words for one in matching(acting_access(), [])] == ["0 sources"]


def test_unknown_labels_are_refused_wherever_one_is_given(cast):
    new = ["team:none"]
    with acting_as(cast.olga, cast.workspace):
        for act in (
            lambda: create_source(name="New", labels=new),
            lambda: change_source(source_id=cast.shop.id, name="Web shop", labels=new),
            lambda: grant_role(user_id=cast.mina.id, role_key="source_admin", scope="labelled", labels=new),
            lambda: invite_member(email="g@example.com", role_key="source_admin", scope="labelled", labels=new),
        ):
            with pytest.raises(UnknownLabel, match=r"team:none is no label.*Access Management > Labels") as refusal:
                act()
            assert refusal.value.field == "labels"


def test_roles_follow_labels_from_the_next_request_on_and_the_page_tells_before(cast):
    make_grant(workspace=cast.workspace, user=cast.mina, role="source_admin", scope="labelled", labels=[PROD, SHOP])
    group = make_group(workspace=cast.workspace, members=[cast.rita])
    make_grant(workspace=cast.workspace, group=group, role="source_admin", scope="labelled", labels=[DEV])
    label(cast, cast.kiosk, [DEV])
    assert may(cast, cast.rita, "source.write", cast.kiosk)
    with in_workspace(cast.workspace.id):
        one, two = shifts(cast.workspace.id, Labelled("source", cast.kiosk.id), [DEV], [PROD, SHOP])
    assert (one.user, one.gains, one.loses) == (
        cast.mina,
        [Permission.SOURCE_READ, Permission.SOURCE_WRITE],  # the trail she may open already
        [],
    )
    assert one.roles == [f"Source Admin over {PROD}, {SHOP}"]
    # rita reads every source as auditor
    assert (two.user, two.gains, two.loses) == (cast.rita, [], [Permission.SOURCE_WRITE])
    assert two.roles == [f"Source Admin over {DEV}, group Mobile team"]
    label(cast, cast.kiosk, [PROD, SHOP])
    assert may(cast, cast.mina, "source.write", cast.kiosk)
    assert not may(cast, cast.rita, "source.write", cast.kiosk)


def test_nobody_takes_away_the_label_by_which_they_may(cast):
    make_grant(workspace=cast.workspace, user=cast.mina, role="source_admin", scope="labelled", labels=[PROD])
    label(cast, cast.kiosk, [PROD])
    for labels in ([], [DEV], [SHOP]):
        with pytest.raises(OwnReach):
            label(cast, cast.kiosk, labels, who=cast.mina)
    label(cast, cast.kiosk, [PROD, SHOP], who=cast.mina)
    token, _ = make_token(workspace=cast.workspace, scopes=["source:write"], created_by=cast.mina.id)
    with pytest.raises(OwnReach):
        label(cast, cast.kiosk, [SHOP], who=token)
    label(cast, cast.kiosk, [SHOP])
    assert not may(cast, cast.mina, "source.read", cast.kiosk)


def test_a_token_labels_as_whoever_made_it_could(cast):
    make_grant(workspace=cast.workspace, user=cast.mina, role="source_admin", scope="labelled", labels=[PROD])
    token, _ = make_token(workspace=cast.workspace, scopes=["source:write"], created_by=cast.olga.id)
    label(cast, cast.shop, [PROD], who=token)
    assert may(cast, cast.mina, "source.write", cast.shop)


def test_a_source_comes_back_without_labels_that_were_deleted_since(cast):
    label(cast, cast.shop, [PROD, SHOP])
    with acting_as(cast.olga, cast.workspace):
        delete_source(source_id=cast.shop.id)
        delete_label(key="team", value="shop")
        back = restore_source(source_id=cast.shop.id, name="Web shop", kind="http_api", labels=[PROD, SHOP])
    assert back.labels == [PROD]
    assert ("labels", [PROD]) in [(one.path, one.new) for one in last_event(cast.workspace).event.changes]
