"""The login that owns the tables, itself and not the role it works under: for what comes before the roles or around them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import psycopg
from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from auditapp.record.database_roles import prepare_roles

Connection = psycopg.Connection[tuple[object, ...]]
# libpq's parameters and the variables by which its programs take them; a password on a command line could be read by others.
VARIABLES: Final[Mapping[str, str]] = {
    "host": "PGHOST",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def login_parameters() -> dict[str, str]:
    """How to connect as the login of this process; without the option that turns it into a role."""
    parameters = connection.get_connection_params()
    return {name: str(parameters[name]) for name in VARIABLES if parameters.get(name)}


@contextmanager
def owner_login() -> Iterator[Connection]:
    """A connection of its own, in autocommit."""
    with psycopg.connect(**login_parameters(), autocommit=True) as owner:  # type: ignore[arg-type]
        yield owner


def prepare_database(owner: Connection) -> None:
    """Make the login of DATABASE_URL where it is missing, and the roles with their rights; safe to repeat."""
    app_login = settings.DATABASE_APP_LOGIN or owner.info.user
    known = owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [app_login]).fetchone()
    if not known and settings.DATABASE_URL:
        password = str(conninfo_to_dict(settings.DATABASE_URL).get("password") or "")
        # Hashed here: the server's log may keep statements.
        hashed = owner.pgconn.encrypt_password(password.encode(), app_login.encode(), b"scram-sha-256").decode()
        make = psycopg.sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        owner.execute(make.format(psycopg.sql.Identifier(app_login), psycopg.sql.Literal(hashed)))
    prepare_roles(owner, owner_login=owner.info.user, app_login=app_login)
