"""The address of the client: never what the client says, unless a trusted proxy stands between."""

import pytest
from django.test import RequestFactory

from auditapp.web.client_address import client_ip


def ip_of(remote, forwarded=None):
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    return client_ip(RequestFactory().get("/", headers=headers, REMOTE_ADDR=remote))


def test_a_forwarded_address_is_not_believed_without_a_trusted_proxy(settings):
    settings.TRUSTED_PROXIES = []
    assert ip_of("198.51.100.4", "203.0.113.9") == "198.51.100.4"


def test_a_trusted_proxy_tells_the_address(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert ip_of("10.0.0.2", "203.0.113.9") == "203.0.113.9"


def test_what_the_client_wrote_itself_is_not_believed(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert ip_of("10.0.0.2", "127.0.0.1, 203.0.113.9, 10.1.1.1") == "203.0.113.9"


def test_where_all_are_trusted_the_first_one_is_the_client(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert ip_of("10.0.0.2", "10.9.9.9, 10.1.1.1") == "10.9.9.9"


def test_junk_stops_the_walk(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert ip_of("10.0.0.2", "203.0.113.9, <script>") == "10.0.0.2"


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("203.0.113.9:5123", "203.0.113.9"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("", None),
    ],
)
def test_addresses_have_one_form(remote, address, settings):
    settings.TRUSTED_PROXIES = []
    assert ip_of(remote) == address
