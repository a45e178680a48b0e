"""Writes a backup of the whole installation: `manage.py backup FILE`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from auditapp.management.backup import write_backup


class Command(BaseCommand):
    help = "Writes database and keys into one file, while web and worker go on. Whoever has the file has the keys: keep it as safe."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a new file; nothing is overwritten")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        manifest = write_backup(file)
        sealed = sum(manifest.workspaces.values())
        self.stdout.write(
            f"{file}: {len(manifest.workspaces):,} workspaces with {sealed:,} sealed events, {file.stat().st_size:,} bytes."
        )
        self.stdout.write(
            f"Keys in it: {', '.join(manifest.keys) or 'none'}. Keep the file where only you can read it."
        )
        if settings.SECRET_BOX_KEYS:
            self.stdout.write("SECRET_BOX_KEYS come from the environment and are not in it: keep them beside it.")
