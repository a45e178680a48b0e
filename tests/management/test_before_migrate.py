"""Commands over a database in which nothing was made yet: they say what to run, in a line."""

import os
import subprocess
import sys
from pathlib import Path

from settings.embedded import LOGIN, throwaway_server
from tests.conftest import _administering

ROOT = Path(__file__).resolve().parents[2]


def test_without_roles_or_tables_it_says_what_makes_them(tmp_path):
    with throwaway_server() as server, _administering(server) as admin:
        environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "DATABASE_URL": server.url()}
        command = [sys.executable, "manage.py", "create_workspace", "--slug", "acme", "--owner-email", "o@example.com"]

        def refused() -> str:
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
            assert (done.returncode, done.stdout) == (1, "")
            return done.stderr

        said = "The database has no tables yet. Make them first: manage.py migrate\n"
        assert refused() == said
        admin.execute(f"CREATE ROLE audit_worker; GRANT audit_worker TO {LOGIN}")
        assert refused() == said
