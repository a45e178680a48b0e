"""`python -m tests.bench.peers prepare | save | fill | read`, with PEER in the environment: what was measured comes out as JSON."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import django


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers", description=__doc__)
    parser.add_argument("what", choices=("prepare", "save", "fill", "read"))
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--events", type=int, default=0)
    asked = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.peers.settings"
    django.setup()
    from tests.bench.peers import measures

    done: dict[str, Callable[[], Any]] = {
        "prepare": measures.prepare,
        "save": lambda: measures.save(asked.times),
        "fill": lambda: measures.fill(asked.events),
        "read": measures.read,
    }
    sys.stdout.write(json.dumps(done[asked.what]()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
