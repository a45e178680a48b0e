"""docs/tracking-plans.md: its file is one that is taken in, and its lines of curl do what the page says, against a server."""

import os
import shutil
import subprocess

import pytest

from auditapp.pipeline.plans.plan_csv import rules_as_csv, rules_from_csv
from auditapp.pipeline.plans.queries import following_of, plan_of, settings_told
from auditapp.pipeline.plans.rule_store import stored_rules
from auditapp.record.workspace_scope import in_workspace
from tests.docs.snippets import blocks
from tests.factories import make_source, make_token, make_workspace
from tests.loopback_server import served


def test_the_file_of_the_page_is_a_plan():
    [(_, text)] = blocks("tracking-plans.md", "csv")
    rules = rules_from_csv(text)
    assert [rule.key for rule in rules] == ["Order Completed", "", "Anything"]
    assert rules_from_csv(rules_as_csv(rules)) == rules


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_lines_make_a_plan_that_a_source_follows(own_database):
    workspace = make_workspace(slug="acme")
    source = make_source(workspace=workspace)
    scopes = ["tracking_plan:read", "tracking_plan:write", "source:read", "source:write"]
    _, secret = make_token(workspace=workspace, scopes=scopes)
    [(_, lines)] = blocks("tracking-plans.md", "sh")
    with served() as address:
        environment = {"PATH": os.environ["PATH"], "TOKEN": secret, "SOURCE": source.id}
        lines = lines.replace("http://127.0.0.1:8000", address)
        done = subprocess.run(["/bin/sh", "-ec", lines], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "errors" not in done.stdout
    with in_workspace(workspace.id):
        plan = plan_of(source)
        assert [rule.key for rule in stored_rules(workspace.id, plan.id)] == ["Order Completed"]
        assert settings_told(following_of(source))["track"]["allowUnplannedEvents"] is False
