"""Starts an installation on this machine: database, web and worker as one process group."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from auditapp.lib.loopback import LOOPBACK
from auditapp.management.installation import run_installation


class Command(BaseCommand):
    help = "Starts database (unless DATABASE_URL is set), web and worker on loopback; Ctrl-C stops them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"]
        run_installation(port=port, programs=[], started=lambda: self.stdout.write(f"http://{LOOPBACK}:{port}/"))
