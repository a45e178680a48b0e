"""docs/django.md, followed to the letter in a project of its own, over the wheel and a database of its own."""

import os
import subprocess
import sys
from zipfile import ZipFile

import pytest

from settings.embedded import LOGIN, SUPERUSER
from tests.conftest import _administering
from tests.docs.snippets import ROOT, blocks

MANAGE = """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
execute_from_command_line(sys.argv)
"""
VISIT = """
from django.contrib.staticfiles import finders
from django.test import Client
from shop import views
from shop.models import Order

link = open("link").read().strip()
browser = Client(HTTP_HOST="127.0.0.1")
assert browser.post(link, {"name": "Olga Ivanova", "password": "correct horse battery"}).status_code == 302
trail = "/acme/settings/admin/audit-trail/"
Order.objects.create(number=7)
Order.objects.create(number=8)
assert browser.post("/orders/7/approve/").status_code == 200
page = browser.get(trail).content.decode()
assert "Order 7" in page and "approved" in page, page
assert finders.find("css/app.css") and finders.find("js/app.js")

recorded = views.record
def fails(*arguments, **named):
    recorded(*arguments, **named)
    raise RuntimeError("after the event")
views.record = fails
browser.raise_request_exception = False
assert browser.post("/orders/8/approve/").status_code == 500
assert Order.objects.get(number=8).state == "open"
assert "Order 8" not in browser.get(trail).content.decode()
print("seen")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the app as the wheel brings it."""
    folder = tmp_path_factory.mktemp("site")
    build = "import sys, hatchling.build; print(hatchling.build.build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with ZipFile(folder / done.stdout.split()[-1]) as wheel:
        wheel.extractall(folder)
    return folder


@pytest.fixture
def project(site, tmp_path, server):
    """The pages' files, and how to run a line of shell beside them."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "manage.py").write_text(MANAGE)
    for name, text in blocks("django.md", "python"):
        (tmp_path / name).write_text(text)
    database = f"shop_{os.getpid()}"
    environment = {
        "PATH": f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(site),
        "SECRET_KEY": "of-the-test-" + "0123456789" * 4,
        "PGHOST": str(server.sockets),
        "PGDATABASE": database,
        "PGUSER": LOGIN,
        "PGOWNER": SUPERUSER,
        "PGPASSWORD": server.password,
    }

    def run(line, **more):
        done = subprocess.run(
            ["/bin/sh", "-ec", line], cwd=tmp_path, env=environment | more, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run.folder = tmp_path
    with _administering(server) as admin:
        admin.execute(f"CREATE DATABASE {database}")
        try:
            yield run
        finally:
            admin.execute(f"DROP DATABASE {database} WITH (FORCE)")


def test_the_wheel_has_templates_and_static_files_where_django_looks(site):
    assert (site / "auditapp" / "templates" / "trail" / "event_list.html").exists()
    assert (site / "auditapp" / "static" / "css" / "app.css").exists()
    assert not (site / "settings").exists()


def test_a_view_of_ones_own_records_in_its_transaction_and_the_trail_shows_it(project):
    [(name, lines)] = blocks("django.md", "sh")
    assert name == "run.sh"
    printed = project(lines)
    (project.folder / "link").write_text(next(word for word in printed.split() if "/invitation/" in word))
    (project.folder / "visit.py").write_text(VISIT)
    assert "seen" in project("python manage.py shell < visit.py")
    assert "no issues" in project("python manage.py check")


def test_what_the_settings_lack_is_named(project):
    file = project.folder / "shop" / "settings.py"
    file.write_text(file.read_text().replace('    "django_htmx.middleware.HtmxMiddleware",\n', ""))
    with pytest.raises(AssertionError, match=r"auditapp\.E021.*HtmxMiddleware"):
        project("python manage.py check")
