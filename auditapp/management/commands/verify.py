"""Verifies the sealed log of one workspace or of all, and names what was touched."""

from collections.abc import Callable
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditapp.access.models import Workspace
from auditapp.lib.visible_text import terminal_safe
from auditapp.merkle import NoteInvalid, Verifier
from auditapp.sealing.models import TreeHead
from auditapp.sealing.verification import Report, Verdict, verify_tree, verify_workspace

SHOWN: Final = 100


class Command(BaseCommand):
    help = (
        "Verifies every sealed event, the tree above them and the signature of each checkpoint."
        " Exit code 0: all is as it was sealed; 1: something was touched; 2: nothing vouches for it (no checkpoint, no key)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", help="only this workspace")
        parser.add_argument(
            "--vkey", help="the public key to trust, one line name+id+key, kept outside of the database"
        )

        parser.add_argument(
            "--tree-only",
            action="store_true",
            help="the leaves against the tree and its signatures, without reading an event",
        )

    def handle(self, *args: Any, workspace: str | None = None, vkey: str | None = None, **options: Any) -> None:
        try:
            verifier = Verifier.parse(vkey) if vkey else None
        except NoteInvalid as error:
            raise CommandError(f"--vkey: {error}.", returncode=Verdict.UNDECIDED) from None
        names = dict(Workspace.objects.order_by("id").values_list("id", "slug"))
        if workspace is not None:
            names = {key: slug for key, slug in names.items() if slug == workspace}
            if not names:
                raise CommandError(f"There is no workspace {workspace!r}.", returncode=Verdict.UNDECIDED)
        else:
            # A log outlives the row of its workspace.
            heads = TreeHead.objects.exclude(workspace_id__in=names).order_by("workspace_id")
            names |= {key: f"ws_{key}" for key in heads.values_list("workspace_id", flat=True)}
        verify = verify_tree if options["tree_only"] else verify_workspace
        verdicts = [self._verify(verify, key, name, verifier) for key, name in names.items()]
        worst = next((verdict for verdict in (Verdict.TAMPERED, Verdict.UNDECIDED) if verdict in verdicts), Verdict.OK)
        if worst:
            raise SystemExit(worst)

    def _verify(
        self, verify: Callable[..., Report], workspace_id: int, name: str, verifier: Verifier | None
    ) -> Verdict:
        def progress(done: int, all_: int) -> None:
            if self.stdout.isatty():
                self.stdout.write(f"\r{name}: {done:,}/{all_:,}", ending="\r")

        report = verify(workspace_id, verifier=verifier, progress=progress)
        for problem in report.problems[:SHOWN]:
            self.stdout.write(
                terminal_safe(f"{name}: {'UNDECIDED' if problem.kind == 'undecided' else 'INVALID'} {problem}")
            )
        if report.problem_count > SHOWN:
            self.stdout.write(f"{name}: and {report.problem_count - SHOWN:,} more")
        what = "leaves hold, their events were not read" if verify is verify_tree else "events valid"
        self.stdout.write(f"{name}: {_summary(report, what)}")
        return report.verdict


def _summary(report: Report, what: str) -> str:
    erased = f", {report.erased:,} with values erased on record" if report.erased else ""
    return (
        f"{report.valid:,}/{report.events:,} {what}{erased}; {report.checkpoints:,} checkpoints,"
        f" signed up to {report.signed_size:,}"
    )
