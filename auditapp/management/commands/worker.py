"""Runs the worker: the sealer, the forwarder, alerts, tasks, and background jobs by the clock and on demand. Several may run at once."""

import logging
import threading
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db import OperationalError, connection

from auditapp.alerts.loop import run_alert_messages, run_alerts
from auditapp.forwarding.reader import run_forwarder
from auditapp.jobs.schedule import LONGEST_WAIT_S, Worker, enqueue
from auditapp.lib import clock
from auditapp.pipeline.delivery.loop import run_deliverer
from auditapp.record.jobs import make_months
from auditapp.sealing.models import Verification
from auditapp.sealing.sealer import run_sealer
from auditapp.sources.jobs import make_weeks
from auditapp.tasks.loop import run_tasks
from auditapp.wiring import JOBS

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Runs the sealer, forwarding, alerts, tasks and background jobs until it is stopped (Ctrl-C or SIGTERM)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        worker = Worker(JOBS)
        self.wait_for_database(worker.stopping)
        make_months()  # a machine that slept for months has none for today
        make_weeks()
        if not Verification.objects.filter(finished_at__gt=clock.now() - timedelta(days=1)).exists():
            enqueue("sealing.verify_all")
        loops = [
            threading.Thread(target=run_sealer, args=(worker.stopping,), name="sealer"),
            threading.Thread(target=run_forwarder, args=(worker.stopping,), name="forwarder"),
            threading.Thread(target=run_alerts, args=(worker.stopping,), name="alerts"),
            threading.Thread(target=run_alert_messages, args=(worker.stopping,), name="alert messages"),
            threading.Thread(target=run_deliverer, args=(worker.stopping,), name="deliverer"),
            threading.Thread(target=run_tasks, args=(worker.stopping,), name="tasks"),
        ]
        for loop in loops:
            loop.start()
        try:
            worker.run()
        finally:
            worker.stopping.set()
            for loop in loops:
                loop.join()

    def wait_for_database(self, stopping: threading.Event) -> None:
        """Come up with a database that comes up later; then refuse one that does not keep its promises."""
        wait_s = 1
        while not stopping.is_set():
            try:
                self.check(databases=["default"])
                return
            except OperationalError as away:
                logger.warning("the worker waits for the database, next try in %s s: %s", wait_s, str(away).strip())
                connection.close()
                stopping.wait(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
