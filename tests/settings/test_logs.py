"""Lines of the log: one JSON object each, without what would let its reader in somewhere."""

import json
import logging

import pytest

from settings.logs import LOGGING, JsonFormatter


def line_of(message: str) -> dict[str, str]:
    record = logging.LogRecord(
        "django.request", logging.ERROR, "", 0, "%s: %s", ("Internal Server Error", message), None
    )
    return json.loads(JsonFormatter().format(record))


@pytest.mark.parametrize("path", ["/accounts/invitation/", "/accounts/password/reset/key/"])
def test_a_link_that_lets_somebody_in_is_cut_short(path):
    line = line_of(f"{path}ls3SLUf8secretsecret17JXY/")
    assert line["message"] == f"Internal Server Error: {path}ls3S.../"


def test_other_paths_are_whole_and_a_line_break_starts_no_line():
    message = line_of("/demo/settings/admin/audit-trail/\n{}")["message"]
    assert message == "Internal Server Error: /demo/settings/admin/audit-trail/\n{}"


def test_what_is_wrong_with_a_request_is_told_to_who_sent_it_and_not_to_the_log():
    assert LOGGING["loggers"]["django.request"] == {"level": "ERROR"}
