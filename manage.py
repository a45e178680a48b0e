#!/usr/bin/env python3
"""Runs management commands, each under the database role it needs, over the embedded PostgreSQL where no DATABASE_URL is set."""

import os
import re
import sys
from contextlib import nullcontext

# What is not named here runs as the web does, under audit_app.
ROLE_OF_COMMAND = {
    "up": "owner",
    "demo": "owner",
    "migrate": "owner",
    "backup": "owner",
    "restore": "owner",
    "makemigrations": "owner",
    "sqlmigrate": "owner",
    "showmigrations": "owner",
    "allow_passwords": "worker",
    "worker": "worker",
    "verify": "worker",
    "erase_personal_data": "worker",
    "create_workspace": "worker",
    "create_token": "worker",
    "import_events": "worker",
    "fill_demo": "worker",
    "trickle_demo": "worker",
}
MISSING_ROLE = re.compile(r'role "audit_\w+" does not exist')
WITHOUT_DATABASE = {"", "help", "--help", "--version", "collectstatic", "sendtestemail"}


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.base")
    os.environ.setdefault("DATABASE_ROLE", ROLE_OF_COMMAND.get(command, "app"))
    try:
        run(command)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def run(command: str) -> None:
    """Run the command; what an operator can mend is said in a line, without a traceback."""
    import psycopg
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, ProgrammingError

    from settings.embedded import EmbeddedServerFailed, project_server
    from settings.env import BadEnvironment

    # Before the settings are read: the first start makes the password that they look for.
    needs_server = command not in WITHOUT_DATABASE and not os.environ.get("DATABASE_URL")
    try:
        with project_server().running() if needs_server else nullcontext():
            execute_from_command_line(sys.argv)
    except (BadEnvironment, EmbeddedServerFailed) as fault:
        raise SystemExit(str(fault)) from None
    except ProgrammingError as fault:
        if not isinstance(fault.__cause__, psycopg.errors.UndefinedTable):
            raise
        raise SystemExit(nothing_there(needs_server)) from None
    except (OperationalError, psycopg.OperationalError) as fault:
        if MISSING_ROLE.search(str(fault)):
            raise SystemExit(nothing_there(needs_server)) from None
        where = "The embedded PostgreSQL" if needs_server else "The server of DATABASE_URL (or DATABASE_OWNER_URL)"
        raise SystemExit(f"{where} does not take the connection: {str(fault).strip()}") from None
    except OSError as fault:  # SMTPException is one
        if command != "sendtestemail":
            raise
        raise SystemExit(f"The mail was not taken by the server of EMAIL_URL: {fault}") from None


def nothing_there(is_embedded: bool) -> str:
    """What to do where neither roles nor tables have been made."""
    if is_embedded:
        return "There are no tables here yet. Start the installation first, in this folder: make up (or: manage.py migrate)"
    return "The database has no tables yet. Make them first: manage.py migrate"


if __name__ == "__main__":
    main()
