"""Starts an installation on this machine: database, web and worker as one process group."""

import os
import shlex
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from auditapp.access.models import Workspace
from auditapp.lib.loopback import LOOPBACK
from auditapp.management.installation import run_installation

# What another terminal must know to speak of the same installation; secrets are not printed.
SAID_AGAIN = ("DATA_DIR", "PUBLIC_URL")


class Command(BaseCommand):
    help = "Starts database (unless DATABASE_URL is set), web and worker on loopback; Ctrl-C stops them."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)

    def handle(self, *args: Any, **options: Any) -> None:
        port = options["port"]
        is_empty = False

        def prepared() -> None:
            nonlocal is_empty
            is_empty = not Workspace.objects.exists()

        def started() -> None:
            self.stdout.write(f"\nAudit Trail is at http://{LOOPBACK}:{port}/")
            if is_empty:
                self.stdout.write("There is no workspace yet. This makes one, in another terminal and this folder:\n\n")
                self.stdout.write(
                    f"  {command_elsewhere()} create_workspace --slug acme --owner-email you@example.com\n\n"
                )
                self.stdout.write(
                    "It prints a link. Open it, set a password, and the page shows how to send the first event."
                )
            kept = "DATABASE_URL" if settings.DATABASE_URL else settings.EMBEDDED_SERVER.home
            self.stdout.write(f"Ctrl-C stops it. Events stay in {kept}, keys in {settings.DATA_DIR}.")
            self.stdout.flush()

        run_installation(port=port, programs=[], prepared=prepared, started=started)


def command_elsewhere() -> str:
    """`manage.py` as another terminal has to call it."""
    told = [f"{name}={shlex.quote(os.environ[name])}" for name in SAID_AGAIN if os.environ.get(name)]
    if settings.DATABASE_URL:
        told.append("DATABASE_URL=...")
    return " ".join([*told, ".venv/bin/python manage.py"])
