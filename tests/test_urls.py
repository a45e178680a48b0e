"""The table of URLs, walked: every view says who may use it, every answer carries its headers, no form works without its token,
and looking changes nothing."""

import re
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path

from tests.conftest import cloned_database
from tests.factories import as_operator, make_cast, make_token

SOURCES_OF_IDS = {"source_id": "shop", "warehouse_id": "warehouse", "user_id": "mina"}
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")


def walk(patterns, prefix="") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern


def unmarked(patterns):
    return [
        route
        for route, pattern in walk(patterns)
        if not (getattr(pattern.callback, "permission", "") or getattr(pattern.callback, "public_reason", ""))
    ]


ROUTES = [route for route, _ in walk(get_resolver().url_patterns)]
# With a token instead of a session there is no cookie that another site could use.
WITHOUT_COOKIES = [
    route for route, pattern in walk(get_resolver().url_patterns) if getattr(pattern.callback, "csrf_exempt", False)
]


def address(route, cast):
    """The route with ids of the cast in it, "x" where there is none."""

    def value(match):
        name = match[1] or match[2]
        if name == "workspace":
            return "demo"
        if name in SOURCES_OF_IDS:
            return getattr(cast, SOURCES_OF_IDS[name]).id
        return {"suffix": "csv", "index": "0", "pk": "0"}.get(name, "x")

    return "/" + PARAMETER.sub(value, route).replace("^", "").replace("$", "").replace("\\.", ".")


@pytest.fixture(scope="module")
def made(server, django_db_blocker):
    """Everybody, made once: each test rolls back what it did."""
    with django_db_blocker.unblock(), cloned_database(server):
        yield make_cast()


@pytest.fixture
def cast(made):
    with transaction.atomic():
        yield made
        transaction.set_rollback(True)


def test_every_view_has_a_permission_or_a_reason_to_be_public():
    assert unmarked(get_resolver().url_patterns) == []


def test_a_view_without_a_mark_is_found():
    assert unmarked([path("open/", lambda request: HttpResponse())]) == ["open/"]


@pytest.mark.parametrize("route", ROUTES)
def test_every_answer_carries_its_headers(cast, route):
    for person in (cast.olga, cast.zoe, None):
        client = Client(raise_request_exception=False)
        if person:
            client.force_login(person)
        response = client.get(address(route, cast))
        assert response.status_code < 500 or route == "readyz"  # which says rightly that no worker runs here
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "no-store" in response["Cache-Control"]
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["X-Frame-Options"] == "DENY"
        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Request-ID"]


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route not in WITHOUT_COOKIES and not route.startswith("api/")]
)
def test_a_post_without_its_token_is_403(cast, route):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.olga)
    response = client.post(address(route, cast))
    assert response.status_code == 403
    assert b"The form has expired" in response.content


PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.startswith(("api/", "v1/"))])
def test_no_address_opened_in_a_browser_is_left_blank(cast, route):
    for person in (cast.olga, None):
        client = Client(raise_request_exception=False)
        if person:
            client.force_login(person)
        answer, steps = client.get(address(route, cast), headers=PAGE), 0
        first = answer
        while answer.status_code == 302 and first.status_code == 302 and steps < 8:
            answer, steps = client.get(answer["Location"], headers=PAGE), steps + 1
        assert answer.status_code != 405
        assert steps < 8


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/demo/settings/access/members/{mina}/roles/", "/demo/settings/access/members/{mina}/"),
        ("/demo/settings/access/members/{mina}/remove/?x=1", "/demo/settings/access/members/{mina}/"),
        ("/demo/settings/access/grants/grn_1/revoke/", "/demo/settings/access/"),
        ("/accounts/sessions/end/", "/accounts/"),
    ],
)
def test_where_a_form_was_sent_to_leads_to_the_page_that_has_it(cast, path, page):
    client = Client()
    client.force_login(cast.olga)
    path, page = (one.format(mina=cast.mina.id) for one in (path, page))
    answer = client.get(path, headers=PAGE, follow=True)
    assert [one for one, _ in answer.redirect_chain][-1] == page
    assert answer.status_code == 200
    assert client.get(path).status_code == 405  # what is no browser is told what it is
    assert client.get(path, headers={**PAGE, "hx-request": "true"}).status_code == 405
    assert client.delete(path, headers=PAGE).status_code == 405


@pytest.mark.parametrize("path", ["/demo/connections/warehouses/a%00b/", "/api/warehouses/a%00b", "/%00/"])
def test_a_path_that_the_database_cannot_be_asked_for_is_404(cast, path):
    client = Client(raise_request_exception=False)
    client.force_login(cast.olga)
    _, secret = make_token(workspace=cast.workspace, scopes=["warehouse:read"])
    assert client.get(path, headers={"Authorization": f"Bearer {secret}"}).status_code == 404


def contents():
    """A digest of every table, but for sessions, caches and reads of the trail, which are events."""
    digests = {}
    with as_operator(), connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor)) - {
            "django_session",
            "usersessions_usersession",
            "cache",
            "pending",
            "trail_visit",
        }
        for table in sorted(tables):
            if table.startswith("event_"):  # partitions are read through their parent
                continue
            cursor.execute("SELECT has_table_privilege(%s, 'SELECT')", [table])
            if cursor.fetchone()[0]:
                # An export is asked for by GET, and told of: the one row that looking may write.
                told = "('audit_trail.exported', 'user.list_exported')"
                where = f"WHERE NOT is_read AND type NOT IN {told}" if table == "event" else ""
                cursor.execute(
                    f"SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM {table} t {where}"
                )
                digests[table] = cursor.fetchone()[0]
    return digests


def test_looking_changes_nothing(cast):
    make_token(workspace=cast.workspace)
    client = Client(raise_request_exception=False)
    client.force_login(cast.olga)
    before = contents()
    assert {"source", "member", "event", "role_grant"} <= before.keys()
    for route in ROUTES:
        client.get(address(route, cast))
    assert contents() == before
