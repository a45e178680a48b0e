"""Unsafe settings are refused at the start, each with an id and what to do."""

from types import SimpleNamespace

import pytest
from django.conf import settings as configured

from auditapp.checks.addresses import addresses_are_safe
from auditapp.checks.outbound import outbound_is_narrow
from auditapp.checks.project import APPS, MIDDLEWARE, NAMES, VALUES, project_is_complete
from auditapp.checks.secrets import secrets_are_safe


def _ids(settings, **changed):
    for name, value in changed.items():
        setattr(settings, name, value)
    problems = [*addresses_are_safe(), *secrets_are_safe(), *outbound_is_narrow()]
    return [problem.id.removeprefix("auditapp.") for problem in problems]


def test_a_first_run_on_this_machine_is_safe(settings):
    assert _ids(settings) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"PUBLIC_URL": "http://trail.example.com"}, ["E010"]),
        ({"PUBLIC_URL": "http://10.0.0.5:8000"}, ["E010"]),
        ({"PUBLIC_URL": "http://trail.example.com", "ALLOW_PLAIN_HTTP": True}, []),
        ({"PUBLIC_URL": "https://trail.example.com"}, []),
        ({"PUBLIC_URL": "http://[::1]:8000"}, []),
        ({"PUBLIC_URL": "https://trail.example.com", "DEBUG": True}, ["E011"]),
        ({"DEBUG": True}, []),
        ({"ALLOWED_HOSTS": ["*"]}, ["E013"]),
        ({"TRUSTED_PROXIES": ["10.0.0.5", "10.1.0.0/16"]}, []),
        ({"TRUSTED_PROXIES": ["proxy"]}, ["E014"]),
        ({"TRUSTED_PROXIES": ["0.0.0.0/0", "::/0"]}, ["E014", "E014"]),
        ({"OUTBOUND_ALLOWED_NETWORKS": ["10.0.5.0/24", "10.1.2.3", "fd12:3456:789a::/48"]}, []),
        ({"OUTBOUND_ALLOWED_NETWORKS": ["siem.corp.example"]}, ["E030"]),
        ({"OUTBOUND_ALLOWED_NETWORKS": ["10.0.0.0/8", "fd00::/8"]}, ["W030", "W030"]),
        ({"OUTBOUND_ALLOWED_NETWORKS": ["127.0.0.1", "::1", "169.254.169.0/24"]}, ["W031", "W031", "W031"]),
        ({"OUTBOUND_ALLOWED_NETWORKS": ["0.0.0.0/0"]}, ["W030", "W031"]),
        ({"OUTBOUND_ALLOW_HTTP": True}, ["W032"]),
        ({"SECRET_KEY": "changeme"}, ["E012"]),
        ({"METRICS_TOKEN": "short"}, ["E017"]),
        ({"SECRET_BOX_KEYS": ["nothing"]}, ["E015"]),
    ],
)
def test_what_is_unsafe_is_refused(settings, changed, found):
    assert _ids(settings, **changed) == found


def test_mail_that_reaches_nobody_is_a_warning_and_no_refusal(settings, monkeypatch):
    monkeypatch.setattr("auditapp.checks.addresses._mail_stays_here", lambda: True)
    assert _ids(settings, PUBLIC_URL="https://trail.example.com") == ["W010"]
    assert _ids(settings, PUBLIC_URL="http://127.0.0.1:8000") == []


def test_a_seal_key_that_others_can_read_is_refused(settings, tmp_path):
    settings.SEAL_KEY_FILE = tmp_path / "seal.key"
    assert _ids(settings) == []
    settings.SEAL_KEY_FILE.write_text("x")
    settings.SEAL_KEY_FILE.chmod(0o640)
    assert _ids(settings) == ["E016"]
    settings.SEAL_KEY_FILE.chmod(0o400)
    assert _ids(settings) == []


def test_every_problem_says_what_to_do(settings):
    settings.PUBLIC_URL, settings.DEBUG, settings.ALLOWED_HOSTS = "http://x.example", True, ["*"]
    settings.TRUSTED_PROXIES, settings.SECRET_KEY, settings.METRICS_TOKEN = ["x"], "x", "x"
    settings.SECRET_BOX_KEYS, settings.OUTBOUND_ALLOW_HTTP = ["x"], True
    settings.OUTBOUND_ALLOWED_NETWORKS = ["x", "0.0.0.0/0"]
    problems = [*addresses_are_safe(), *secrets_are_safe(), *outbound_is_narrow()]
    assert len({problem.id for problem in problems}) == len(problems) == 11
    assert all(problem.hint for problem in problems)


@pytest.fixture
def project(monkeypatch):
    """A project's settings, to take from; they are looked at and nothing is loaded anew."""
    names = [name for name in dir(configured) if name.isupper() and hasattr(configured, name)]
    copy = SimpleNamespace(**{name: getattr(configured, name) for name in names})
    monkeypatch.setattr("auditapp.checks.project.settings", copy)
    return copy


def _lacking():
    return [problem.msg for problem in project_is_complete()]


def test_this_project_lacks_nothing(project):
    assert _lacking() == []


@pytest.mark.parametrize("app", APPS)
def test_a_missing_app_is_named(project, app):
    project.INSTALLED_APPS = [one for one in project.INSTALLED_APPS if one != app]
    assert _lacking() == [f"INSTALLED_APPS lacks {app}."]


@pytest.mark.parametrize("middleware", MIDDLEWARE)
def test_a_missing_middleware_is_named(project, middleware):
    project.MIDDLEWARE = [one for one in project.MIDDLEWARE if one != middleware]
    assert _lacking() == [f"MIDDLEWARE lacks {middleware}."]


def test_another_order_of_middleware_is_told(project):
    project.MIDDLEWARE = project.MIDDLEWARE[::-1]
    assert "another order" in _lacking()[0]


@pytest.mark.parametrize("name", [*VALUES, *NAMES])
def test_a_missing_setting_is_named(project, name):
    delattr(project, name)
    assert [text.split()[0] for text in _lacking()] == [name]


def test_missing_parts_of_templates_are_named(project):
    project.TEMPLATES = [{**project.TEMPLATES[0], "OPTIONS": {}}]
    assert len(_lacking()) == 2
