"""No warehouse is inside: libpq is given judged addresses alone, whatever the host is made of."""

from ipaddress import ip_address
from urllib.parse import urlsplit

import psycopg
import pytest

from auditapp.lib.outbound.ranges import why_not_public
from auditapp.pipeline.warehouses import connecting
from auditapp.pipeline.warehouses.checking import find_problem
from auditapp.pipeline.warehouses.connecting import Connection
from tests.ssrf_cases import CASES_OF_ADDRESSES, playing

ODD_HOSTS = [
    "/var/run/postgresql",
    "127.0.0.1,93.184.215.14",
    "a b",
    "host=10.0.0.1",
    "@",
    "",
    "%2Ftmp",
    "x\x00y",
    "[::1]",
]


@pytest.fixture
def called(monkeypatch):
    """What libpq was told to connect to."""
    found = []

    def connect(**options):
        found.append((options["host"], options["hostaddr"].split(",")))
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(connecting.psycopg, "connect", connect)
    return found


def host_of(url):
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return url


def inner(called):
    return [address for _, addresses in called for address in addresses if why_not_public(ip_address(address))]


def test_no_case_of_the_list_is_called(called):
    for case in CASES_OF_ADDRESSES:
        if case.allowed:
            continue  # by the operator; these are about where an answer leads
        with playing(case):
            for _ in range(case.calls):
                find_problem(Connection(host_of(case.url), 5432, "d", "u"), "p")
        assert inner(called) == [], case


@pytest.mark.parametrize("host", ODD_HOSTS)
def test_odd_hosts_are_refused(called, host):
    assert not find_problem(Connection(host, 5432, "d", "u"), "p").is_good
    assert called == []


def test_a_public_address_is_called_and_no_other(called):
    find_problem(Connection("93.184.215.14", 5432, "d", "u"), "p")
    assert called == [("93.184.215.14", ["93.184.215.14"])]
    assert inner([("x", ["10.0.0.1"])]) == ["10.0.0.1"]  # the check above can fail
