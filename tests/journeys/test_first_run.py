"""A newcomer's first run: one command from nothing to a page, Ctrl-C, and again."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from settings.embedded import project_server

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Installation:
    """`manage.py up` over a data folder of its own, in a process group of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "PORT": str(port)}
        command = [sys.executable, "manage.py", "up"]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )

    def status(self, path: str) -> int | None:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status
        except OSError:
            return None

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while self.status("/healthz") != 200:
            assert self.process.poll() is None, self.process.stdout.read().decode()
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def press_ctrl_c(self) -> str:
        """As a terminal does it: to the whole group. Gives what was printed."""
        os.killpg(self.process.pid, signal.SIGINT)
        output, _ = self.process.communicate(timeout=30)
        return output.decode()

    def members(self) -> list[str]:
        found = subprocess.run(["ps", "-o", "pid=", "-g", str(self.process.pid)], capture_output=True, text=True)
        return found.stdout.split()


@pytest.fixture
def data_of_its_own() -> Iterator[Path]:
    # Short: the embedded server's socket lies in it.
    with tempfile.TemporaryDirectory(prefix="audit-run-") as folder:
        yield Path(folder)
        server = project_server(Path(folder))
        if server.home != Path(folder):
            subprocess.run(["rm", "-rf", str(server.home)], check=True)


def test_it_comes_up_from_nothing_stops_cleanly_and_keeps_its_data(data_of_its_own):
    first = Installation(data_of_its_own, _free_port())
    first.wait_until_up()
    assert first.status("/accounts/login/") == 200
    printed = first.press_ctrl_c()
    assert f"http://127.0.0.1:{first.port}/" in printed
    assert f"PORT={first.port} .venv/bin/python manage.py create_workspace --slug acme" in printed
    assert "Traceback" not in printed
    assert first.process.returncode == 0
    assert first.members() == []
    assert project_server(data_of_its_own).pid() is None

    again = Installation(data_of_its_own, _free_port())
    again.wait_until_up()
    assert "Traceback" not in again.press_ctrl_c()


def test_a_taken_port_is_said_in_one_line(data_of_its_own):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = Installation(data_of_its_own, port)
        output, _ = refused.process.communicate(timeout=START_TIMEOUT_S)
    assert refused.process.returncode == 1
    assert f"Port {port} is taken" in output.decode()
    assert "Traceback" not in output.decode()
