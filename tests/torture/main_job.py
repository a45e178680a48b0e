"""The main job, whole: a person turns a warehouse off on its page, and the receiver behind the forwarding has the event.

Real processes, as `up` runs them. The promise: each click arrives, once, in order, and 99 of 100 within two seconds of the click.
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
from auditapp.pipeline.destinations.models import Destination
from auditapp.pipeline.destinations.services import create_destination, enable_destination
from tests.factories import PASSWORD, Cast, acting_as, make_cast
from tests.torture.outcome import Outcome, Plan
from tests.torture.receiver import Receiver, events_of, receiving
from tests.torture.rig import installed, wait_for

PAUSE_S = 0.4
GOAL_S = 2.0
HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]  # the web's, not those of tests
CLICKED = ("Warehouse Disabled", "Warehouse Enabled")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Watch(Receiver):
    """Notes when the event of a click came in."""

    def __init__(self) -> None:
        super().__init__(chaos={})
        self.came: list[tuple[str, float]] = []

    def what_to_do(self, name: str, headers: Mapping[str, str], body: bytes) -> tuple[str, float]:
        now = time.monotonic()
        self.came += [(one["event"], now) for one in events_of(body) if one["event"] in CLICKED]
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
    with installed() as rig, receiving(Watch()) as watch:
        with rig.in_django("app"), override_settings(DATA_DIR=rig.server.home / "data", PASSWORD_HASHERS=HASHERS):
            cast = make_cast()
            _forward(cast, f"http://{LOOPBACK}:{watch.port}/")
        real = rig.worker()
        command = [sys.executable, "-m", "tests.torture.twins", "dawdle"] if plan.twin else real.command
        environment = {**real.environment, "OUTBOUND_ALLOWED_NETWORKS": f"{LOOPBACK}/32"}
        worker = replace(real, command=command, environment=environment)
        with rig.running(worker), rig.web() as (_, port):
            browser = Browser(port)
            browser.submit("/accounts/login/", "/accounts/login/", login=cast.olga.email, password=PASSWORD)
            page = f"/{cast.workspace.slug}/connections/warehouses/{cast.warehouse.id}/"
            # The first ones find a worker that has just started and a web that has loaded nothing yet.
            _click(browser, page, 0)
            _click(browser, page, 1)
            wait_for(lambda: len(watch.came) >= 2, "the first clicks arrive", worker, rig.log_of(worker))
            clicked = []
            for number in range(2, plan.events + 2):
                clicked.append(_click(browser, page, number))
                time.sleep(choice.uniform(0, PAUSE_S))
            wait_for(lambda: len(watch.came) >= plan.events + 2, "all clicks arrive", worker, rig.log_of(worker))
        return _judge(plan, clicked, watch.came)


def _forward(cast: Cast, url: str) -> None:
    with acting_as(cast.olga, cast.workspace):
        made, _ = create_destination(source_id=cast.kiosk.id, kind="webhook", name="Receiver", settings={"url": url})
        Destination.objects.filter(id=made.id).update(tested_at=made.created_at)
        enable_destination(destination_id=made.id)
        save_forwarding(source_id=cast.kiosk.id, is_on=True)


def _click(browser: Browser, page: str, number: int) -> float:
    """Press the button of the page, off and on by turns."""
    return browser.submit(page, f"{page}{'enable' if number % 2 else 'disable'}/")


def _judge(plan: Plan, clicked: list[float], came: list[tuple[str, float]]) -> Outcome:
    waits = sorted(arrived - pressed for pressed, (_, arrived) in zip(clicked, came[2:], strict=False))
    half, most = (quantiles([*waits, waits[-1]], n=100, method="inclusive")[at - 1] for at in (50, 99))
    outcome = Outcome(counts={"clicks": len(clicked)})
    outcome.counts |= {
        "median, ms": round(half * 1_000),
        "p99, ms": round(most * 1_000),
        "longest, ms": round(waits[-1] * 1_000),
    }
    outcome.promise("each click arrives once", abs(len(came) - plan.events - 2))
    wanted = [CLICKED[number % 2] for number in range(plan.events + 2)]
    outcome.promise(
        "clicks arrive in their order", sum(name != one for name, (one, _) in zip(wanted, came, strict=False))
    )
    outcome.promise("99 of 100 arrive within two seconds", int(most > GOAL_S))
    return outcome
