"""Dockerfile and compose file, read: they name settings that exist, keep logins and keys apart, and run as nobody in particular."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
INSTRUCTIONS = re.findall(r"^([A-Z]+) +((?:.*\\\n)*.*)$", DOCKERFILE, re.MULTILINE)
OURS = ("migrate", "web", "worker")
READ_BY_CODE = {
    name
    for path in (ROOT / "settings").glob("*.py")
    for name in re.findall(r'env\.(?:text|flag|number|words|path)\(\s*"([A-Z_]+)"', path.read_text())
}


@pytest.mark.parametrize("service", OURS)
def test_every_setting_is_one_that_the_code_reads(service):
    assert set(SERVICES[service]["environment"]) <= READ_BY_CODE


def test_only_migrations_have_the_owners_login():
    with_owner = [name for name in OURS if "DATABASE_OWNER_URL" in SERVICES[name]["environment"]]
    assert with_owner == ["migrate"]
    assert all("audit_web:" in SERVICES[name]["environment"]["DATABASE_URL"] for name in OURS)


def test_the_web_does_not_see_the_folder_of_the_seal_key():
    assert SERVICES["worker"]["volumes"] == SERVICES["migrate"]["volumes"] == ["worker:/data"]
    assert SERVICES["web"]["volumes"] == ["web:/data"]


def test_migrations_come_first_and_the_database_before_them():
    assert SERVICES["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert "restart" not in SERVICES["migrate"]


def test_nothing_is_reached_from_other_machines():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_every_secret_has_to_be_given_and_is_in_the_example():
    text = (ROOT / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", text))
    assert asked == {"OWNER_PASSWORD", "WEB_PASSWORD", "SECRET_KEY", "SECRET_BOX_KEYS", "PUBLIC_URL"}
    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / "deploy.env.example").read_text(), re.MULTILINE))
    assert asked <= example <= set(re.findall(r"\$\{([A-Z_]+)", text))


def test_the_image_runs_as_a_user_without_rights_and_tells_its_health():
    names = [name for name, _ in INSTRUCTIONS]
    assert names.index("USER") < names.index("CMD")
    assert dict(INSTRUCTIONS)["USER"] == "audit"
    assert "/healthz" in dict(INSTRUCTIONS)["HEALTHCHECK"]
    for name in OURS:
        assert SERVICES[name]["read_only"]
        assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_what_is_copied_exists_and_is_let_through():
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    copied = {word for name, rest in INSTRUCTIONS if name == "COPY" for word in rest.split()[:-1]}
    assert copied == let_through
    assert all((ROOT / path).exists() for path in copied)


def test_the_image_serves_as_the_program_that_up_starts():
    """The same options, but for the address."""
    from auditapp.management.installation import web_program

    started = web_program(8000).command[3:]
    in_image = yaml.safe_load(dict(INSTRUCTIONS)["CMD"].replace("\\\n", ""))[1:]
    assert sorted(set(started) ^ set(in_image)) == ["--log-level", "0.0.0.0:8000", "127.0.0.1:8000", "warning"]
