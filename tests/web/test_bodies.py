"""Bodies are never larger than allowed, packed or unpacked."""

import gzip

import pytest
from django.test import RequestFactory

from auditapp.lib.errors import Invalid
from auditapp.web.bodies import read_body


def post(body, **headers):
    return RequestFactory().post("/", body, content_type="application/json", headers=headers)


def test_a_body_is_read_as_it_is():
    assert read_body(post(b"{}"), max_bytes=2) == b"{}"


def test_a_body_over_the_limit_is_refused_before_it_is_read():
    request = post(b"123")
    with pytest.raises(Invalid) as refused:
        read_body(request, max_bytes=2)
    assert refused.value.code == "too_large"
    assert request.read(1) == b"1"


def test_gzip_is_unpacked():
    assert read_body(post(gzip.compress(b"hello"), **{"Content-Encoding": "gzip"}), max_bytes=100) == b"hello"


def test_a_bomb_is_refused():
    bomb = gzip.compress(b"0" * 10_000_000)
    with pytest.raises(Invalid) as refused:
        read_body(post(bomb, **{"Content-Encoding": "gzip"}), max_bytes=100_000)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("body", [b"plain", gzip.compress(b"hello", mtime=0)[:-9], b""], ids=["plain", "cut", "empty"])
def test_what_is_not_gzip_is_refused(body):
    with pytest.raises(Invalid) as refused:
        read_body(post(body, **{"Content-Encoding": "gzip"}), max_bytes=100)
    assert refused.value.code == "not_gzip"


def test_other_encodings_are_refused():
    with pytest.raises(Invalid) as refused:
        read_body(post(b"x", **{"Content-Encoding": "br"}), max_bytes=100)
    assert refused.value.code == "bad_encoding"


def test_what_django_refuses_is_refused_the_same_way(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2
    with pytest.raises(Invalid) as refused:
        read_body(post(b"123"), max_bytes=100)
    assert refused.value.code == "too_large"
