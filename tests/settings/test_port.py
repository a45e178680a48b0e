"""The port of an installation: given, else the one of its last start, which other terminals then need not be told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOW = "from settings import base; print(base.PUBLIC_URL)"


@pytest.mark.parametrize(
    ("kept", "given", "port"),
    [(None, "", 8000), ("8102\n", "", 8102), ("8102\n", "8103", 8103), ("", "", 8000)],
)
def test_commands_know_where_the_installation_is_found(tmp_path, kept, given, port):
    if kept is not None:
        (tmp_path / "port").write_text(kept)
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "PORT": given}
    done = subprocess.run([sys.executable, "-c", SHOW], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout == f"http://127.0.0.1:{port}\n", done.stderr
