"""Hides words of older events from who may not see personal data: `manage.py hide_personal_words --workspace demo`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from auditapp.access.models import Workspace
from auditapp.record.hiding import hide_words


class Command(BaseCommand):
    help = "Takes the search words of older events that say an address, or are declared as sensitive, from who may not see personal data."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace's slug")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['workspace']!r}.")
        looked_at = changed = 0
        for looked_at, changed in hide_words(workspace.id):
            self.stdout.write(f"{looked_at:,} events looked at, words of {changed:,} hidden", ending="\r")
        self.stdout.write(f"Words of {changed:,} among {looked_at:,} events are hidden. Their proofs are the same.")
