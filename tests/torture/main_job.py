"""The main job, whole: a person turns a warehouse off on its page, and the webhook and the warehouse behind the forwarding have the event.

Real processes, as `up` runs them; on its way the event meets a plan that knows it and blocks all others, a transformation and a filter.
The promise: each click arrives at both, once, in order, changed as it should be, and 99 of 100 within two seconds of the click.
The twin: a worker whose forwarder looks for news every five seconds only.
"""

import random
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from statistics import quantiles
from urllib.parse import urlencode

from django.test import override_settings

from auditapp.forwarding.services import save_forwarding
from auditapp.lib.loopback import LOOPBACK
from auditapp.pipeline.destination_filters.services import create_filter
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import create_destination, enable_destination
from auditapp.pipeline.plans.connections import change_schema_settings, connect_source
from auditapp.pipeline.plans.rule_services import replace_rules
from auditapp.pipeline.plans.rules import Rule, RuleType
from auditapp.pipeline.plans.services import create_plan
from auditapp.pipeline.transformations.services import create_transformation
from auditapp.pipeline.warehouses.connecting import Connection
from auditapp.pipeline.warehouses.schedules import CONTINUOUS
from auditapp.pipeline.warehouses.services import create_warehouse
from tests.factories import PASSWORD, Cast, acting_as, make_cast
from tests.torture.outcome import Outcome, Plan
from tests.torture.receiver import Receiver, events_of, receiving
from tests.torture.rig import installed, wait_for
from tests.torture.store import NAME, Store, store_behind
from tests.warehouses.conftest import PASSWORD as STORE_PASSWORD

PAUSE_S = 0.4
GOAL_S = 2.0
HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]  # the web's, not those of tests
CLICKED = ("Warehouse Disabled", "Warehouse Enabled")
SCHEMA = "kiosk"  # the slug of the source
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Watch(Receiver):
    """Notes when the event of a click came in."""

    def __init__(self) -> None:
        super().__init__(chaos={})
        self.came: list[tuple[str, float]] = []
        self.wrong = 0  # events that the plan blocks, or that were not transformed

    def what_to_do(self, name: str, headers: Mapping[str, str], body: bytes) -> tuple[str, float]:
        now = time.monotonic()
        events = events_of(body)
        self.came += [(one["event"], now) for one in events if one["event"] in CLICKED]
        self.wrong += sum(one["event"] not in CLICKED or one["properties"].get("seen") != "yes" for one in events)
        return "200", 0.0


@dataclass(slots=True)
class Browser:
    """As much of a browser as a person without JavaScript needs: pages, forms and cookies."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)

    def submit(self, page: str, action: str, **fields: str) -> float:
        """Fill in a form of a page and press its button; gives when that was."""
        _, text = self._ask("GET", page)
        found = TOKEN.search(text)
        assert found, text[:500]
        pressed_at = time.monotonic()
        status, text = self._ask("POST", action, urlencode(fields | {"csrfmiddlewaretoken": found[1]}))
        assert status == 302, text[:500]
        return pressed_at

    def post(self, action: str, **fields: str) -> int:
        """Send a form as it is; gives what it is answered."""
        return self._ask("POST", action, urlencode(fields))[0]

    def status(self, page: str) -> int:
        """What a page is answered."""
        return self._ask("GET", page)[0]

    def get(self, page: str) -> str:
        """A page that there is."""
        status, text = self._ask("GET", page)
        assert status == 200, text[:500]
        return text

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        connection = HTTPConnection(LOOPBACK, self.port, timeout=60)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        text = answer.read().decode()
        connection.close()
        return answer.status, text


def run(plan: Plan) -> Outcome:
    """Click so many times, at odd moments, and wait for the last one to arrive."""
    choice = random.Random(plan.seed)
    with installed() as rig, receiving(Watch()) as watch, store_behind(rig, SCHEMA, CLICKED) as store:
        with rig.in_django("app"), override_settings(DATA_DIR=rig.server.home / "data", PASSWORD_HASHERS=HASHERS):
            cast = make_cast()
            _forward(cast, f"http://{LOOPBACK}:{watch.port}/", store)
        real = rig.worker()
        command = [sys.executable, "-m", "tests.torture.twins", "dawdle"] if plan.twin else real.command
        environment = {**real.environment, "OUTBOUND_ALLOWED_NETWORKS": f"{LOOPBACK}/32"}
        worker = replace(real, command=command, environment=environment)

        def both_have(clicks: int) -> bool:
            return min(len(watch.came), len(store.came)) >= clicks

        with rig.running(worker), rig.web() as (_, port):
            browser = Browser(port)
            browser.submit("/accounts/login/", "/accounts/login/", login=cast.olga.email, password=PASSWORD)
            page = f"/{cast.workspace.slug}/connections/warehouses/{cast.warehouse.id}/"
            # The first ones find a worker that has just started, a web that has loaded nothing yet and a warehouse without tables.
            _click(browser, page, 0)
            _click(browser, page, 1)
            wait_for(lambda: both_have(2), "the first clicks arrive", worker, rig.log_of(worker))
            clicked = []
            for number in range(2, plan.events + 2):
                clicked.append(_click(browser, page, number))
                time.sleep(choice.uniform(0, PAUSE_S))
            wait_for(lambda: both_have(plan.events + 2), "all clicks arrive", worker, rig.log_of(worker))
        outcome = Outcome(counts={"clicks": len(clicked)})
        outcome.promise("only what the plan knows arrives, transformed", watch.wrong)
        _judge(outcome, "webhook", plan, clicked, watch.came)
        _judge(outcome, "warehouse", plan, clicked, store.came)
        return outcome


def _forward(cast: Cast, url: str, store: Store) -> None:
    """Forwarding on, into a source with a plan, a transformation, a webhook with a filter, and a warehouse."""
    source_id = cast.kiosk.id
    with acting_as(cast.olga, cast.workspace):
        made, _ = create_destination(source_id=source_id, kind="webhook", name="Receiver", settings={"url": url})
        Destination.objects.filter(id=made.id).update(tested_at=made.created_at)
        create_filter(
            destination_id=made.id, title="No tests", condition='event = "Audit Test"', actions=[{"type": "DROP"}]
        )
        enable_destination(destination_id=made.id)
        known = create_plan(name="What is forwarded")
        replace_rules(plan_id=known.id, rules=[Rule(RuleType.TRACK, event, {"type": "object"}) for event in CLICKED])
        connect_source(plan_id=known.id, source_id=source_id)
        change_schema_settings(source_id=source_id, settings={"track": {"allowUnplannedEvents": False}})
        values = [{"propertyPaths": ["properties.seen"], "propertyValue": "yes"}]
        create_transformation(
            source_id=source_id, name="Seen", definition={"if": "all", "propertyValueTransformations": values}
        )
        reached = Connection(LOOPBACK, store.port, NAME, NAME, "prefer")
        create_warehouse(
            name="Store",
            connection=reached,
            password=STORE_PASSWORD,
            source_ids=[source_id],
            schedule=CONTINUOUS,
        )
        save_forwarding(source_id=source_id, is_on=True)


def _click(browser: Browser, page: str, number: int) -> float:
    """Press the button of the page, off and on by turns."""
    return browser.submit(page, f"{page}{'enable' if number % 2 else 'disable'}/")


def _judge(outcome: Outcome, where: str, plan: Plan, clicked: list[float], came: list[tuple[str, float]]) -> None:
    waits = sorted(arrived - pressed for pressed, (_, arrived) in zip(clicked, came[2:], strict=False))
    half, most = (quantiles([*waits, waits[-1]], n=100, method="inclusive")[at - 1] for at in (50, 99))
    outcome.counts |= {
        f"{where}, median, ms": round(half * 1_000),
        f"{where}, p99, ms": round(most * 1_000),
        f"{where}, longest, ms": round(waits[-1] * 1_000),
    }
    outcome.promise(f"each click arrives once: {where}", abs(len(came) - plan.events - 2))
    wanted = [CLICKED[number % 2] for number in range(plan.events + 2)]
    is_off = sum(name != one for name, (one, _) in zip(wanted, came, strict=False))
    outcome.promise(f"clicks arrive in their order: {where}", is_off)
    outcome.promise(f"99 of 100 arrive within two seconds: {where}", int(most > GOAL_S))
