"""`manage.py up` as a newcomer starts it: over a data folder of its own, on a port of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from settings.embedded import project_server

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Installation:
    """`manage.py up` in a process group of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder)}
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env={**self.environment, "PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def manage(self, *arguments: str) -> str:
        """Run a command as another terminal does, which knows the folder alone; gives what it prints."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

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


@contextmanager
def own_data() -> Iterator[Path]:
    """A folder that is empty at first, and gone at the end with everything that was made for it."""
    # Short: the embedded server's socket lies in it.
    with tempfile.TemporaryDirectory(prefix="audit-run-") as folder:
        yield Path(folder)
        server = project_server(Path(folder))
        if server.home != Path(folder):
            subprocess.run(["rm", "-rf", str(server.home)], check=True)
