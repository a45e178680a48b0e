"""Runs the worker: the sealer, and background jobs by the clock and on demand. Several may run at once."""

import threading
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from auditapp.jobs.schedule import Worker, enqueue
from auditapp.lib import clock
from auditapp.record.jobs import make_months
from auditapp.sealing.models import Verification
from auditapp.sealing.sealer import run_sealer


class Command(BaseCommand):
    help = "Runs the sealer and background jobs until it is stopped (Ctrl-C or SIGTERM)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(databases=["default"])
        make_months()  # a machine that slept for months has none for today
        if not Verification.objects.filter(finished_at__gt=clock.now() - timedelta(days=1)).exists():
            enqueue("sealing.verify_all")
        worker = Worker()
        sealer = threading.Thread(target=run_sealer, args=(worker.stopping,), name="sealer")
        sealer.start()
        try:
            worker.run()
        finally:
            worker.stopping.set()
            sealer.join()
