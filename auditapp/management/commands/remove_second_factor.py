"""Lets somebody in again who lost phone, passkeys and recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditapp.access.second_factor import remove_second_factor
from auditapp.lib.errors import AppError


class Command(BaseCommand):
    help = "Removes a person's authenticator app, passkeys and recovery codes, which each of their workspaces is told. Be sure who asks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, metavar="ADDRESS", help="whose account it is")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user, had_any = remove_second_factor(email=options["email"])
        except AppError as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"{user.email} signs in by password alone." if had_any else f"{user.email} has no second factor."
        )
