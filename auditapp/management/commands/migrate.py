"""Django's migrate, with the database roles made first: default privileges must stand before the first table."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoMigrate

from auditapp.management.owner_login import owner_login, prepare_database
from auditapp.management.restore import unfinished_restore


class Command(DjangoMigrate):
    help = "Makes the database roles and brings the tables up to date. Runs under audit_owner (DATABASE_OWNER_URL)."

    def handle(self, *args: Any, **options: Any) -> None:
        with owner_login() as owner:
            if unfinished := unfinished_restore(owner):
                raise CommandError(unfinished)
            prepare_database(owner)
        super().handle(*args, **options)
