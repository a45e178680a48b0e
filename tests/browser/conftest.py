"""A real Chromium on a real server over a database of its own. Without a Chromium these tests are skipped.

Best run in a process of their own: `python -m pytest tests/browser`. CHROMIUM names another executable.
"""

import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.test import Client

from auditapp.access.models import User
from tests.factories import Cast, make_cast, make_token
from tests.trail.history import seal_all, tell_everything

# Playwright's own loop runs in this thread, and Django takes that for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
DESK, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser process for all tests."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site(own_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The application on a port of its own; gives its address."""
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["127.0.0.1"])
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler, ipv6=False)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def cast(own_database: str) -> Cast:
    return make_cast()


@pytest.fixture
def history(cast: Cast) -> Cast:
    """Every type of the catalogue once, sealed."""
    token, _ = make_token(workspace=cast.workspace, name="Terraform Cloud")
    tell_everything(cast.workspace, [cast.olga, cast.milo, token])
    seal_all()
    return cast


class Watched:
    """A page and what went wrong on it: errors, refusals of the CSP, dialogs, requests to elsewhere."""

    def __init__(self, page: Any, site: str, also: str = "") -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", self._hear)
        page.on("dialog", self._refuse)
        known = tuple(filter(None, (site, also, "data:")))
        page.on("request", lambda one: None if one.url.startswith(known) else self.wrong.append(one.url))

    def _hear(self, message: Any) -> None:
        # What a 4xx answer says is on the page; the browser and htmx note it here as well.
        if message.type == "error" and not re.search(r"status of 4|Status Error Code 4", message.text):
            self.wrong.append(f"console: {message.text}")

    def _refuse(self, dialog: Any) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()


@pytest.fixture
def visit(chromium: Any, site: str) -> Iterator[Callable[..., Any]]:
    """`visit(user, path, ...)` opens a page as this person; at the end nothing may have gone wrong on any. `also` is an address that the
    way leads over."""
    contexts, watched = [], []

    def open_page(
        user: User,
        path: str,
        *,
        size: Any = DESK,
        scheme: str = "light",
        scripts: bool = True,
        zone: str = "UTC",
        also: str = "",
    ) -> Any:
        client = Client()
        client.force_login(user)
        context = chromium.new_context(
            base_url=site,
            viewport=size,
            color_scheme=scheme,
            java_script_enabled=scripts,
            reduced_motion="reduce",
            timezone_id=zone,
        )
        contexts.append(context)
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site}])
        page = context.new_page()
        page.set_default_timeout(20_000)
        watched.append(Watched(page, site, also))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [wrong for one in watched for wrong in one.wrong] == []
