"""Of the database: under which role a session works, and whether what it was told is kept. They ask it, so they need one."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

from auditapp.management.restore import MARK

WHO_AM_I = """
SELECT current_user, r.rolsuper, r.rolbypassrls,
       (SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c WHERE c.oid = to_regclass('public.event')),
       session_user, pg_has_role(session_user, 'audit_owner', 'MEMBER'), s.rolsuper
FROM pg_roles AS r, pg_roles AS s WHERE r.rolname = current_user AND s.rolname = session_user
"""
DURABILITY = (
    "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit')"
)
OLDEST_POSTGRESQL = 15


@register(Tags.database)
def database_keeps_its_promises(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The session is no superuser and no owner, and a commit is on disk when it is told."""
    if not databases or settings.DATABASE_ROLE == "owner":
        return []
    with connection.cursor() as cursor:
        cursor.execute(WHO_AM_I)
        found = cursor.fetchone()
        cursor.execute(DURABILITY)
        fsync, full_page_writes, synchronous_commit = cursor.fetchone()
        encoding = cursor.execute("SHOW server_encoding").fetchone()[0]
        server_version = int(cursor.execute("SHOW server_version_num").fetchone()[0]) // 10_000
        unfinished = cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{MARK}"]).fetchone()[0]
    problems: list[CheckMessage] = [*_rights(*found)]
    if unfinished:
        hint = "Run it again: manage.py restore FILE"
        problems.append(
            Error("A restore was cut off and this installation is not whole.", hint=hint, id="auditapp.E004")
        )
    if server_version < OLDEST_POSTGRESQL:
        hint = f"Use PostgreSQL {OLDEST_POSTGRESQL} or newer."
        problems.append(Error(f"The server is PostgreSQL {server_version}.", hint=hint, id="auditapp.E005"))
    if encoding != "UTF8":
        hint = "Make it anew: CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8'."
        problems.append(Error(f"The database keeps text as {encoding}: names are lost.", hint=hint, id="auditapp.E006"))
    if "off" in (fsync, full_page_writes) or synchronous_commit in ("off", "local"):
        problems.append(
            Error(
                "PostgreSQL would lose acknowledged events in a crash.",
                hint="Set fsync, full_page_writes and synchronous_commit to on, also for the role and the database.",
                id="auditapp.E003",
            )
        )
    return problems


def _rights(
    user: str, is_super: bool, bypasses: bool, owner: str | None, login: str, is_owner_login: bool, is_super_login: bool
) -> list[CheckMessage]:
    if is_super or bypasses or user == owner:
        hint = f"DATABASE_ROLE is {settings.DATABASE_ROLE}: run `manage.py migrate`, which makes the role and grants it to your login."
        return [
            Error(
                f"This process works as {user}, which row-level security and triggers do not hold.",
                hint=hint,
                id="auditapp.E001",
            )
        ]
    if not settings.ALLOW_OWNER_LOGIN and (is_owner_login or is_super_login):
        hint = (
            "Give DATABASE_URL a login of its own without CREATEROLE, keep the owner's in DATABASE_OWNER_URL,"
            " and run `manage.py migrate` again."
        )
        return [
            Error(
                f"The login {login} of DATABASE_URL could become the owner of the tables.",
                hint=hint,
                id="auditapp.E002",
            )
        ]
    return []
