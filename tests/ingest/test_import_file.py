"""manage.py import_events: whole files, bad lines named, nothing twice."""

import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from auditapp.access.models import Workspace
from auditapp.ingest import import_file as importing
from auditapp.ingest.importers.records import cut_records
from auditapp.lib.errors import Invalid
from auditapp.lib.ids import event_key, new_event_id
from auditapp.record.acting import acting
from auditapp.record.declarations import declare_type
from auditapp.record.drafts import Actor, Target
from auditapp.record.event_row import EventRow
from auditapp.record.services import record
from auditapp.record.workspace_scope import in_workspace
from auditapp.trail.event_json import event_as_json
from tests.ingest.conftest import make_workspace

SAMPLE = Path(__file__).parents[1] / "vectors" / "cloudtrail" / "sample.jsonl"
OLGA = Actor("user", "usr_olga", "Olga", "olga@example.com")
LINE = {
    "id": "1",
    "type": "warehouse.disabled",
    "occurredAt": "2026-01-02T03:04:05Z",
    "actor": {"id": "usr_ana", "name": "Ana"},
    "target": {"type": "warehouse", "id": "whs_1"},
}
SECOND = {**LINE, "id": "2"}
Stored = Callable[[Workspace], list[EventRow]]


@pytest.fixture
def workspace(own_database: str, as_role: Callable[[str], AbstractContextManager[None]]) -> Any:
    with as_role("worker"):
        yield make_workspace("acme")


class Run:
    """One run of the command: its exit code and what it said."""

    def __init__(self, path: Path | str, format_name: str) -> None:
        out, err = io.StringIO(), io.StringIO()
        self.code = 0
        try:
            call_command("import_events", str(path), workspace="acme", format=format_name, stdout=out, stderr=err)
        except SystemExit as ended:
            self.code = int(str(ended.code))
        self.out, self.err = out.getvalue().strip(), err.getvalue()


def lines_file(folder: Path, *lines: Any) -> Path:
    file = folder / "events.jsonl"
    file.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines) + b"\n"
    )
    return file


def without_import(rows: list[EventRow]) -> list[EventRow]:
    return [row for row in rows if row.event.type != "audit_trail.imported"]


# --- CloudTrail -------------------------------------------------------------------------------------------------------


def test_the_sample_is_imported_once_however_often_it_is_run(workspace, stored: Stored):
    first, again = Run(SAMPLE, "cloudtrail"), Run(SAMPLE, "cloudtrail")
    assert (first.code, first.out) == (0, "103 new, 0 known, 0 refused")
    assert (again.code, again.out) == (0, "0 new, 103 known, 0 refused")
    rows = stored(workspace)
    assert len(without_import(rows)) == 103
    [imported] = [row for row in rows if row.event.type == "audit_trail.imported"]
    assert imported.event.meta == {"rows": 103, "file": "sample.jsonl"}
    assert (imported.event.actor.kind, imported.event.actor.id) == ("system", "operator")
    assert {row.event.origin for row in without_import(rows)} == {"import:cloudtrail"}
    assert {row.type.source for row in without_import(rows)} == {"undeclared"}
    assert sum(row.event.is_read for row in without_import(rows)) == 98


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("wrapped", [False, True], ids=["lines", "Records"])
def test_a_file_may_be_packed_and_wrapped_as_cloudtrail_does(workspace, tmp_path, packed, wrapped):
    lines = SAMPLE.read_bytes().splitlines()
    body = b' { "Records" : [' + b" , ".join(lines) + b"]}\n" if wrapped else b"\n\n".join(lines)
    file = tmp_path / "file"
    file.write_bytes(gzip.compress(body) if packed else body)
    assert Run(file, "cloudtrail").out == "103 new, 0 known, 0 refused"


def test_the_same_records_in_another_workspace_are_other_events(workspace, stored: Stored):
    other = make_workspace("zoe")
    Run(SAMPLE, "cloudtrail")
    assert stored(other) == []


# --- Our own lines ----------------------------------------------------------------------------------------------------


def test_a_line_without_an_id_is_known_by_what_it_says(workspace, tmp_path):
    line = {key: value for key, value in LINE.items() if key != "id"}
    file = lines_file(tmp_path, line, dict(reversed(line.items())), {**line, "outcome": "failure"})
    assert Run(file, "jsonl").out == "2 new, 1 known, 0 refused"
    assert Run(file, "jsonl").out == "0 new, 3 known, 0 refused"


def test_an_idempotency_key_is_an_id(workspace, tmp_path):
    line = {key: value for key, value in LINE.items() if key != "id"}
    file = lines_file(tmp_path, {**line, "idempotencyKey": "a"}, {**line, "idempotencyKey": "a", "outcome": "failure"})
    assert Run(file, "jsonl").out == "1 new, 1 known, 0 refused"


def test_an_export_comes_back_as_it_was(workspace, tmp_path, stored: Stored):
    with in_workspace(workspace.id), acting(workspace.id, OLGA, ip="203.0.113.7", request_id="req_1", token_id="tok_1"):
        declare_type(key="order.refunded", name="Order Refunded", sentence="refunded {resource}")
        Run(lines_file(tmp_path, {**LINE, "type": "thing.done", "area": "storage"}), "jsonl")
        record("warehouse.disabled", target=[], scope_id="src_1", meta={"note": "x"})
        for reason in ("=1+1, said Ana", "The key is aud_pat_" + "a" * 30):
            with acting(workspace.id, OLGA, reason=reason):
                record("source.disabled", target=Target("source", "src_1", "Web shop"), scope_id="src_1")
        with acting(workspace.id, OLGA, reverts=[event_key(new_event_id())]):
            record("source.enabled", target=Target("source", "src_1", "Web shop"), scope_id="src_1")
    before = stored(workspace)
    file = lines_file(tmp_path, *(event_as_json(row, leaf_index=3) for row in before))
    assert Run(file, "jsonl").out == f"0 new, {len(before)} known, 0 refused", "its events are here already"
    elsewhere = make_workspace("other")
    call_command("import_events", str(file), workspace="other", format="jsonl", stdout=io.StringIO())

    def told(row: EventRow) -> dict[str, Any]:
        of_place = {"id", "receivedAt", "origin", "leafHash", "leafIndex"}
        return {key: value for key, value in event_as_json(row).items() if key not in of_place}

    after = [row for row in stored(elsewhere) if row.event.origin == "import:jsonl"]
    assert [told(row) for row in after] == [told(row) for row in before]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({**SECOND, "occurredAt": None}, "/occurredAt: This line does not say when it was."),
        ({key: value for key, value in SECOND.items() if key != "actor"}, '/actor: "actor" is required.'),
        ({**SECOND, "outcome": "?"}, '/outcome: This is not one of "success" or "failure".'),
        ({**SECOND, "context": "x"}, '/context: This is not of type "object".'),
        (b"{", "This is not JSON"),
        (b"[]", "This is not a JSON object."),
        (b"\xff\xfe", "Send UTF-8"),
        (b'{"id": "\x1b[31m"', "This is not JSON"),
    ],
)
def test_a_bad_line_is_named_and_all_others_are_imported(workspace, tmp_path, line, reason):
    run = Run(lines_file(tmp_path, LINE, line, {**LINE, "id": "3"}), "jsonl")
    assert (run.code, run.out) == (1, "2 new, 0 known, 1 refused")
    assert run.err.startswith(f"record 2: {reason}")
    assert "\x1b" not in run.err


def test_the_first_twenty_refusals_are_shown_and_the_rest_counted(workspace, tmp_path):
    run = Run(lines_file(tmp_path, *[b"{"] * 25, LINE), "jsonl")
    assert run.out == "1 new, 0 known, 25 refused"
    assert run.err.count("record ") == 20
    assert "and 5 more" in run.err


def test_more_than_one_chunk_is_imported_and_told_of(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "CHUNK_RECORDS", 3)
    told = []
    file = lines_file(tmp_path, *({**LINE, "id": str(n)} for n in range(7)))
    with file.open("rb") as stream:
        report = importing.import_file(
            stream,
            workspace_id=workspace.id,
            workspace_name="Acme",
            format_name="jsonl",
            file_name="events.jsonl",
            operator=OLGA,
            progress=lambda report: told.append(report.read),
        )
    assert (report.new, told) == (7, [3, 6, 7])


def test_standard_input_is_read_for_a_dash(workspace, monkeypatch):
    with SAMPLE.open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert Run("-", "cloudtrail").out == "103 new, 0 known, 0 refused"


def test_progress_is_told_while_it_goes_on(workspace, tmp_path, monkeypatch):
    monkeypatch.setattr("auditapp.management.commands.import_events.PROGRESS_EVERY_S", 0)
    assert Run(SAMPLE, "cloudtrail").err.startswith("103 read, ")


def test_a_workspace_or_file_that_is_not_there_is_said(workspace, tmp_path):
    with pytest.raises(CommandError, match="nowhere"):
        call_command("import_events", str(SAMPLE), workspace="nowhere", format="jsonl")
    with pytest.raises(CommandError, match="cannot be read"):
        Run(tmp_path / "missing", "jsonl")


# --- Cutting ----------------------------------------------------------------------------------------------------------


def cut(body: bytes) -> list[tuple[int, bytes | None]]:
    return [tuple(record) for record in cut_records(io.BufferedReader(io.BytesIO(body)))]


def test_a_huge_line_is_refused_without_holding_it(tmp_path):
    file = tmp_path / "huge"
    with file.open("wb") as stream:
        stream.write(b'{"a": "')
        for _ in range(64):
            stream.write(b"x" * 1024 * 1024)
        stream.write(b'"}\n{"b": 1}\n')
    tracemalloc.start()
    with file.open("rb") as stream:
        assert [tuple(record) for record in cut_records(stream)] == [(1, None), (2, b'{"b": 1}')]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_a_line_of_the_longest_length_is_taken():
    line = b"x" * (256 * 1024)
    assert cut(line + b"\n" + line) == [(1, line), (2, line)]
    assert cut(line + b"x\n1\n") == [(1, None), (2, b"1")]


@pytest.mark.parametrize("body", [b"", b"\n \n", b'{"Records": []}', b'{"Records": [ ]'])
def test_a_file_of_nothing_has_no_records(body):
    assert cut(body) == []


def test_records_across_the_edges_of_chunks_stay_whole():
    items = [json.dumps({"n": n, "text": 'é{["' * 50}).encode() for n in range(1_000)]
    assert cut(b'{"Records":[' + b",\n".join(items) + b"]}") == list(enumerate(items, 1))


@pytest.mark.parametrize(
    "body",
    [
        b'{"Records":[{"a":1},{"b":',
        b'{"Records":[{"a":1},nonsense]}',
        b'{"Records":[{"a":1},' + b"[" * 100_000,
        b'{"Records":[{"a":1},{"b":"' + b"x" * 1_000_000 + b'"}]}',
        gzip.compress(b'{"a":1}\n' * 100_000)[:-20],
    ],
    ids=["cut off", "nonsense", "deep", "long", "gzip cut off"],
)
def test_where_the_rest_cannot_be_read_it_is_said(body):
    records = cut_records(io.BufferedReader(io.BytesIO(body)))
    assert next(records).body == b'{"a":1}'
    with pytest.raises(Invalid):
        list(records)


def test_a_file_that_ends_early_keeps_what_came_before(workspace, tmp_path):
    file = tmp_path / "cut"
    file.write_bytes(b'{"Records":[' + b",".join(SAMPLE.read_bytes().splitlines()[:5]) + b',{"x')
    run = Run(file, "cloudtrail")
    assert (run.code, run.out) == (1, "5 new, 0 known, 1 refused")
    assert run.err.startswith("the file: Record 6 cannot be read")
