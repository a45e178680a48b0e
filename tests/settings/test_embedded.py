"""The embedded PostgreSQL: shared by processes, safe to kill, never more open than it must be."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import psycopg
import pytest

from settings.embedded import EmbeddedServer, throwaway_server

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def own_server():
    with throwaway_server() as server:
        yield server


def test_a_killed_server_comes_back_with_what_was_committed():
    # With fsync: this is about a crash.
    with throwaway_server() as server:
        server.stop()
        durable = EmbeddedServer(home=server.home)
        with durable.running():
            with psycopg.connect(durable.url(user="postgres"), autocommit=True) as connection:
                connection.execute("CREATE TABLE kept (n int)")
                connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
            os.kill(durable.pid(), signal.SIGKILL)
            assert durable.restart_if_down()
            assert not durable.restart_if_down()
            with psycopg.connect(durable.url(user="postgres")) as connection:
                assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_a_second_process_attaches_and_the_last_one_stops_it():
    with throwaway_server() as server:
        program = f"""
            from pathlib import Path
            from settings.embedded import EmbeddedServer
            with EmbeddedServer(home=Path({str(server.home)!r})).running() as server:
                print(server.pid())
        """
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert int(done.stdout) == server.pid()
        assert server.is_live()
        pid = server.pid()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_stale_pid_file_is_not_believed(own_server):
    pid_file = own_server.data / "postmaster.pid"
    kept = pid_file.read_text()
    try:
        pid_file.write_text(kept.replace(str(own_server.pid()), str(os.getpid()), 1))
        assert own_server.pid() is None
    finally:
        pid_file.write_text(kept)


def test_nothing_of_it_is_open_to_others(own_server):
    assert stat.S_IMODE(own_server.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(own_server.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE((own_server.home / "password").stat().st_mode) == 0o600
    with psycopg.connect(own_server.url(user="postgres")) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)


def test_a_wrong_password_is_refused(own_server):
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(own_server.url().replace(own_server.password, "wrong"))


def test_the_login_of_the_web_is_no_superuser(own_server):
    with psycopg.connect(own_server.url()) as connection:
        found = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        assert found.fetchone() == (False, False, False)


def test_a_deep_folder_gets_a_short_socket(tmp_path):
    deep = EmbeddedServer(home=tmp_path / ("x" * 120))
    assert len(os.fsencode(deep.sockets)) < 90


def test_it_knows_unicode_without_icu(own_server):
    with psycopg.connect(own_server.url()) as connection:
        assert connection.execute("SELECT lower('ÀÉ')").fetchone() == ("àé",)
