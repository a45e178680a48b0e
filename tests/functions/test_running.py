"""Events through functions, kind ones and hostile ones: whatever a function does, its events have an outcome and the next ones too."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from auditapp.pipeline.functions import running
from auditapp.pipeline.functions.pool import Key, NoProcessFree, Pool, pool
from auditapp.pipeline.functions.process import Broken, Limits, Process
from auditapp.pipeline.functions.running import Program, run_function

LIMITS = Limits(time_s=0.3, memory_bytes=24 * 1024 * 1024, output_bytes=20_000)
SHORT = Limits(time_s=0.12, memory_bytes=24 * 1024 * 1024, output_bytes=20_000)
PASS = "function onTrack(event) { event.properties.seen = true; return event; }"


def event(number=1, **properties):
    return {"type": "track", "event": "A", "messageId": f"m{number}", "properties": {"n": number, **properties}}


_versions = iter(range(1, 10_000))


def run(code, *events, settings=None, limits=LIMITS, **how):
    program = Program(Key(1, "fun_test", next(_versions)), code, settings or {})
    return run_function(program, events or [event()], limits=limits, **how)


def told(outcomes):
    return [(one.result.value, one.code.value if one.result != "passed" else "") for one in outcomes]


TIMEOUT = ("retry", "gateway_timeout")
BAD = ("discarded", "bad_request")
REJECTED = ("discarded", "message_rejected")
PASSED = ("passed", "")


def test_a_function_sees_the_event_and_its_settings_and_what_it_logs_comes_back():
    code = """function onTrack(event, settings) {
      event.properties.key = settings.apiKey; console.log('hi', {a: 1}, 2); console.error(new Error('x'));
      return event;
    }"""
    [one] = run(code, settings={"apiKey": "k"})
    assert one.event == {**event(), "properties": {"n": 1, "key": "k"}}
    assert one.logs == ('hi {"a":1} 2', "Error: x")


@pytest.mark.parametrize("call", ["track", "identify", "page", "screen", "group", "alias"])
def test_each_call_has_its_handler_and_a_call_without_one_is_not_supported(call):
    given = {"type": call, "messageId": "m", "event": "A"}
    code = f"const on{call.title()} = async (event) => ({{...event, name: 'x'}});"
    [one] = run(code, given)
    assert one.event["name"] == "x"
    [none] = run("function onDelete(event) { return event; }", given)
    assert told([none]) == [("discarded", "unsupported_event_type")]
    assert f"on{call.title()}()" in none.message


@pytest.mark.parametrize(
    ("thrown", "outcome"),
    [
        ("EventNotSupported", ("discarded", "unsupported_event_type")),
        ("InvalidEventPayload", REJECTED),
        ("ValidationError", REJECTED),
        ("RetryError", ("retry", "retry")),
        ("DropEvent", ("dropped", "dropped_by_function")),
        ("TypeError", BAD),
    ],
)
@pytest.mark.parametrize("handler", ["function onTrack", "async function onTrack"])
def test_each_error_has_its_outcome(thrown, outcome, handler):
    [one] = run(f"{handler}(event) {{ throw new {thrown}('because'); }}")
    assert (told([one]), one.message) == ([outcome], "because")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("function onTrack(e) { return null; }", ("dropped", "dropped_by_function")),
        ("function onTrack(e) { }", ("dropped", "dropped_by_function")),
        ("function onTrack(e) { return 5; }", REJECTED),
        ("function onTrack(e) { return [e]; }", REJECTED),
        ("function onTrack(e) { return {...e, type: 'else'}; }", REJECTED),
        ("function onTrack(e) { return {...e, event: ''}; }", REJECTED),
        ("function onTrack(e) { return {...e, event: 'a\\u0000b'}; }", REJECTED),
        ("function onTrack(e) { return {...e, event: 'x'.repeat(1001)}; }", REJECTED),
        ("function onTrack(e) { return {...e, properties: [1]}; }", REJECTED),
        ("function onTrack(e) { e.properties.s = '\\ud800'; return e; }", REJECTED),
        ("function onTrack(e) { e.properties.s = 'x'.repeat(30000); return e; }", REJECTED),
        ("function onTrack(e) { let y = e.properties; for (let i = 0; i < 300; i++) y = y.a = {}; return e; }", REJECTED),
        ("function onTrack(e) { let y = e.properties; for (let i = 0; i < 9e4; i++) y = y.a = {}; return e; }", BAD),
        ("function onTrack(e) { e.self = e; return e; }", BAD),
        ("function onTrack(e) { e.properties.n = 10n; return e; }", BAD),
        ("function onTrack(e) { return new Proxy({}, { ownKeys() { throw new Error('no'); } }); }", BAD),
        ("function onTrack(e) { return { get type() { throw null; } }; }", BAD),
        ("function onTrack(e) { throw { toString() { throw 1; } }; }", BAD),
        ("function onTrack(e) { throw undefined; }", BAD),
        ("function onTrack(e) { return new Promise(() => {}); }", BAD),
        ("function onTrack(e) { return { then() { throw new DropEvent('x'); } }; }", ("dropped", "dropped_by_function")),
        ("function onTrack(e) { return {failed: 'passed'}; }", REJECTED),
        ("function onTrack(e) { return fetch('http://127.0.0.1/'); }", BAD),
        ("function onTrack(e) { return require('fs'); }", BAD),
        ("function onTrack(e) { return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); }", BAD),
        ("Object.prototype.toJSON = () => 'x'; function onTrack(e) { return e; }", REJECTED),
        ("Object.prototype.__proto__ = null; Object.prototype.x = 1; function onTrack(e) { return e; }", PASSED),
        ("JSON.stringify = JSON.parse = Array.isArray = String = () => { throw 1; }; function onTrack(e) { return e; }", PASSED),
        ("Function.prototype.call = Promise.resolve = () => { throw 1; }; async function onTrack(e) { return e; }", PASSED),
        ("globalThis.console = null; delete globalThis.Error; function onTrack(e) { return e; }", PASSED),
        ("this is no code", BAD),
        ("throw new Error('at the start')", BAD),
    ],
)  # fmt: skip
def test_what_comes_back_can_be_anything_and_has_an_outcome(code, outcome):
    assert told(run(code)) == [outcome]


HOSTILE = {
    "a loop": ("while (true) {}", TIMEOUT),
    "a loop that catches": ("for (;;) { try { while (true) {} } catch (error) {} finally { continue; } }", TIMEOUT),
    "a loop of promises": ("return (async () => { for (;;) await null; })()", TIMEOUT),
    "a loop after a promise": ("return Promise.resolve().then(() => { while (true) {} })", TIMEOUT),
    "a regular expression": ("return /^(a+)+$/.test('a'.repeat(50) + 'b')", TIMEOUT),
    "a loop in toJSON": ("return { toJSON() { while (true) {} } }", TIMEOUT),
    "a loop in a message": ("throw { toString() { while (true) {} } }", TIMEOUT),
    "a loop in sorting": ("[1, 2, 3].sort(() => { while (true) {} })", TIMEOUT),
    "memory": ("const a = []; for (;;) a.push('x'.repeat(1e6) + a.length);", BAD),
    "memory at once": ("return 'x'.repeat(2 ** 29);", BAD),
    "memory in objects": ("let a = {}; for (;;) a = { a, b: [a] };", BAD),
    "memory in a buffer": ("return new ArrayBuffer(2 ** 31);", BAD),
    "depth": ("return (function f(n) { return n ? f(n - 1) + 1 : 0; })(1e6);", BAD),
    "depth in JSON": ("return JSON.parse('['.repeat(1e6));", BAD),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_function_costs_its_event_and_nothing_else(name):
    body, outcome = HOSTILE[name]
    code = f"function onTrack(event) {{ if (event.properties.n === 2) {{ {body} }} return event; }}"
    assert told(run(code, event(1), event(2), event(3), limits=SHORT)) == [PASSED, outcome, PASSED]


def test_a_flood_of_logs_is_cut():
    [one] = run("function onTrack(e) { for (let i = 0; i < 2000; i++) console.log('x'.repeat(5000)); return e; }")
    assert one.result == "passed"
    assert len(one.logs) <= 100
    assert sum(map(len, one.logs)) < 20_000


def test_a_handler_that_never_ends_at_the_start_is_broken():
    with pytest.raises(Broken):
        Process("while (true) {}", LIMITS)


def test_the_id_of_an_event_is_not_the_functions_to_change():
    [one] = run("function onTrack(e) { e.messageId = 'else'; delete e.userId; return e; }")
    assert one.event["messageId"] == "m1"


def test_a_batch_keeps_its_places():
    code = """async function onBatch(events, settings) {
      return events.map((e, i) => [e, null, new RetryError('r'), new DropEvent('d'), 7][i % 5]);
    }"""
    outcomes = run(code, *[event(n) for n in range(25)])
    cycle = [
        PASSED,
        ("dropped", "dropped_by_function"),
        ("retry", "retry"),
        ("dropped", "dropped_by_function"),
        REJECTED,
    ]
    assert told(outcomes) == cycle * 5
    assert [one.event["properties"]["n"] for one in outcomes if one.event] == [0, 5, 10, 15, 20]


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("return events.slice(1)", BAD),
        ("return {length: 2}", BAD),
        ("return new Proxy(events, { get() { throw 1; } })", BAD),
        ("throw new RetryError('r')", ("retry", "retry")),
        ("while (true) {}", TIMEOUT),
        ("return 'x'.repeat(2 ** 29)", BAD),
    ],
)
def test_a_batch_that_fails_fails_whole(body, outcome):
    assert told(run(f"function onBatch(events) {{ {body} }}", event(1), event(2))) == [outcome] * 2


def test_a_process_stays_warm_and_keeps_what_it_knows():
    program = Program(Key(1, "fun_warm", 1), "let n = 0; function onTrack(e) { e.properties.n = ++n; return e; }", {})
    counts = [run_function(program, [event()], limits=LIMITS)[0].event["properties"]["n"] for _ in range(3)]
    assert counts == [1, 2, 3]
    other = Program(Key(1, "fun_warm", 2), program.code, {})
    assert run_function(other, [event()], limits=LIMITS)[0].event["properties"]["n"] == 1
    # The older version's process ended when another version came.
    assert {key.version for key, _ in pool.idle if key.function_id == "fun_warm"} == {2}


def test_workspaces_share_no_process():
    for workspace in (1, 2):
        program = Program(
            Key(workspace, "fun_same", 1), "let n = 0; function onTrack(e) { e.properties.n = ++n; return e; }", {}
        )
        assert run_function(program, [event()], limits=LIMITS)[0].event["properties"]["n"] == 1


def test_a_process_can_open_write_and_start_nothing_and_knows_nothing_of_where_it_is():
    process = Process(PASS, LIMITS)
    try:
        lines = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
        limits = {line[:25].strip(): line[26:46].strip() for line in lines}
        environment = Path(f"/proc/{process.pid}/environ").read_text()
    finally:
        process.kill()
    for name in ("Max open files", "Max file size", "Max processes", "Max core file size"):
        assert limits[name] == "0"
    assert int(limits["Max address space"]) < 400 * 1024 * 1024
    assert int(limits["Max cpu time"]) <= 4
    assert environment == ""


def test_a_process_that_dies_in_the_middle_costs_no_event():
    """Killed from outside while the second event runs: that one is tried once more, in a process of its own."""
    code = "function onTrack(e) { const until = Date.now() + e.properties.ms; while (Date.now() < until); return e; }"
    events = [event(1, ms=0), event(2, ms=200), event(3, ms=0)]
    before = {process.pid for process, _ in pool.idle.values()}

    def kill():
        time.sleep(0.15)
        for entry in os.listdir("/proc"):
            if entry.isdigit() and int(entry) not in before and _is_child(entry):
                os.kill(int(entry), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    outcomes = run(code, *events, limits=Limits(time_s=2))
    thread.join()
    assert told(outcomes) == [PASSED] * 3


def _is_child(entry):
    try:
        with open(f"/proc/{entry}/cmdline", "rb") as file, open(f"/proc/{entry}/stat") as stat:
            return b"functions/child.py" in file.read() and stat.read().rpartition(")")[2].split()[1] == str(
                os.getpid()
            )
    except OSError:
        return False


READY = b'{"state": "ready", "handlers": ["onTrack"]}'
FAKES = {
    "dies at once": ("sys.exit(1)", 3),
    "dies over each event": ("ready(); read(); sys.exit(1)", 3),
    "says too much": ("ready(); read(); sys.stdout.buffer.write((2**31).to_bytes(4) + b'x' * 100); flush(); time.sleep(9)", 3),
    "floods": ("ready(); read()\nwhile True: sys.stdout.buffer.write(b'\\0' * 65536)", 3),
    "speaks no JSON": ("ready(); read(); frame(b'\\xff{'); time.sleep(9)", 3),
    "answers another question": ("ready(); read(); frame(b'{\"number\": 99, \"state\": \"passed\"}'); time.sleep(9)", 3),
    "answers with a list": ("ready(); read(); frame(b'[1]'); time.sleep(9)", 3),
}  # fmt: skip
FAKE = """
import sys, time
flush = sys.stdout.buffer.flush
def read():
    return sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(4)))
def frame(body):
    sys.stdout.buffer.write(len(body).to_bytes(4) + body); flush()
def ready():
    read(); frame({ready!r})
"""


@pytest.mark.parametrize("name", FAKES)
def test_a_process_that_is_not_ours_any_more_harms_nobody(name, tmp_path, monkeypatch):
    """As if the engine had a hole: the process says what it likes."""
    body, _ = FAKES[name]
    child = tmp_path / "child.py"
    child.write_text(FAKE.replace("{ready!r}", repr(READY)) + body)
    monkeypatch.setattr("auditapp.pipeline.functions.process.CHILD", child)
    outcomes = run(PASS, event(1), event(2), limits=Limits(time_s=0.2, start_s=5, output_bytes=1000))
    assert told(outcomes) == [BAD, BAD]
    assert "died" in outcomes[0].message


@pytest.mark.parametrize(
    "answer", ["1e999", '{"a":', '{"type":"track","event":"x","a":' + "[" * 2000, "null", '"x"', ""]
)
def test_an_answer_that_is_no_event_is_none(answer):
    from auditapp.pipeline.functions.outcomes import outcome_of

    for sent in (answer, None, 7, ["x"]):
        one = outcome_of({"state": "passed", "event": sent, "message": 7, "logs": "["}, event())
        assert told([one]) == [REJECTED]


def test_what_has_no_turn_in_time_has_timed_out():
    code = "function onTrack(e) { const until = Date.now() + 150; while (Date.now() < until); return e; }"
    outcomes = run(code, *[event(n) for n in range(9)], budget_s=0.4)
    assert told(outcomes)[-1] == TIMEOUT
    assert told(outcomes)[0] == PASSED


def test_who_finds_no_free_process_is_told_to_come_back():
    small = Pool(running=threading.Semaphore(1))
    with (
        small.lend(Key(1, "a", 1), PASS),
        pytest.raises(NoProcessFree),
        small.lend(Key(1, "b", 1), PASS, wait_s=0.01),
    ):
        pass


def test_an_error_of_ours_takes_the_process_with_it():
    small = Pool()
    seen = []

    def fail():
        with small.lend(Key(1, "a", 1), PASS, limits=LIMITS) as lent:
            seen.append(lent.alive())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not seen[0].is_alive
    assert not small.idle


def test_without_the_extra_nothing_passes(monkeypatch):
    monkeypatch.setattr(running, "has_functions", lambda: False)
    assert told(run(PASS)) == [("discarded", "functions_lock_out")]


def test_a_machine_without_room_for_a_process_costs_no_event(monkeypatch):
    assert told(run(PASS, event(1), event(2), limits=Limits(start_s=0))) == [TIMEOUT, TIMEOUT]

    def no_room(*args, **how):
        raise BlockingIOError

    monkeypatch.setattr("auditapp.pipeline.functions.process.subprocess.Popen", no_room)
    with pytest.raises(NoProcessFree):
        run(PASS)
