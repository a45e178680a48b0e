"""Runs the worker: the sealer, and background jobs by the clock and on demand. Several may run at once."""

import threading
from typing import Any

from django.core.management.base import BaseCommand

from auditapp.jobs.schedule import Worker
from auditapp.record.jobs import make_months
from auditapp.sealing.sealer import run_sealer


class Command(BaseCommand):
    help = "Runs the sealer and background jobs until it is stopped (Ctrl-C or SIGTERM)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(databases=["default"])
        make_months()  # a machine that slept for months has none for today
        worker = Worker()
        sealer = threading.Thread(target=run_sealer, args=(worker.stopping,), name="sealer")
        sealer.start()
        try:
            worker.run()
        finally:
            worker.stopping.set()
            sealer.join()
