"""Django's migrate, with the database roles made first: default privileges must stand before the first table."""

from typing import Any

import psycopg
from django.conf import settings
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connection

from auditapp.record.database_roles import prepare_roles


class Command(DjangoMigrate):
    help = "Makes the database roles and brings the tables up to date. Runs under audit_owner (DATABASE_OWNER_URL)."

    def handle(self, *args: Any, **options: Any) -> None:
        parameters = {key: value for key, value in connection.get_connection_params().items() if key in LIBPQ}
        parameters.pop("options", None)  # the login itself, before it turns into audit_owner
        with psycopg.connect(**parameters, autocommit=True) as owner:
            prepare_roles(owner, owner_login=owner.info.user, app_login=settings.DATABASE_APP_LOGIN or owner.info.user)
        super().handle(*args, **options)


LIBPQ = {"dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey"}
