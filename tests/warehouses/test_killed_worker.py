"""SIGKILL to a process of its own in the middle of a sync: before the warehouse commits, and before we know that it did."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("place", ["loading.move_position", "loading.load"])
def test_sigkill_loses_and_doubles_nothing(world, url_of, own_database, place):
    world.tracks(5)
    world.ask()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "settings.testing",
        "DATABASE_URL": url_of(own_database),
        "DATABASE_ROLE": "worker",
        "DATA_DIR": str(settings.DATA_DIR),
        "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8",
    }
    command = [sys.executable, "-m", "tests.warehouses.killed_worker", place]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    is_loaded = bool(world.store.columns("web_shop", "tracks"))
    assert is_loaded is (place == "loading.load")
    assert world.work() is None  # its lease lasts
    world.again()
    assert world.work().state == "done"
    assert world.store.ids("web_shop") == [f"m{n:05}" for n in range(5)]
    assert (world.history()[0].rows, world.feed().position) == (10, 5)
