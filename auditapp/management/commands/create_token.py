"""Makes an access token from the command line, for scripts and first steps."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditapp.access.models import Workspace
from auditapp.access.permissions import TOKEN_SCOPES
from auditapp.access.tokens import create_token
from auditapp.lib.errors import AppError
from auditapp.record.acting import acting
from auditapp.record.drafts import SYSTEM
from auditapp.record.workspace_scope import in_workspace


class Command(BaseCommand):
    help = "Makes an access token of a workspace and prints it, once, as the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        parser.add_argument("--name", required=True, help="what will use the token")
        parser.add_argument("--scope", required=True, help=f"one or more of {', '.join(TOKEN_SCOPES)}, with commas")
        parser.add_argument(
            "--network",
            default="",
            metavar="CIDR",
            help="where it may be used from, with commas; without it everywhere",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = Workspace.objects.filter(slug=options["workspace"]).first()
        if workspace is None:
            raise CommandError(f"There is no workspace {options['workspace']!r}.")
        scopes = [scope.strip() for scope in options["scope"].split(",")]
        networks = [network for network in options["network"].split(",") if network.strip()]
        try:
            with in_workspace(workspace.id), acting(workspace.id, SYSTEM):
                token, secret = create_token(name=options["name"], scopes=scopes, networks=networks)
        except AppError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{token.name} may: {', '.join(token.scopes)}. This is shown once:")
        self.stdout.write(secret)
