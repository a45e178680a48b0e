"""Imports events: `manage.py import_events --workspace demo --format cloudtrail|jsonl FILE`, with - for standard input."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from auditapp.access.models import Workspace
from auditapp.ingest.import_file import FORMATS, ImportReport, import_file
from auditapp.lib.visible_text import terminal_safe
from auditapp.record.drafts import Actor

PROGRESS_EVERY_S = 1.0


class Command(BaseCommand):
    help = (
        'Imports events of AWS CloudTrail or of another trail, one JSON object a line or {"Records": [...]}, plain or gzip.'
        " Safe to repeat: what is there already stays as it is. Exit code 1 where a record could not be taken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS))
        parser.add_argument("file", help="a path, or - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['workspace']!r}.")
        path = Path(options["file"])
        is_piped = options["file"] == "-"
        try:
            with open(sys.stdin.fileno(), "rb", closefd=False) if is_piped else path.open("rb") as file:
                report = import_file(
                    file,
                    workspace_id=workspace.id,
                    workspace_name=workspace.name,
                    format_name=options["format"],
                    file_name="standard input" if is_piped else path.name,
                    operator=Actor("system", "operator", "Operator"),
                    progress=self._progress(),
                )
        except OSError as fault:
            raise CommandError(f"{options['file']} cannot be read: {fault.strerror}.") from None
        self._tell(report)

    def _progress(self) -> Callable[[ImportReport], None]:
        start = told = time.monotonic()

        def tell(report: ImportReport) -> None:
            nonlocal told
            now = time.monotonic()
            if now - told >= PROGRESS_EVERY_S:
                told = now
                self.stderr.write(f"{report.read:,} read, {report.read / (now - start):,.0f}/s")

        return tell

    def _tell(self, report: ImportReport) -> None:
        self.stdout.write(f"{report.new:,} new, {report.known:,} known, {report.refused:,} refused")
        for place, reason in report.refusals:
            self.stderr.write(terminal_safe(f"{f'record {place}' if place else 'the file'}: {reason}"))
        if report.refused > len(report.refusals):
            self.stderr.write(f"and {report.refused - len(report.refusals):,} more")
        if report.refused:
            raise SystemExit(1)
