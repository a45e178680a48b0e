"""The cells of the matrix: one request of one subject each, and what comes back, comparable where two must not differ."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import quote

from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# What differs between two answers that say the same.
OF_ONE_ANSWER = re.compile(
    rb'csrfmiddlewaretoken" value="\w+"|X-CSRFToken[^}]*|req_\w+|nonce-[\w+/=-]+|name="token_id" value="\w+"'
)
# Ids of what milo, who has two of three sources, does not reach, by what stands in their place in a row.
OUT_OF_REACH = {
    "shop": "kiosk",
    "off": "kiosk",
    "destination": "kiosk_destination",
    "slack_destination": "kiosk_destination",
    "transformation": "kiosk_transformation",
    "changed": "changed_kiosk",
}
# Rows that end what is named last in their path: from then on it is as if it had never been.
ENDINGS = (
    "access:group_delete",
    "access:member_remove",
    "access:grant_revoke",
    "access:invitation_revoke",
    "access:role_delete",
    "access:label_delete",
    "sources:write_key_revoke",
    "sources:source_delete",
    "destinations:destination_delete",
    "destinations:filter_delete",
    "transformations:transformation_delete",
    "functions:function_delete",
    "warehouses:warehouse_delete",
    "plans:rule_remove",
    "plans:plan_delete",
    "alerts:rule_delete",
    "trail:view_delete",
)
# What somebody did stays to be seen when they have left.
REMAINS = {"access:member": "who has left has a page of what they could do"}


class Answer(NamedTuple):
    """A status and a body without what only tells it apart from its twin."""

    status: int
    body: bytes


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that leaves nothing behind."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def missing(one: str | int) -> str | int:
    """An id of the same shape that nothing has."""
    if isinstance(one, int):
        return one + 5
    return one[:-1] + ("0" if one[-1] != "0" else "1")


def filled(value: Any, ids: Mapping[str, Any]) -> Any:
    """A form or a body with ids in place of their names."""
    if isinstance(value, Mapping):
        return {key: filled(one, ids) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, ids) for one in value]
    return ids.get(value, value) if isinstance(value, str) else value


def named_in(value: Any, ids: Mapping[str, Any]) -> set[str]:
    """The names of ids that a form or a body holds."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return {name for one in value for name in named_in(one, ids)}
    return {value} if isinstance(value, str) and value in ids else set()


def page_of(name: str, ids: Sequence[Any]) -> str:
    return reverse(name, args=["demo", *ids])


def address_of(row: Any, ids: Mapping[str, Any]) -> str:
    """The path of this row, and where it has one its query."""
    path = page_of(row.name, [ids[name] for name in row.ids])
    query = getattr(row, "query", "")
    return f"{path}?{query.format_map(Quoted(ids))}" if query else path


class Quoted(dict[str, Any]):
    """Ids as they stand in a query."""

    def __getitem__(self, name: str) -> str:
        return quote(str(super().__getitem__(name)), safe="")


def ask(browser: Client, row: Any, method: str, ids: Mapping[str, Any]) -> HttpResponse:
    """The answer to this row's request; the browser keeps no cookie of it, such as a message for the next page.

    Takes:   row, which may say a `target`: the id of what htmx swaps, so that this fragment of the page is asked for
    """
    path, target = address_of(row, ids), getattr(row, "target", "")
    headers = {"HX-Request": "true", "HX-Target": target} if target else {}
    kept = {name: morsel.value for name, morsel in browser.cookies.items()}
    try:
        if method == "POST":
            return browser.post(path, filled(row.data or {}, ids), headers=headers)
        return browser.generic(method, path, headers=headers)
    finally:
        browser.cookies = SimpleCookie(kept)


def answer(browser: Client, row: Any, ids: Mapping[str, Any], *, without: Sequence[Any] = ()) -> Answer:
    """The answer to this row's own method, comparable with that to others; ids that are `without` are all called ID."""
    with undone():
        return comparable(ask(browser, row, "GET" if row.data is None else "POST", ids), without)


def comparable(response: HttpResponse, without: Sequence[Any]) -> Answer:
    body = b"".join(response) if response.streaming else response.content
    body = OF_ONE_ANSWER.sub(b"", body)
    for one in without:
        if isinstance(one, str) and len(one) > 3:
            body = body.replace(one.encode(), b"ID")
    return Answer(response.status_code, body)


def offered(rows: Sequence[Any], name: str) -> set[str]:
    """The methods that the rows of this page speak of."""
    of_page = [row for row in rows if row.name == name]
    return {method for row in of_page for method in (("GET", "HEAD") if row.data is None else ("POST",))}
