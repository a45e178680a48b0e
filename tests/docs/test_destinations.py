"""Every kind of destination is wired, tested under its own name and told of in docs/destinations.md, with all it asks for."""

import re
from inspect import isabstract
from pkgutil import iter_modules

import pytest

from auditapp.pipeline.destinations import kinds
from auditapp.pipeline.destinations.http_kind import TLS_FIELDS
from auditapp.pipeline.destinations.registry import destination_kinds
from auditapp.pipeline.formats.rendering import Format
from auditapp.wiring import DESTINATION_KINDS
from tests.docs.snippets import ROOT
from tests.pipeline.kinds.setups import setup_of

PAGE = (ROOT / "docs/destinations.md").read_text()
MODULES = [module.name for module in iter_modules(kinds.__path__)]
KINDS = [pytest.param(kind, id=kind.key) for kind in DESTINATION_KINDS]
ROW = re.compile(r"^\| ([^|]+?) \| ", re.MULTILINE)


def _section(kind):
    _, found, rest = PAGE.partition(f"\n## {kind.name}\n")
    assert found, f"docs/destinations.md has no section {kind.name}"
    return rest.partition("\n## ")[0]


def test_every_file_is_a_kind_that_is_wired():
    assert len(MODULES) >= 9
    assert sorted(kind.key for kind in DESTINATION_KINDS) == sorted(MODULES)
    assert {kind.__class__.__module__.rpartition(".")[2] for kind in DESTINATION_KINDS} == {*MODULES}
    assert {*DESTINATION_KINDS} <= {*destination_kinds()}
    assert not any(isabstract(type(kind)) for kind in DESTINATION_KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_test_of_its_own(kind):
    test = (ROOT / f"tests/pipeline/kinds/test_{kind.key}.py").read_text()
    assert f"from auditapp.pipeline.destinations.kinds.{kind.key} import" in test
    assert len(re.findall(r"^def test_", test, re.MULTILINE)) >= 5


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_tells_of_everything_a_kind_asks_for(kind):
    rows = ROW.findall(_section(kind))
    settings = [one.label for one in kind.fields if one not in TLS_FIELDS]
    assert [row for row in rows if row in settings] == settings
    assert kind.key == "email" or kind.fields[-3:] == TLS_FIELDS
    for one in TLS_FIELDS:
        assert f"*{one.label}*" in PAGE


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_tells_its_limits_and_formats(kind):
    anchor = re.sub(r"[^a-z0-9]+", "-", kind.name.lower())
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| [{kind.name}](#{anchor}) |")]
    setup = setup_of(kind, **({"sends": "batch"} if kind.key == "webhook" else {}))
    assert f"up to {kind.max_events(setup):,} events" in row
    if kind.formats == tuple(Format):
        assert "| all |" in row
    assert 1 <= kind.max_events(setup) <= 5_000
    assert 0 < kind.max_bytes(setup) <= 16_000_000


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_form_shows_is_said(kind):
    assert kind.summary.endswith(".")
    assert len({one.name for one in kind.fields}) == len(kind.fields)
    for one in kind.fields:
        assert one.label[0].isupper()
        assert one.type != "choice" or one.default in dict(one.choices)
        assert not (one.is_secret and one.default)
    symbols = (ROOT / "static/img/sprite.svg").read_text()
    assert f'id="i-{kind.icon}"' in symbols


def test_the_page_has_no_kind_that_is_not_there():
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == [kind.name for kind in DESTINATION_KINDS]
    assert (ROOT / "README.md").read_text().count("docs/destinations.md") >= 1
