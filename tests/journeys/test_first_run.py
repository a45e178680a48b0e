"""A newcomer's first run: one command from nothing to a page, Ctrl-C, and again."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from settings.embedded import project_server
from tests.journeys.installation import START_TIMEOUT_S, Installation, free_port, own_data


@pytest.fixture
def data_of_its_own() -> Iterator[Path]:
    with own_data() as folder:
        yield folder


def test_it_comes_up_from_nothing_stops_cleanly_and_keeps_its_data(data_of_its_own):
    first = Installation(data_of_its_own, free_port())
    first.wait_until_up()
    assert first.status("/accounts/login/") == 200
    assert (data_of_its_own / "port").read_text() == f"{first.port}\n"
    printed = first.press_ctrl_c()
    assert f"http://127.0.0.1:{first.port}/" in printed
    assert f"DATA_DIR={data_of_its_own} .venv/bin/python manage.py create_workspace --slug acme" in printed
    assert "Traceback" not in printed
    assert first.process.returncode == 0
    assert first.members() == []
    assert project_server(data_of_its_own).pid() is None

    again = Installation(data_of_its_own, free_port())
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
