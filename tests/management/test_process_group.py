"""Programs side by side: started, restarted, stopped together."""

import sys
import threading
import time

import pytest

from auditapp.management.process_group import ProcessGroup, Program

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
]


def _ended(program: Program) -> bool:
    return program.process is not None and program.process.poll() is not None


def test_all_are_stopped_when_the_group_stops():
    group = ProcessGroup([Program("one", SLEEPER), Program("two", SLEEPER)])
    threading.Timer(0.2, group.stopping.set).start()
    group.run()
    assert all(_ended(program) for program in group.programs)


def test_what_ignores_the_request_is_killed(monkeypatch):
    monkeypatch.setattr("auditapp.management.process_group.STOP_TIMEOUT_S", 0.3)
    group = ProcessGroup([Program("stubborn", STUBBORN)])
    group.programs[0].start()
    time.sleep(0.2)
    group.stop()
    assert _ended(group.programs[0])


def test_a_dead_program_is_started_again_and_ever_later(capsys):
    program = Program("short", [sys.executable, "-c", "raise SystemExit(3)"])
    program.start()
    program.process.wait()
    program.restart_if_dead()
    assert "short ended with code 3" in capsys.readouterr().err
    assert program.wait_s == 1
    program.process.wait()
    program.restart_if_dead()
    assert program.wait_s == 1, "it waits before the next try"


def test_a_failing_start_stops_what_runs():
    group = ProcessGroup([Program("one", SLEEPER)])

    def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        group.run(started=fail)
    assert _ended(group.programs[0])
