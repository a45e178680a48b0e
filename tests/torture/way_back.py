"""The way back, whole: a warehouse is turned off by mistake, the alert comes, and three clicks later it runs again.

Real processes, as `up` runs them. Each round has a warehouse and a rule of its own, which tells in Slack and by mail.
The promise: both messages are there within two seconds, the link of the message opens the event, its undoing is one preview and one
confirmation, and each is on record, linked both ways. The twin: a worker whose sealer looks every five seconds only.
"""

import random
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from html import unescape
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

import orjson
from django.test import override_settings

from auditapp.alerts.services import RuleInput, create_alert_rule
from auditapp.lib.loopback import LOOPBACK
from tests.factories import PASSWORD, Cast, acting_as, make_cast, make_warehouse
from tests.torture.main_job import HASHERS, Browser
from tests.torture.outcome import Outcome, Plan
from tests.torture.receiver import Receiver, receiving
from tests.torture.rig import Rig, installed, wait_for

GOAL_S = 2.0
PAUSE_S = 0.3
LINK = re.compile(r"<(http[^|>]+/audit-trail/evt_\w+)[^|>]*\|")
IS_ON = "SELECT is_enabled FROM warehouse WHERE id = %s"
LINKED = """
SELECT count(*) FROM revert AS r
JOIN event AS e ON e.workspace_id = r.workspace_id AND e.id = r.event_id AND e.type = 'warehouse.disabled'
JOIN event AS b ON b.workspace_id = r.workspace_id AND b.id = r.by_event_id AND b.type = 'warehouse.enabled'
"""


class Channel(Receiver):
    """A channel of Slack that notes when a message came, and the event that it leads to."""

    def __init__(self) -> None:
        super().__init__(chaos={})
        self.says = b"ok"
        self.came: list[tuple[str, float]] = []

    def what_to_do(self, name: str, headers: Mapping[str, str], body: bytes) -> tuple[str, float]:
        text = orjson.dumps(orjson.loads(body)).decode()
        if found := LINK.search(unescape(text)):
            self.came.append((found[1], time.monotonic()))
        return "200", 0.0


def run(plan: Plan) -> Outcome:
    """Turn so many warehouses off, one after the other, each undone before the next."""
    choice = random.Random(plan.seed)
    with installed() as rig, receiving(Channel()) as channel:
        here = {"DATA_DIR": rig.server.home / "data", "OUTBOUND_ALLOWED_NETWORKS": [f"{LOOPBACK}/32"]}
        with rig.in_django("app"), override_settings(**here, PASSWORD_HASHERS=HASHERS):
            cast = make_cast()
            ids = [_warned(cast, number, channel.port) for number in range(plan.events + 1)]
        real = rig.worker()
        command = [sys.executable, "-m", "tests.torture.twins", "drowse"] if plan.twin else real.command
        # Mail goes into the folder, as it does before a server is named.
        environment = {**real.environment, "OUTBOUND_ALLOWED_NETWORKS": f"{LOOPBACK}/32", "EMAIL_URL": ""}
        worker = replace(real, command=command, environment=environment)
        outcome, slack, mail, stuck = Outcome(), [], [], 0
        with rig.running(worker), rig.web() as (_, port):
            browser = Browser(port)
            browser.submit("/accounts/login/", "/accounts/login/", login=cast.olga.email, password=PASSWORD)
            for number, warehouse_id in enumerate(ids):
                waits = _round(rig, browser, channel, cast, warehouse_id, number + 1)
                if number:  # the first finds processes that have loaded nothing yet
                    slack.append(waits[0])
                    mail.append(waits[1])
                stuck += not rig.ask(IS_ON, warehouse_id)[0][0]
                time.sleep(choice.uniform(0, PAUSE_S))
        outcome.counts["rounds"] = len(slack)
        for where, waits in (("Slack", slack), ("mail", mail)):
            half, most = (quantiles([*waits, waits[-1]], n=100, method="inclusive")[at - 1] for at in (50, 99))
            outcome.counts |= {f"{where}, median, ms": round(half * 1000), f"{where}, p99, ms": round(most * 1000)}
            outcome.promise(f"99 of 100 are told within two seconds: {where}", int(most > GOAL_S))
        outcome.promise("every warehouse runs again", stuck)
        outcome.promise("every undoing is linked both ways", abs(int(rig.ask(LINKED)[0][0]) - len(ids)))
        outcome.promise("each is told once", abs(len(channel.came) - len(ids)))
        return outcome


def _warned(cast: Cast, number: int, port: int) -> str:
    """A warehouse with a rule that tells when it is turned off."""
    warehouse = make_warehouse(workspace=cast.workspace, name=f"Warehouse {number}", source_ids=[cast.shop.id])
    with acting_as(cast.olga, cast.workspace):
        create_alert_rule(
            RuleInput(
                name=f"Off {number}",
                query=f"event:warehouse.disabled resource:warehouse:{warehouse.id}",
                with_own=True,
                told_ids=[cast.olga.id],
                by_email=True,
                slack_url=f"http://{LOOPBACK}:{port}/services/T/B/x",
            )
        )
    return warehouse.id


def _round(
    rig: Rig, browser: Browser, channel: Channel, cast: Cast, warehouse_id: str, number: int
) -> tuple[float, float]:
    """One mistake and its undoing; gives how long each message took."""
    outbox = rig.server.home / "data" / "outbox"
    page = f"/{cast.workspace.slug}/connections/warehouses/{warehouse_id}/"
    pressed_at, pressed = browser.submit(page, f"{page}disable/"), time.time()
    wait_for(lambda: len(channel.came) >= number and len(_mails(outbox)) >= number, "both messages are there")
    link, slack_at = channel.came[number - 1]
    mail_at = sorted(_mails(outbox))[number - 1]
    undo = f"{urlsplit(link).path.rstrip('/')}/undo/"
    event = browser.get(f"{urlsplit(link).path.rstrip('/')}/")
    assert undo in event, "The message leads to an event without a way back."
    preview = browser.get(undo)
    stamp = re.search(r'name="stamp" value="(\w+)"', preview)
    fields = re.findall(r'name="field" value="([^"]+)" checked', preview)
    assert stamp, preview[:500]
    assert fields, preview[:500]
    browser.submit(undo, undo, what="change", stamp=stamp[1], field=unescape(fields[0]))
    return slack_at - pressed_at, mail_at - pressed


def _mails(outbox: Path) -> list[float]:
    """When each mail was written."""
    return [one.stat().st_mtime for one in outbox.glob("*")] if outbox.exists() else []
