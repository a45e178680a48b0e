"""A worker that runs one task and is killed at a place in it: `python -m tests.warehouses.killed_worker loading.move_position`."""

import importlib
import os
import signal
import sys

import django


def main(place: str) -> None:
    django.setup()
    from auditapp.tasks.running import run_due_task

    name, _, function = place.rpartition(".")
    module = importlib.import_module(f"auditapp.pipeline.warehouses.{name}")
    own = getattr(module, function)

    def killed(*args, **kwargs):
        own(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, function, killed)
    run_due_task()


if __name__ == "__main__":
    main(sys.argv[1])
