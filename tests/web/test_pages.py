"""One URL, as a page or as a fragment."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from auditapp.web.pages import render_page


@pytest.fixture
def rendered(monkeypatch):
    """Which template a request with these headers gets."""
    chosen = []

    def render(request, template, context, status):
        chosen.append(template)
        return HttpResponse(status=status)

    monkeypatch.setattr("auditapp.web.pages.render", render)

    def ask(**headers):
        request = RequestFactory().get("/", headers=headers)
        request.htmx = HtmxDetails(request)
        response = render_page(request, "page.html", {}, fragments={"events": "_events.html"}, status=422)
        return chosen[-1], response

    return ask


def test_a_browser_gets_the_page(rendered):
    template, response = rendered()
    assert template == "page.html"
    assert response.status_code == 422
    assert response["Vary"] == "HX-Request, HX-Target"


def test_htmx_gets_the_fragment_of_its_target(rendered):
    assert rendered(**{"HX-Request": "true", "HX-Target": "events"})[0] == "_events.html"


def test_another_target_gets_the_page(rendered):
    assert rendered(**{"HX-Request": "true", "HX-Target": "main"})[0] == "page.html"


def test_the_back_button_gets_the_page(rendered):
    headers = {"HX-Request": "true", "HX-Target": "events", "HX-History-Restore-Request": "true"}
    assert rendered(**headers)[0] == "page.html"
