"""The house rules, each failing with its place and reason, and each proved able to fail on a broken snippet."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Imports go down only: a package may import from the rows below its own, never from its row, never from above.
ROWS = {
    8: "models urls wiring nav checks apps management templatetags migrations",
    7: "revert",
    6: "ingest forwarding alerts",
    5: "trail retention pipeline",
    4: "sealing sources spaces tasks",
    3: "access",
    2: "record",
    1: "web jobs",
    0: "lib merkle catalogue",
}
ROW_OF = {package: row for row, packages in ROWS.items() for package in packages.split()}
TOP_ROW = max(ROWS)  # the app itself: one package in several files, which may import each other

LINES_PER_FILE, LINES_PER_FUNCTION, LINES_PER_TEMPLATE = 400, 60, 150

NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "manager"}
OUTBOUND = "auditapp/lib/outbound"
CALLS_OUT = {
    *("httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3", "aiohttp", "urllib.request", "http.client"),
    *("xmlrpc.client", "smtplib", "ftplib", "poplib", "imaplib", "socket", "ssl", "asyncio.open_connection"),
}
MAY_CALL_OUT = {  # paths, each with what it may import and why nobody can send it elsewhere
    "auditapp/access/sso/calls.py": {"requests"},  # asks the provider of SSO_ISSUER, which no person enters
    "auditapp/lib/loopback.py": {"http.client"},  # asks this machine's own web server, by address
    "auditapp/management/installation.py": {"socket"},  # tries whether its own port is free
    "auditapp/pipeline/delivery/mail.py": {"smtplib.SMTPException"},  # the same
    "auditapp/trail/exports/mail.py": {"smtplib.SMTPException"},  # the name of an error; Django sends to EMAIL_URL
}
SIGNAL_MODULES = re.compile(r"(^|\.)signals(\.|$)|^django\.dispatch")
WALL_CLOCKS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("time.time", "time.time_ns", "timezone.now", "timezone.localtime", "timezone.localdate"),
}
MAKES_SAFE = {"mark_safe", "SafeString", "SafeText", "SafeData"}
# Paths, each with the test that escapes hostile text through it: lib/test_markup.py
MAY_MAKE_SAFE = {"auditapp/lib/markup.py"}

Breach = tuple[int, str]


class File:
    """A file of the project, or a snippet that plays one."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.folders = path.split("/")[:-1]
        self.stem = path.rpartition("/")[2].partition(".")[0]

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(ast.parse(self.text)))

    @cached_property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def is_in(self, folder: str) -> bool:
        return f"{self.path}/".startswith(f"{folder}/")

    @property
    def is_migration(self) -> bool:
        return "migrations" in self.folders

    @cached_property
    def imports(self) -> list[tuple[int, str]]:
        """Every module imported, deferred and textual imports too; `from a import b` gives `a.b`."""
        found = []
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found += [(node.lineno, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                above = self.folders[: len(self.folders) - node.level + 1] if node.level else []
                module = ".".join([*above, *([node.module] if node.module else [])])
                found += [(node.lineno, f"{module}.{alias.name}") for alias in node.names]
            elif isinstance(node, ast.Call) and dotted(node.func).endswith(("import_module", "__import__")):
                named = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
                found += [(node.lineno, name) for name in named if isinstance(name, str)]
        return found


def dotted(node: ast.AST) -> str:
    """`a.b.c` for such an expression, as much of its end as is plain names otherwise."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return node.id if isinstance(node, ast.Name) else ""


def ends_with_any(name: str, endings: set[str]) -> bool:
    return any(f".{name}".endswith(f".{ending}") for ending in endings)


def starts_with_any(name: str, modules: set[str]) -> bool:
    return any(f"{name}.".startswith(f"{module}.") for module in modules)


# --- Python -----------------------------------------------------------------------------------------------------------


def imports_go_down(file: File) -> Iterator[Breach]:
    if not file.is_in("auditapp"):
        yield from ((n, f"settings never import {m}") for n, m in file.imports if starts_with_any(m, {"auditapp"}))
        return
    own = package_of(file.path.removesuffix(".py").split("/"))
    for line, module in file.imports:
        other = package_of(module.split(".")) if starts_with_any(module, {"auditapp"}) else own
        if other == own:
            continue
        for package in (own, other):
            if package not in ROW_OF:
                yield line, f"{package} stands in no row: give it one in ROWS and in the architecture"
                return
        if ROW_OF[other] >= ROW_OF[own] and ROW_OF[own] != TOP_ROW:
            yield line, f"{own} (row {ROW_OF[own]}) imports {other} (row {ROW_OF[other]}): imports only go down"


def package_of(parts: list[str]) -> str:
    return parts[1] if len(parts) > 1 else "__init__"


def files_stay_short(file: File) -> Iterator[Breach]:
    if file.lines > LINES_PER_FILE and not file.is_migration:
        yield file.lines, f"more than {LINES_PER_FILE} lines: split it by what it does"


def functions_stay_short(file: File) -> Iterator[Breach]:
    for node in file.nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LINES_PER_FUNCTION:
                yield node.lineno, f"{node.name} has {length} lines, more than {LINES_PER_FUNCTION}"


def names_say_something(file: File) -> Iterator[Breach]:
    for name in {file.stem, *file.folders} & NAMES_THAT_SAY_NOTHING:
        yield 1, f"{name} says nothing: name it by what it does"


def signals_stay_in_access(file: File) -> Iterator[Breach]:
    reason = "writes are explicit: only access/ receives signals, Django's own"
    if file.is_in("auditapp/access"):
        return
    yield from ((line, reason) for line, module in file.imports if SIGNAL_MODULES.search(module))
    for node in file.nodes:
        name = dotted(node.func) if isinstance(node, ast.Call) else dotted(node)
        if isinstance(node, ast.Call):
            # With an argument: psycopg.connect and sign_in.connect() are no signals, nor are the sockets of lib/outbound.
            connects = (
                name.endswith(".connect") and node.args and name != "psycopg.connect" and not file.is_in(OUTBOUND)
            )
            if connects or name.rpartition(".")[2] in ("receiver", "Signal"):
                yield node.lineno, reason
        elif isinstance(node, ast.Attribute) and node.attr == "signals":
            yield node.lineno, reason


def events_have_one_door(file: File) -> Iterator[Breach]:
    if file.is_in("auditapp/record") or file.is_migration:
        return
    managers = {"Event.objects", "Event._default_manager", "Event._base_manager"}
    for node in file.nodes:
        if isinstance(node, ast.Attribute) and ends_with_any(dotted(node), managers):
            yield node.lineno, "events are read through visible_events(viewer) and written by record()"


def calls_go_out_by_one_door(file: File) -> Iterator[Breach]:
    if file.is_in(OUTBOUND):
        return
    for line, module in file.imports:
        if starts_with_any(module, CALLS_OUT) and not starts_with_any(module, MAY_CALL_OUT.get(file.path, set())):
            yield line, f"{module}: only lib/outbound calls out, which refuses inner addresses"


def clock_is_in_lib(file: File) -> Iterator[Breach]:
    if file.path == "auditapp/lib/clock.py" or file.is_migration:
        return
    reason = "the wall clock is read in lib/clock.py alone, so that tests and the demo can move it"
    yield from ((line, reason) for line, module in file.imports if ends_with_any(module, WALL_CLOCKS))
    for node in file.nodes:
        if isinstance(node, ast.Attribute) and ends_with_any(dotted(node), WALL_CLOCKS):
            yield node.lineno, reason


def merkle_stands_alone(file: File) -> Iterator[Breach]:
    if not file.is_in("auditapp/merkle"):
        return
    for line, module in file.imports:
        top = module.partition(".")[0]
        if top not in sys.stdlib_module_names | {"cryptography"} and not module.startswith("auditapp.merkle"):
            yield line, f"{module}: a stranger copies merkle/ with nothing but the stdlib and cryptography"


def markup_is_escaped(file: File) -> Iterator[Breach]:
    if file.path in MAY_MAKE_SAFE:
        return
    for node in file.nodes:
        names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else [dotted(node)]
        if any(ends_with_any(name, MAKES_SAFE) for name in names):
            yield getattr(node, "lineno", 1), "marks text as safe: fields are hostile, use format_html or a template"


# --- Templates --------------------------------------------------------------------------------------------------------

UNESCAPED = re.compile(r"\|\s*(?:safe|safeseq)\b|\{%-?\s*autoescape\s+off")
DJANGO_VALUE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
DJANGO_TAG_OR_COMMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}|<!--.*?-->", re.DOTALL)
SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script", re.DOTALL | re.IGNORECASE)
TAG = re.compile(r"<[a-z][^<>\s]*((?:\s+[^\s\"'<>=]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?)*)", re.IGNORECASE)
ATTRIBUTE = re.compile(r"([^\s\"'<>=]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?")


def templates_stay_small(file: File) -> Iterator[Breach]:
    if file.lines > LINES_PER_TEMPLATE:
        yield file.lines, f"more than {LINES_PER_TEMPLATE} lines: one thing a file"


def templates_escape(file: File) -> Iterator[Breach]:
    for match in UNESCAPED.finditer(file.text):
        yield line_of(file, match), f"{match[0]}: event fields are hostile, escaping stays on"


def templates_obey_strict_csp(file: File) -> Iterator[Breach]:
    # As wide and as many lines as before, so that places stay true.
    html = DJANGO_VALUE.sub(lambda match: re.sub(".", "_", match[0]), file.text)
    html = DJANGO_TAG_OR_COMMENT.sub(blank, html)
    for match in SCRIPT.finditer(html):
        if match[2].strip() and "application/json" not in match[1]:
            yield line_of(file, match), "an inline script: move it to static/js"
    for tag in TAG.finditer(html):
        for match in ATTRIBUTE.finditer(tag[1]):
            name, value = match[1].lower(), (match[2] or "").strip("\"' ").lower()
            if name == "style" or name.startswith(("on", "hx-on", "data-hx-on")):
                yield line_of(file, tag), f"{name}=: the CSP blocks it; use a class or static/js"
            elif value.startswith(("js:", "javascript:")):
                yield line_of(file, tag), f"{name}={match[2]}: scripts live in static/js"


def blank(match: re.Match[str]) -> str:
    return re.sub(".", " ", match[0])


def line_of(file: File, match: re.Match[str]) -> int:
    return file.text.count("\n", 0, match.start()) + 1


# --- The rules on the project -----------------------------------------------------------------------------------------

Rule = Callable[[File], Iterator[Breach]]
CODE, EVERYTHING = ("auditapp", "settings"), ("auditapp", "settings", "tests")
PYTHON_RULES: dict[Rule, tuple[str, ...]] = {
    imports_go_down: CODE,
    files_stay_short: EVERYTHING,
    functions_stay_short: CODE,
    names_say_something: EVERYTHING,
    signals_stay_in_access: CODE,
    events_have_one_door: CODE,
    calls_go_out_by_one_door: CODE,
    clock_is_in_lib: CODE,
    merkle_stands_alone: CODE,
    markup_is_escaped: CODE,
}
TEMPLATE_RULES: list[Rule] = [templates_stay_small, templates_escape, templates_obey_strict_csp]


@lru_cache
def files(pattern: str, folders: tuple[str, ...]) -> list[File]:
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob(pattern))
    return [File(path.relative_to(ROOT).as_posix(), path.read_text("utf-8")) for path in paths]


def breaches(rule: Rule, checked: list[File]) -> list[str]:
    return [f"{file.path}:{line} {reason}" for file in checked for line, reason in rule(file)]


@pytest.mark.parametrize(("rule", "folders"), PYTHON_RULES.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_python_keeps_the_house_rule(rule, folders):
    assert breaches(rule, files("*.py", folders)) == []


@pytest.mark.parametrize("rule", TEMPLATE_RULES, ids=lambda rule: rule.__name__)
def test_templates_keep_the_house_rule(rule):
    assert breaches(rule, files("*.html", ("templates", "auditapp"))) == []


def test_the_files_are_found():
    assert {"auditapp/lib/clock.py", "settings/base.py", "tests/test_layout.py"} <= {
        file.path for file in files("*.py", EVERYTHING)
    }


# --- The rules on snippets --------------------------------------------------------------------------------------------

PY, HTML = "auditapp/trail/views.py", "templates/trail/page.html"
BROKEN = [
    (imports_go_down, PY, "from auditapp.ingest.api import router"),
    (imports_go_down, PY, "def late():\n    import auditapp.alerts.jobs"),
    (imports_go_down, PY, "from auditapp import retention"),
    (imports_go_down, PY, "from ..pipeline import run"),
    (imports_go_down, PY, "import_module('auditapp.revert.services')"),
    (imports_go_down, PY, "from auditapp.newcomer import thing"),
    (imports_go_down, "auditapp/newcomer/models.py", "from auditapp.lib import clock"),
    (imports_go_down, "auditapp/lib/clock.py", "from auditapp.catalogue.types import Verb"),
    (imports_go_down, "auditapp/record/writer.py", "from auditapp.models import Event"),
    (imports_go_down, "settings/base.py", "from auditapp.lib import clock"),
    (files_stay_short, "tests/test_x.py", "x = 1\n" * 401),
    (functions_stay_short, PY, "def long():\n" + "    x = 1\n" * 60),
    (names_say_something, "auditapp/trail/utils.py", ""),
    (names_say_something, "tests/helpers/x.py", ""),
    (signals_stay_in_access, PY, "from django.db.models.signals import post_save"),
    (signals_stay_in_access, PY, "from django.dispatch import Signal"),
    (signals_stay_in_access, PY, "@receiver(saved)\ndef on_save(): ..."),
    (signals_stay_in_access, PY, "changed = Signal()"),
    (signals_stay_in_access, PY, "models.signals.post_save"),
    (signals_stay_in_access, PY, "saved.connect(on_save)"),
    (events_have_one_door, PY, "Event.objects.filter(id=1)"),
    (events_have_one_door, PY, "models.Event._default_manager"),
    *((calls_go_out_by_one_door, PY, f"import {module}") for module in ("httpx", "httpcore2", "ssl", "smtplib")),
    (calls_go_out_by_one_door, PY, "from urllib.request import urlopen\nfrom urllib import request"),
    (calls_go_out_by_one_door, PY, "def late():\n    import http.client"),
    (calls_go_out_by_one_door, PY, "from asyncio import open_connection"),
    (calls_go_out_by_one_door, "auditapp/lib/loopback.py", "import socket"),
    (calls_go_out_by_one_door, "auditapp/trail/exports/mail.py", "from smtplib import SMTP"),
    (calls_go_out_by_one_door, "auditapp/lib/outbound_too.py", "import httpx2"),
    (clock_is_in_lib, PY, "datetime.now(UTC)"),
    (clock_is_in_lib, PY, "datetime.datetime.utcnow()"),
    (clock_is_in_lib, PY, "Field(default=timezone.now)"),
    (clock_is_in_lib, PY, "from django.utils.timezone import now"),
    (clock_is_in_lib, PY, "from time import time"),
    (clock_is_in_lib, PY, "time.time()"),
    (merkle_stands_alone, "auditapp/merkle/tree.py", "from auditapp.lib import clock"),
    (merkle_stands_alone, "auditapp/merkle/tree.py", "import orjson"),
    (markup_is_escaped, PY, "from django.utils.safestring import mark_safe"),
    (markup_is_escaped, PY, "safestring.SafeString(x)"),
    (templates_stay_small, HTML, "<p>\n" * 151),
    (templates_escape, HTML, "{{ name|safe }}"),
    (templates_escape, HTML, "{{ name|upper | safe }}"),
    (templates_escape, HTML, "{% autoescape off %}"),
    (templates_obey_strict_csp, HTML, "<script>\nalert(1)</script>"),
    (templates_obey_strict_csp, HTML, '<p class="{% if a > b %}x{% endif %}" style="color:red">'),
    (templates_obey_strict_csp, HTML, "<p\n  STYLE='x'>"),
    (templates_obey_strict_csp, HTML, '<button onclick="x()">'),
    (templates_obey_strict_csp, HTML, '<body hx-on::after-request="x()">'),
    (templates_obey_strict_csp, HTML, "<a hx-vals='js:{a: 1}'>"),
    (templates_obey_strict_csp, HTML, '<a href="javascript:x()">'),
    (templates_obey_strict_csp, HTML, '<p {% if a %}class="x"{% endif %} id={{ id }} style=x>'),
]
SOUND = [
    (imports_go_down, PY, "from auditapp.trail.queries import x\nfrom .forms import y\nfrom auditapp.record import z"),
    (imports_go_down, "auditapp/apps.py", "from auditapp import checks\nfrom auditapp.access import sign_in"),
    (files_stay_short, "auditapp/migrations/0001_initial.py", "x = 1\n" * 401),
    (functions_stay_short, PY, "def fits():\n" + "    x = 1\n" * 59),
    (signals_stay_in_access, "auditapp/access/sign_in.py", "from django.contrib.auth.signals import user_logged_in"),
    (signals_stay_in_access, PY, "psycopg.connect(url)\nsign_in.connect()"),
    (events_have_one_door, "auditapp/record/queries.py", "Event.objects.all()"),
    (events_have_one_door, PY, "EventType.objects"),
    (calls_go_out_by_one_door, "auditapp/lib/outbound/client.py", "import httpcore2\nimport socket, ssl"),
    (calls_go_out_by_one_door, "auditapp/lib/loopback.py", "from http.client import HTTPConnection"),
    (calls_go_out_by_one_door, PY, "from http import HTTPStatus\nfrom urllib.parse import quote"),
    (clock_is_in_lib, PY, "clock.now()\ntime.monotonic()\ntime.perf_counter()\nfrom datetime import timezone"),
    (merkle_stands_alone, "auditapp/merkle/tree.py", "import hashlib\nfrom .hashing import x\nimport cryptography.x"),
    (templates_escape, HTML, "{{ name|safe_words }} is safe"),
    (templates_obey_strict_csp, HTML, '<script src="{% static "js/app.js" %}" defer></script>'),
    (templates_obey_strict_csp, HTML, '<script type="application/json">{"a": 1}</script>'),
    (templates_obey_strict_csp, HTML, '<p class="on" data-style="x" title="style=x onclick=y">a style=b</p>'),
    (templates_obey_strict_csp, HTML, "{# <p style=x> #}<!-- <p style=x> -->"),
]


def rule_name(value: object) -> str:
    return getattr(value, "__name__", "")


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN, ids=rule_name)
def test_rule_notices_a_breach(rule, path, text):
    assert breaches(rule, [File(path, text)]) != []


@pytest.mark.parametrize(("rule", "path", "text"), SOUND, ids=rule_name)
def test_rule_lets_sound_code_pass(rule, path, text):
    assert breaches(rule, [File(path, text)]) == []


def test_every_rule_has_a_snippet_that_breaks_it():
    assert {rule for rule, _, _ in BROKEN} == {*PYTHON_RULES, *TEMPLATE_RULES}
