"""What support access is for is written by a person about people: shown and found as reasons and notes of requests are, with the right to personal data."""

from django.urls import reverse

from auditapp.access.own_roles import create_role
from auditapp.access.permissions import permissions_for, viewer_for
from auditapp.access.queries import owner_role
from auditapp.access.roles import grant_role
from auditapp.access.support_queries import support_news
from auditapp.record.event_filter import EventFilter, Word
from auditapp.record.event_query import visible_events
from auditapp.record.masking import HIDDEN
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.dressing import plain_text
from tests.access.support_moves import make_sam, signed_in, supporting
from tests.factories import acting_as, make_cast

PURPOSE = "48213"


def found_by(cast, user):
    """The events of support access that are found by a word of its purpose, and all that there are."""
    with in_workspace(cast.workspace.id):
        events = visible_events(viewer_for(permissions_for(cast.workspace.id, user.id)))
        found = events.page(EventFilter(words=(Word(PURPOSE),), with_reads=True)).rows
        every = [row for row in events.page(EventFilter(with_reads=True)).rows if row.event.type.startswith("support_")]
    return found, every


def test_who_sees_no_personal_data_neither_sees_nor_finds_it(own_database):
    cast = make_cast()
    with acting_as(cast.olga, cast.workspace):
        without = [one for one in owner_role().permissions if one != "audit.read_personal"]
        role = create_role(name="Without", permissions=without)
        grant_role(role_key=role.key, scope="workspace", user_id=cast.milo.id)
    supporting(cast, make_sam())
    found, every = found_by(cast, cast.olga)
    assert {row.event.type for row in found} == {"support_access.granted", "support_access.used"}
    hidden, same = found_by(cast, cast.milo)
    assert hidden == []
    assert len(same) == len(every) == 2
    assert [row.event.meta["purpose"] for row in same] == [HIDDEN, HIDDEN]
    assert PURPOSE not in "".join(map(plain_text, same))
    page = reverse("access:support", args=["demo"])
    bell = reverse("alerts:bell", args=["demo"])
    assert PURPOSE in signed_in(cast.olga).get(page).content.decode()
    for path in (page, bell):
        answer = signed_in(cast.milo).get(path)
        assert (answer.status_code, PURPOSE in answer.content.decode()) == (200, False)
    with in_workspace(cast.workspace.id):
        news = support_news(permissions_for(cast.workspace.id, cast.milo.id))
    assert any("gave support access as far as they go" in one.text for one in news)
