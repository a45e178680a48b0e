"""The process in which the code of one function runs; started by process.py, alone and with nothing: no environment, no files, no network.

It reads frames from its input and writes frames to its output: four bytes of length, then JSON. It imports nothing of the app.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

HEADER_BYTES = 4
STACK_BYTES = 512 * 1024
# On top of the engine's memory: texts on their way in and out.
SPARE_BYTES = 96 * 1024 * 1024
FIND = "(name) => { try { return eval(name); } catch { return undefined; } }"
HANDLERS = ("onTrack", "onIdentify", "onPage", "onScreen", "onGroup", "onAlias", "onBatch")
CALL = ("begin", "isDone", "pick", "state", "message", "payload", "logs", "finder")


def main() -> None:
    sys.path.append(sys.argv[1])
    import _quickjs  # the module below the package, which would import threads

    harness = Path(__file__).with_name("harness.js").read_text()
    program = json.loads(_read())
    _take_rights_away(program["memory_bytes"])
    context = _quickjs.Context()
    context.set_memory_limit(program["memory_bytes"])
    context.set_max_stack_size(STACK_BYTES)
    context.set_time_limit(program["time_s"])
    _allow_cpu(program["time_s"])
    context.eval(harness)
    calls = {name: context.eval(f"__harness.{name}") for name in CALL}
    context.eval("delete globalThis.__harness")
    try:
        context.eval(program["code"])
        calls["finder"](context.eval(FIND))
        has = context.eval("(name) => { try { return typeof eval(name) === 'function'; } catch { return false; } }")
        _write({"state": "ready", "handlers": [name for name in HANDLERS if has(name) is True]})
    except Exception as error:
        _write({"state": "broken", "message": _first_line(error)})
        return
    while request := _read():
        asked = json.loads(request)
        _allow_cpu(program["time_s"] * (1 + len(asked["events"])))
        if not _answer(context, calls, asked, program):
            return


def _answer(context: Any, calls: dict[str, Any], asked: dict[str, Any], program: dict[str, Any]) -> bool:
    """Write one frame for each event; gives whether the engine is still sound, or what follows needs a new process."""
    events = asked["events"]
    if asked["is_batch"]:
        return _called(context, calls, "[" + ",".join(events) + "]", asked, program, len(events))
    return all(_called(context, calls, event, asked, program, 0) for event in events)


def _called(
    context: Any, calls: dict[str, Any], given: str, asked: dict[str, Any], program: dict[str, Any], batched: int
) -> bool:
    started = time.perf_counter()
    fault = ""
    try:
        is_done = calls["begin"](given, asked["settings"], bool(batched), batched, program["output_bytes"])
        until = started + program["time_s"]
        while not is_done and context.execute_pending_job():
            is_done = calls["isDone"]()
            if time.perf_counter() > until:
                fault = "timeout"
                break
    except Exception as error:
        fault = "timeout" if "interrupted" in str(error) else "broken"
    for index in range(batched or 1):
        if fault:
            answer = {"state": fault}
        elif not is_done:
            answer = {"state": "bad_request", "message": '"What it waits for never comes."'}
        else:
            answer = _picked(calls, index, bool(batched))
        ends = answer["state"] in ("timeout", "broken") or "out of memory" in answer.get("message", "")
        told = {"number": asked["number"], "ends": ends, "logs": "" if ends else calls["logs"]()}
        _write({**answer, **told})
        if ends:
            return False
    return True


def _picked(calls: dict[str, Any], index: int, is_batch: bool) -> dict[str, Any]:
    try:
        calls["pick"](index, is_batch)
        return {"state": calls["state"](), "message": calls["message"](), "event": calls["payload"]()}
    except Exception as error:
        return {"state": "timeout" if "interrupted" in str(error) else "broken"}


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2])[:500]


def _take_rights_away(memory_bytes: int) -> None:
    """From here on nothing can be opened, written or started, and memory ends: also where the engine has a hole."""
    pages = Path("/proc/self/statm")
    if pages.exists():
        used = int(pages.read_text().split()[0]) * resource.getpagesize()
        whole = used + 2 * memory_bytes + SPARE_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (whole, whole))
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))


def _allow_cpu(seconds: float) -> None:
    """So much processor time from now on, then the kernel ends the process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(usage.ru_utime + usage.ru_stime + seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _read() -> bytes:
    """The next frame; nothing where the input has ended."""
    header = sys.stdin.buffer.read(HEADER_BYTES)
    return sys.stdin.buffer.read(int.from_bytes(header)) if len(header) == HEADER_BYTES else b""


def _write(answer: dict[str, Any]) -> None:
    frame = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
    sys.stdout.buffer.write(len(frame).to_bytes(HEADER_BYTES) + frame)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
