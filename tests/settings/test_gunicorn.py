"""gunicorn, started in the project's folder as the README says, writes nothing but lines of JSON."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]


def test_its_own_lines_are_json_from_start_to_end():
    command = [sys.executable, "-m", "gunicorn", "wsgiref.simple_server:demo_app", "--bind", "127.0.0.1:0"]
    command += ["--log-level", "info", "--access-logfile", "-"]
    environment = {"PATH": os.environ["PATH"]}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        told = []
        try:
            for line in process.stderr:
                told.append(line)
                if found := re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", line):
                    break
            with urlopen(found[1], timeout=30) as answer:
                assert answer.status == 200
        finally:
            process.terminate()
            told += process.stderr.readlines()
        asked = [json.loads(line) for line in process.stdout]
    lines = [json.loads(line) for line in told]
    assert {line["logger"] for line in lines} == {"gunicorn.error"}
    assert {"Booting worker", "Shutting down: Master"} <= {re.split(r" with|$", one["message"])[0] for one in lines}
    assert [(line["logger"], '"GET / HTTP/1.1" 200' in line["message"]) for line in asked] == [
        ("gunicorn.access", True)
    ]
