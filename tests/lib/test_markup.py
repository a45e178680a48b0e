"""Markup: what is text is escaped, what is markup already is not, exactly as Django does it."""

from html import unescape

import pytest
from django.utils import html as django_html
from django.utils.safestring import SafeString
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib.markup import format_html, format_html_join
from tests.trail.payloads import PAYLOADS

FORM = '<a title="{}">{}</a>'


@pytest.mark.parametrize("hostile", PAYLOADS)
def test_hostile_text_is_escaped_in_tags_and_attributes(hostile):
    made = format_html(FORM, hostile, hostile)
    assert made == django_html.format_html(FORM, hostile, hostile)
    inside = made.removeprefix('<a title="').removesuffix("</a>")
    assert '"' not in inside.split('">')[0]
    assert "<" not in inside


@given(st.text(), st.text())
def test_every_text_comes_out_as_it_went_in(title, text):
    made = format_html(FORM, title, text)
    assert made == django_html.format_html(FORM, title, text)
    assert unescape(made) == FORM.format(title, text)


def test_markup_is_not_escaped_again_and_the_result_is_markup():
    inner = format_html("<b>{}</b>", "a & b")
    assert format_html("<p>{inner} {count}</p>", inner=inner, count=3) == "<p><b>a &amp; b</b> 3</p>"
    assert isinstance(inner, SafeString)


def test_rows_are_joined_each_with_its_own_values():
    made = format_html_join("\n", "<li>{}: {}</li>", [("<", 1), (format_html("<i>{}</i>", "x"), 2)])
    assert made == "<li>&lt;: 1</li>\n<li><i>x</i>: 2</li>"
    assert isinstance(made, SafeString)


def test_braces_in_a_value_are_text():
    assert format_html("{}", "{0} {name}") == "{0} {name}"
