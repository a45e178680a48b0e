"""Starts the demo: an installation with the workspace `demo` in it, and prints how to sign in."""

import os
import secrets
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from auditapp.access.models import User, Workspace
from auditapp.lib.loopback import LOOPBACK
from auditapp.management.demo.history import SLUG
from auditapp.management.demo.people import SIGN_INS
from auditapp.management.installation import management_program, run_installation

PASSWORD_FILE = Path(settings.DATA_DIR) / "demo-password"
# There while the history is being written: a fill that was cut off leaves half a workspace, which nobody can take out of the log again.
FILLING_FILE = Path(settings.DATA_DIR) / "demo-filling"


class Command(BaseCommand):
    help = "Starts database, web and worker on loopback with a filled workspace; Ctrl-C stops them, and the data stays."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--no-trickle", action="store_true", help="adds no event now and then (DEMO_TRICKLE=0)")

    def handle(self, *args: Any, **options: Any) -> None:
        # A server given by DATABASE_URL is taken as it is, with one login for everything: this is a trial.
        os.environ.setdefault("ALLOW_OWNER_LOGIN", "1")
        port = options["port"]
        is_new = not PASSWORD_FILE.exists()
        password = own_password()
        trickles = settings.DEMO_TRICKLE and not options["no_trickle"]
        programs = [management_program("trickle", "trickle_demo")] if trickles else []

        def started() -> None:
            self.stdout.write(f"\nAudit Trail is at http://{LOOPBACK}:{port}/")
            self.stdout.write(
                f"  (passkeys work at http://localhost:{port}/ alone: browsers take none at an IP address)"
            )
            for person, role in SIGN_INS:
                self.stdout.write(f"  {person.email:<25} {role}")
            kept = "DATABASE_URL" if settings.DATABASE_URL else settings.EMBEDDED_SERVER.home
            self.stdout.write(f"  password                  {password}\n")
            self.stdout.write(f"Ctrl-C stops it. Events stay in {kept}, keys in {settings.DATA_DIR}.")
            self.stdout.flush()

        def prepared() -> None:
            refuse_half()
            if not Workspace.objects.filter(slug=SLUG).exists():
                fill(password)
            elif is_new:
                # The password's file was gone and the database was not: what is printed must work.
                for user in User.objects.filter(email__in=[person.email for person, _ in SIGN_INS]):
                    user.set_password(password)
                    user.save(update_fields=["password"])

        run_installation(port=port, programs=programs, prepared=prepared, started=started)


def own_password() -> str:
    """The password of all people of this demo, made once."""
    if not PASSWORD_FILE.exists():
        PASSWORD_FILE.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        PASSWORD_FILE.touch(mode=0o600)
        PASSWORD_FILE.write_text(f"demo-{secrets.token_hex(5)}\n")
    return PASSWORD_FILE.read_text().strip()


def refuse_half() -> None:
    """Go on only where no fill was cut off.

    Raises:  CommandError
    """
    if FILLING_FILE.exists() and Workspace.objects.filter(slug=SLUG).exists():
        kept = "the database of DATABASE_URL" if settings.DATABASE_URL else settings.EMBEDDED_SERVER.home
        raise CommandError(
            f"The demo was cut off while it was filled. Remove {settings.DATA_DIR} and {kept}, then start again."
        )


def fill(password: str) -> None:
    """In a process of its own, which works under the worker's role; the password does not go over its command line.

    Raises:  CommandError
    """
    FILLING_FILE.touch()
    program = management_program("fill", "fill_demo")
    # Invitations are accepted from the mails that were sent.
    environment = {**os.environ, **program.environment, "EMAIL_URL": "memory:"}
    done = subprocess.run(program.command, env=environment, input=password, text=True, stdout=sys.stderr)
    if done.returncode:
        raise CommandError("The demo could not be filled; the message is above.")
    FILLING_FILE.unlink()
