"""Restores a backup: `manage.py restore FILE`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from auditapp.management.restore import restore_backup


class Command(BaseCommand):
    help = (
        "Puts a backup in the place of this installation, database and keys; web and worker must be stopped. Cut off, it can"
        " be run again."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")
        parser.add_argument("--replace", action="store_true", help="throws away the workspaces that are here")

    def handle(self, *args: Any, **options: Any) -> None:
        manifest = restore_backup(options["file"], replace=options["replace"])
        sealed = sum(manifest.workspaces.values())
        self.stdout.write(
            f"Restored {len(manifest.workspaces):,} workspaces with {sealed:,} sealed events of {manifest.made_at}."
        )
        self.stdout.write("Nobody is signed in, and invitations that were open are taken back: send them again.")
        self.stdout.write("Now check them against their seal, before anything is started: manage.py verify")
