"""Makes a workspace and prints the link by which its owner comes in."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from auditapp.access.members import INVITATION_DAYS
from auditapp.access.workspaces import begin_workspace
from auditapp.lib.errors import AppError


class Command(BaseCommand):
    help = (
        "Makes a workspace and prints a sign-up link for its owner, as the last line. Again for a workspace that nobody"
        " has joined, it prints a new link and the old one stops working."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", required=True, help="the first part of its addresses, for example acme")
        parser.add_argument("--owner-email", required=True, metavar="ADDRESS", help="whom the link is for")
        parser.add_argument("--name", help="how it is called; made from the slug where it is left out")
        parser.add_argument("--time-zone", default="UTC", help="of its pages, for example Europe/Oslo")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, address = options["slug"], options["owner_email"]
        try:
            validate_email(address)
            begun = begin_workspace(
                slug=slug,
                name=options["name"] or slug.replace("-", " ").title(),
                owner_email=address,
                time_zone=options["time_zone"],
            )
        except ValidationError:
            raise CommandError(f"{address!r} is no e-mail address.") from None
        except AppError as error:
            raise CommandError(f"--slug {slug}: {error.message}") from error
        if begun.is_new:
            self.stdout.write(f"The workspace {begun.workspace.name} is made.")
        else:
            self.stdout.write(f"The workspace {begun.workspace.name} was made before, and nobody has joined it.")
            self.stdout.write("The link that was printed for it then has ended and opens nothing any more.")
        self.stdout.write(f"With this {'' if begun.is_new else 'new '}link {address} sets a name and a password")
        self.stdout.write(
            f"and comes in as its owner. It works once, for {INVITATION_DAYS} days; whoever has it can use it:"
        )
        self.stdout.write(begun.link)
