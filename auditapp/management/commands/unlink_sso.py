"""Takes away whom an account is linked to at the provider of single sign-on."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from auditapp.access.sso.links import person_at, unlink_by_operator


class Command(BaseCommand):
    help = "Unlinks an account from single sign-on: for an address that belongs to somebody else now. Be sure who asks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True, metavar="ADDRESS", help="whose account it is")

    def handle(self, *args: Any, **options: Any) -> None:
        user = person_at(options["email"].lower())
        if user is None:
            raise CommandError("Nobody has an account with this address.")
        was_linked = unlink_by_operator(user)
        self.stdout.write(f"{user.email} is linked to nobody." + ("" if was_linked else " It was not before."))
