"""docs/warehouses.md: the lines of curl make a warehouse and list it; the limits that the page names are those of the code."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from auditapp.pipeline.warehouses import cells, loading, naming
from auditapp.pipeline.warehouses.connecting import SSL_MODES
from tests.docs.snippets import blocks
from tests.factories import make_token, make_workspace
from tests.loopback_server import served

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "warehouses.md").read_text()


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_lines_make_a_warehouse(own_database):
    _, secret = make_token(workspace=make_workspace(slug="acme"), scopes=["warehouse:read", "warehouse:write"])
    [(_, lines)] = blocks("warehouses.md", "sh")
    with served() as address:
        script = lines.replace("http://127.0.0.1:8000", address).replace("}'\ncurl", "}'\necho\ncurl")
        environment = {"PATH": os.environ["PATH"], "TOKEN": secret}
        done = subprocess.run(["/bin/sh", "-ec", script], env=environment, capture_output=True, text=True, timeout=30)
    made, listed = (json.loads(line)["data"] for line in done.stdout.splitlines())
    assert made["warehouse"]["schedule"] == "15m"
    assert [one["id"] for one in listed["warehouses"]] == [made["warehouse"]["id"]]


@pytest.mark.parametrize(
    "words",
    [
        f"at most {loading.MAX_COLUMNS} columns, a schema {loading.MAX_TABLES:,} tables",
        f"at most {naming.MAX_BYTES} bytes",
        f"`{naming.POSITIONS}`",
        *(f"| `{mode}` |" for mode in SSL_MODES),
    ],
)
def test_the_page_says_what_the_code_does(words):
    assert words in PAGE
    assert cells.MAX_DEPTH == 5  # "flattened to five levels"
