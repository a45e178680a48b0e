"""Erases a person's data from a workspace's trail: `manage.py erase_personal_data --workspace demo --person usr_... --ground TEXT`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from auditapp.access.models import User, Workspace
from auditapp.lib.errors import AppError
from auditapp.record.acting import acting
from auditapp.record.drafts import Actor
from auditapp.record.erasure import erase_person
from auditapp.record.workspace_scope import in_workspace


class Command(BaseCommand):
    help = (
        "Erases name, e-mail, addresses and named targets from every event by or about a person; proofs still verify."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", required=True, help="the workspace's slug")
        parser.add_argument("--person", required=True, help="the person's actor id, usr_...")
        parser.add_argument(
            "--ground", required=True, help='why, e.g. "GDPR art. 17, request 42"; it is kept in the trail'
        )

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['workspace']!r}.")
        person = options["person"]
        email = User.objects.filter(id=person).values_list("email", flat=True).first() or ""
        operator = Actor("system", "operator", "Operator")
        try:
            with in_workspace(workspace.id), acting(workspace.id, operator):
                erased = erase_person(
                    workspace_id=workspace.id, person_id=person, ground=options["ground"], email=email
                )
        except AppError as fault:
            raise CommandError(fault.message) from None
        self.stdout.write(f"Erased values of {erased} events. Their proofs still verify: manage.py verify")
