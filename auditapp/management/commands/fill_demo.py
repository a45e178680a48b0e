"""Makes the workspace `demo` with its people and ninety days of history. `make demo` runs it once."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from auditapp.access.models import Workspace
from auditapp.management.demo.history import DAYS, SLUG, fill_demo


class Command(BaseCommand):
    help = "Fills the workspace `demo`; does nothing where it is there already."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=DAYS)

    def handle(self, *args: Any, **options: Any) -> None:
        if Workspace.objects.filter(slug=SLUG).exists():
            return
        password = sys.stdin.readline().strip()
        fill_demo(password=password, days=options["days"], told=lambda text: self.stderr.write(f"demo: {text}"))
