"""Reading: pages of the trail for every kind of filter, and the counts beside them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from auditapp.access.models import User
from auditapp.access.permissions import permissions_for, viewer_for
from auditapp.lib.keyset import PageKey
from auditapp.record.bar_counts import bar_counts
from auditapp.record.event_filter import Choice, EventFilter
from auditapp.record.event_keys import find_keys
from auditapp.record.event_query import PAGE_SIZE, visible_events
from auditapp.record.facets import facets
from auditapp.record.viewer import Viewer
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.address import read_address
from auditapp.trail.filters import TrailQuery, read_query
from tests.bench.dataset import Dataset, Names
from tests.bench.timing import Timings
from tests.factories import make_member, make_user, make_workspace
from tests.torture.rig import Rig

EMAILS = ("olga@example.com", "milo@example.com")
LARGEST = 1  # the workspace with 30 % of all events
KEY_AT = "SELECT occurred_at, id FROM event WHERE workspace_id = 1 ORDER BY occurred_at DESC, id DESC OFFSET %s LIMIT 1"
COUNT = "SELECT count(*) FROM event WHERE workspace_id = 1"

Action = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Case:
    """One look at the trail: its URL's query, and who looks."""

    name: str
    query: str
    who: str = "olga"


@dataclass(slots=True)
class Pages:
    """One installation with people in its largest workspace, and everything that is read there."""

    rig: Rig
    data: Dataset
    clients: dict[str, Client]
    viewers: dict[str, Viewer]
    cases: list[Case]

    @classmethod
    def of(cls, rig: Rig, data: Dataset) -> "Pages":
        names = data.names
        with rig.in_django("app"):
            people = User.objects.in_bulk(EMAILS, field_name="email") or _hired(names)
            clients, viewers = {}, {}
            for name, user in zip(("olga", "milo"), (people[email] for email in EMAILS), strict=True):
                clients[name] = Client(SERVER_NAME="127.0.0.1")
                clients[name].force_login(user)
                with in_workspace(LARGEST):
                    viewers[name] = viewer_for(permissions_for(LARGEST, user.id))
        in_largest = rig.ask(COUNT)[0][0]
        half, deep = (PageKey(*rig.ask(KEY_AT, int(in_largest * share))[0]) for share in (0.5, 0.95))
        month = (data.now - timedelta(days=180)).strftime("%Y-%m")
        return cls(rig, data, clients, viewers, cases_of(names, month, half, deep))

    def measure(self, timings: Timings) -> None:
        """One round: each case by its keys, its events and its whole page."""
        for case in self.cases:
            asked, viewer = self._asked(case), self.viewers[case.who]
            with in_workspace(LARGEST):
                self._take(timings, f"{case.name}: keys", partial(_keys, viewer, asked))
                self._take(timings, f"{case.name}: events", partial(_events, viewer, asked))
            self._take(timings, f"{case.name}: page", partial(self._page, case))

    def measure_counts(self, timings: Timings) -> None:
        """One round of the counts in dropdowns and histogram."""
        quarter = EventFilter(since=self.data.now - timedelta(days=90), until=self.data.now)
        for who, said in (("olga", "whole workspace"), ("milo", "3 of 200 sources")):
            viewer = self.viewers[who]
            with in_workspace(LARGEST):
                self._take(timings, f"dropdowns, 90 days, {said}", partial(facets, viewer, quarter))
                self._take(timings, f"dropdowns, all time, {said}", partial(facets, viewer, EventFilter()))
                for name, wanted, edges in self._bars():
                    self._take(timings, f"histogram, {name}, {said}", partial(bar_counts, viewer, wanted, edges))

    def _bars(self) -> Iterator[tuple[str, EventFilter, list[datetime]]]:
        midnight = self.data.now.replace(hour=0, minute=0, second=0, microsecond=0)
        days = [midnight + timedelta(days=n) for n in range(-89, 2)]
        hours = [midnight + timedelta(hours=n) for n in range(-48, 25)]
        yield "90 days", EventFilter(), days
        yield "72 hours", EventFilter(), hours
        yield "90 days of 1 area", EventFilter(areas=Choice(("sources",))), days

    def _take(self, timings: Timings, row: str, action: Action) -> None:
        action()  # what a new connection has to learn is not what is measured
        timings.take(row, self.data.events, action)

    def _asked(self, case: Case) -> TrailQuery:
        query = read_query(read_address(trail_path(), QueryDict(case.query)), zone=ZoneInfo("UTC"))
        assert not query.errors, query.errors
        return query

    def _page(self, case: Case) -> None:
        response = self.clients[case.who].get(f"{trail_path()}?{case.query}")
        assert response.status_code == 200, response.status_code


def _hired(names: Names) -> dict[str, User]:
    """Olga, who sees everything, and Milo, who sees three of the sources."""
    workspace = make_workspace()
    assert workspace.id == LARGEST
    olga, milo = (make_user(name=name, email=email) for name, email in zip(("Olga", "Milo"), EMAILS, strict=True))
    make_member(workspace=workspace, user=olga, role="workspace_owner")
    of_milo = [names.scopes[3], names.scopes[20], names.scopes[100]]
    make_member(workspace=workspace, user=milo, role="source_admin", scope="listed", resource_ids=of_milo)
    return {user.email: user for user in (olga, milo)}


def trail_path() -> str:
    return reverse("trail:event_list", kwargs={"workspace": "demo"})


def cases_of(names: Names, month: str, half: PageKey, deep: PageKey) -> list[Case]:
    """The filters of the trail, from the cheapest to those that need a search."""

    def many(key: str, values: list[str]) -> str:
        return "&".join(f"{key}={value}" for value in values)

    types, actors = names.types, names.actors
    both = f"{many('event', types[:5])}&{many('actor', actors[:5])}"
    return [
        Case("latest", ""),
        Case("half way down", f"older={half}"),
        Case("95 % down", f"older={deep}"),
        Case("1 common type", f"event={types[0]}"),
        Case("5 common types", many("event", types[:5])),
        Case("5 seldom types", many("event", types[-5:])),
        Case("type with 6 events", f"event={names.rare_type}"),
        Case("type without events", f"event={names.absent_type}"),
        Case("5 common actors", many("actor", actors[:5])),
        Case("5 seldom actors", many("actor", actors[-5:])),
        Case("5 types x 5 actors", both),
        Case("5 seldom types x 5 actors", f"{many('event', types[-5:])}&{many('actor', actors[:5])}"),
        Case("one resource", "resource=source:source_0"),
        Case("a month", f"from={month}-01&to={month}-28"),
        Case("a month, 5 types x 5 actors", f"from={month}-01&to={month}-28&{both}"),
        Case("word in 20 %", "q=common"),
        Case("word in 1 %", "q=mid"),
        Case("word in 0.3 %", "q=seldom"),
        Case("word in 6 events", "q=rareword"),
        Case("word in none", "q=nowhere"),
        Case("beginning of words", "q=fair"),
        Case("words in 20 % and 1 %", "q=common+w7"),
        Case("word in 1 %, 5 types x 5 actors", f"q=mid&{both}"),
        Case("failures", "outcome=failure"),
        Case("network", "ip=203.0.7.0/24"),
        Case("without a common type", f"event=!{types[0]}"),
        Case("3 of 200 sources", "", "milo"),
        Case("3 of 200 sources, 1 common type", f"event={types[0]}", "milo"),
        Case("3 of 200 sources, word in 1 %", "q=mid", "milo"),
    ]


def _keys(viewer: Viewer, asked: TrailQuery) -> object:
    return find_keys(viewer, asked.wanted, limit=PAGE_SIZE + 1, start=asked.older)


def _events(viewer: Viewer, asked: TrailQuery) -> object:
    return visible_events(viewer).page(asked.wanted, older=asked.older)
