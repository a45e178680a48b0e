"""The ready view of access: each event that says who may do what is in it, and one that is new is not forgotten."""

import pytest

from auditapp.access.past import ACCESS_EVENTS
from auditapp.alerts.ready import ready_rule
from auditapp.catalogue.registry import EVENT_TYPES
from auditapp.record.event_matches import is_of_type
from auditapp.trail.address import Address
from auditapp.trail.filters import read_query
from auditapp.trail.moments import UTC_ZONE
from auditapp.trail.query_box import read_box
from auditapp.trail.saved_views.ready import ready_view

# Of the area of people, what tells of no access: daily signing in, passwords (a view of their own), and what somebody is notified of.
NOT_OF_ACCESS = {
    "user.signed_in",
    "user.sign_in_failed",
    "user.signed_out",
    "user.password_changed",
    "user.password_reset_requested",
    "user.notification_preferences_modified",
}
# Of other areas, what gives access or takes it, by how its key begins.
ELSEWHERE = ("label.", "workspace.access_token", "workspace.owner", "workspace.sso")


def wanted_of(query):
    box = read_box(query, Address(""))
    assert not box.problems
    return read_query(box.address, zone=UTC_ZONE).wanted


def of_access():
    by_area = {key for key, kind in EVENT_TYPES.items() if kind.area == "users"} - NOT_OF_ACCESS
    return sorted(by_area | {key for key in EVENT_TYPES if key.startswith(ELSEWHERE)} | set(ACCESS_EVENTS))


@pytest.mark.parametrize("key", of_access())
def test_each_event_of_access_is_in_the_view(key):
    message = "Put the type into the ready view of access, or name it in NOT_OF_ACCESS."
    assert is_of_type(wanted_of(ready_view("access").query), key, EVENT_TYPES[key].area), message


def test_nothing_else_is():
    wanted = wanted_of(ready_view("access").query)
    assert {key for key, kind in EVENT_TYPES.items() if is_of_type(wanted, key, kind.area)} == set(of_access())


def test_what_is_left_out_is_there():
    assert EVENT_TYPES.keys() >= NOT_OF_ACCESS


def test_the_rule_about_owners_looks_at_events_of_access_alone():
    assert set(wanted_of(ready_rule("owner").query).types.include) <= set(of_access())
