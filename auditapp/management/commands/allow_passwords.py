"""Lets members in by password again where a workspace wants single sign-on, which does not work."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditapp.access.sso.services import let_passwords_in
from auditapp.lib.errors import AppError


class Command(BaseCommand):
    help = "Takes back that members of a workspace sign in by single sign-on only, which its trail is told."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", required=True, metavar="SLUG", help="the first part of its address")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            was_so = let_passwords_in(slug=options["workspace"])
        except AppError as error:
            raise CommandError(error.message) from error
        self.stdout.write("Passwords let members in again." if was_so else "They did already: nothing was changed.")
