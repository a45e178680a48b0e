"""Whatever text is entered, it is refused in plain words or read as every parser reads it."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib.outbound import Refused
from auditapp.lib.outbound.urls import canonical_host, parts_of
from auditapp.lib.visible_text import terminal_safe

PIECES = st.sampled_from(
    [
        *("https://", "http://", "//", "/", "\\", "@", ":", "#", "?", "%2e", "%", "[", "]", "-", "_", ".", " ", "\0"),
        *("::1", "::ffff:", "127.0.0.1", "0x7f", "80", "65536", "a.example", "xn--", "xn--a"),
        *("。", "①", "ß", "ı", "‥", "℀", "\u200b", "\u0301", "\ud800"),
    ]
)
PUT_TOGETHER = st.lists(PIECES, max_size=8).map("".join)
TEXTS = st.one_of(st.text(), PUT_TOGETHER, PUT_TOGETHER.map("https://{}".format))


def _read(parse, text):
    """What comes of a text; nothing where it is refused in words that can be shown."""
    try:
        return parse(text)
    except Refused as refused:
        told = refused.message
    assert told == terminal_safe(told)
    assert told.endswith(".")
    told.encode()


@given(TEXTS)
def test_any_text_is_refused_or_read_as_other_parsers_read_it(text):
    parts = _read(parts_of, text)
    if parts is None:
        return
    assert parts.path.startswith("/")
    assert parts.path.isascii()
    assert canonical_host(parts.host) == parts.host
    other = urlsplit(text)
    assert other.scheme == parts.scheme
    assert canonical_host(other.hostname) == parts.host
    assert (other.port or {"https": 443, "http": 80}[parts.scheme]) == parts.port
    assert not other.username


@given(TEXTS)
def test_any_host_is_refused_or_of_plain_labels(text):
    host = _read(canonical_host, text)
    if host is None:
        return
    assert host.isascii()
    assert not set(host) & set("/?#@\\% \r\n[]")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://a.example", "/"),
        ("https://a.example?x=1", "/?x=1"),
        ("https://a.example/#part", "/"),
        ("https://a.example/a%2Fb%20c", "/a%2Fb%20c"),
        ("https://a.example/ä?ö=ü", "/%C3%A4?%C3%B6=%C3%BC"),
        ("https://a.example//double", "//double"),
        ("https://a.example/a/../b", "/b"),
        ("https://a.example/?next=https://b.example/?c", "/?next=https://b.example/?c"),
    ],
)
def test_the_path_is_sent_as_it_was_written_in_ascii(url, path):
    assert parts_of(url).path == path
