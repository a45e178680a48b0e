"""Power over others is given on pages by who proved lately that it is them: what asks, what is kept of the form, and what goes on at once."""

from datetime import timedelta
from html import unescape

import pytest
from django.core.cache import cache

from auditapp.access.access_requests import request_access
from auditapp.access.inviting import invite_members
from auditapp.access.models import Grant, GroupMember, Role
from auditapp.access.own_roles import create_role
from auditapp.access.power import gives_power
from auditapp.access.roles import grant_role
from auditapp.lib import clock
from auditapp.lib.ids import new_id
from auditapp.record.workspace_scope import in_workspace
from tests.factories import acting_as, events_of, make_cast, make_grant, make_group, make_member, make_user, prove

ACCESS = "/demo/settings/access/"
OWNER = {"role": "workspace_owner"}


@pytest.fixture
def cast(db):
    cache.clear()
    return make_cast()


@pytest.fixture
def olga(client, cast):
    client.force_login(cast.olga)
    return client


def asked(olga, cast, path, values, *kept):
    """It is asked first, with all that was typed and nothing done; then the same form is taken. Gives that answer."""
    before = len(events_of(cast.workspace))
    answer = olga.post(f"{ACCESS}{path}", values)
    page = unescape(answer.content.decode())
    assert answer.status_code == 403
    assert "/accounts/reauthenticate/?next=" in page
    for text in kept:
        assert text in page
    assert len(events_of(cast.workspace)) == before
    prove(olga)
    answer = olga.post(f"{ACCESS}{path}", values)
    assert len(events_of(cast.workspace)) > before
    return answer


def test_what_gives_power_is_told_by_what_a_role_allows(cast):
    powerful = {role.key for role in Role.objects.filter(workspace_id=None) if gives_power(role)}
    assert powerful == {"workspace_owner", "auditor", "pii_access"}
    for permission in ("access.manage", "token.manage", "workspace.manage", "audit.read_all", "audit.read_personal"):
        assert gives_power(Role(permissions=["audit.read", permission]))
    assert not gives_power(Role(permissions=["access.read", "source.write"]))


def test_giving_such_a_role_to_a_member(olga, cast):
    with acting_as(cast.olga, cast.workspace):
        own = create_role(name="Token keeper", description="", over="", permissions=["audit.read", "token.manage"])
    path = f"members/{cast.mina.id}/roles/"
    answer = asked(olga, cast, path, {"role": own.key}, f'value="{own.key}" selected', '<details class="opens" open')
    assert answer.status_code == 302


def test_giving_such_a_role_to_a_group(olga, cast):
    group = make_group(workspace=cast.workspace)
    answer = asked(olga, cast, f"groups/{group.id}/roles/", OWNER, 'value="workspace_owner" selected')
    assert answer.status_code == 302


def test_putting_somebody_into_a_group_that_has_one(olga, cast):
    group = make_group(workspace=cast.workspace)
    make_grant(workspace=cast.workspace, group=group, role="workspace_owner")
    path = f"groups/{group.id}/members/"
    asked(olga, cast, path, {"user_id": cast.mina.id}, f'value="{cast.mina.id}" selected')
    with in_workspace(cast.workspace.id):
        assert GroupMember.objects.get(group_id=group.id).user_id == cast.mina.id


def test_inviting_with_one_and_sending_that_again(olga, cast):
    asked(olga, cast, "invite/", {**OWNER, "emails": "grace@example.com, hal@example.com"}, "grace@example.com, hal@")
    with acting_as(cast.olga, cast.workspace):
        (sent,) = invite_members(emails=["ida@example.com"], role_key="workspace_owner", scope="workspace")
    olga.logout()
    olga.force_login(cast.olga)
    assert asked(olga, cast, f"invitations/{sent.invitation.id}/resend/", {}).status_code == 302


def test_approving_a_request_with_one(olga, cast):
    with acting_as(cast.mina, cast.workspace):
        request = request_access(permission="source.write")
    path, choice = f"requests/{request.id}/approve/", "workspace_owner.workspace"
    assert asked(olga, cast, path, {"choice": choice}, f'value="{choice}" selected').status_code == 302


def test_a_token_that_gives_roles_and_what_its_page_repeats(olga, cast):
    form = {
        "token_id": new_id("tok"),
        "name": "Terraform",
        "scopes": ["audit:read", "access:write"],
        "lifetime": "30",
        "networks": "192.0.2.0/24",
    }
    answer = asked(olga, cast, "tokens/new/", form, form["token_id"], 'value="Terraform"', "192.0.2.0/24")
    page = answer.content.decode()
    until = clock.now() + timedelta(days=30)
    for shown in ("aud_pat_", "access:write", "audit:read", "192.0.2.0/24", f"{until:%b %Y}"):
        assert shown in page


@pytest.mark.parametrize("role", ["auditor", "pii_access"])
def test_a_role_that_shows_the_whole_trail_or_addresses(olga, cast, role):
    answer = asked(
        olga, cast, f"members/{cast.mina.id}/roles/", {"role": role}, "see the whole trail, or e-mail and IP addr"
    )
    assert answer.status_code == 302


@pytest.mark.parametrize(("scope", "lifetime"), [("audit:read", "30"), ("source:read", "")])
def test_a_token_that_reads_all_or_never_expires(olga, cast, scope, lifetime):
    form = {"token_id": new_id("tok"), "name": "CI", "scopes": [scope], "lifetime": lifetime}
    answer = asked(olga, cast, "tokens/new/", form, "read the whole trail, or work for ever")
    assert "aud_pat_" in answer.content.decode()


def test_what_gives_no_power_and_what_takes_it_away_goes_on_at_once(olga, cast):
    former = make_user(name="Fay")
    make_member(workspace=cast.workspace, user=former, role="workspace_owner")
    with acting_as(cast.olga, cast.workspace):
        given = grant_role(role_key="workspace_owner", scope="workspace", user_id=cast.mina.id)
    group = make_group(workspace=cast.workspace)
    plain = {"token_id": new_id("tok"), "name": "CI", "scopes": ["access:read"], "lifetime": "30"}
    for path, values, status in (
        (f"members/{cast.mina.id}/roles/", {"role": "source_admin", "scope": "all"}, 302),
        (f"groups/{group.id}/members/", {"user_id": cast.mina.id}, 302),
        ("invite/", {"emails": "grace@example.com", "role": "workspace_member"}, 302),
        ("tokens/new/", plain, 200),
        (f"grants/{given.id}/revoke/", {}, 302),
        (f"members/{former.id}/remove/", {}, 302),
    ):
        assert olga.post(f"{ACCESS}{path}", values).status_code == status
    with in_workspace(cast.workspace.id):
        assert not Grant.objects.filter(role_id="workspace_owner").exclude(subject_id=cast.olga.id).exists()
