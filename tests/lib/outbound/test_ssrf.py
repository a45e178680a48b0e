"""No packet goes inside, whatever the address is made of; and what would let one through is noticed by the cases."""

import os
from contextlib import suppress
from ipaddress import ip_address
from unittest.mock import patch

import httpx2
import pytest

from auditapp.lib.outbound import Failure, Refused, Unreachable, post
from tests.ssrf_cases import ALLOWED, CASES, CASES_OF_ADDRESSES, playing


def _end_of(world, case):
    for _ in range(case.calls):
        try:
            post(world.url, b"{}", case.headers, deadline_s=5)
            end = "answer"
        except Refused as error:
            end = error.why
        except Unreachable:
            end = "unreachable"
    return end


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_is_sent_inside(case):
    with playing(case) as world:
        end = _end_of(world, case)
    assert world.leaks == []
    assert end == case.why or (case.why == "*" and end not in ("answer", "unreachable"))


@pytest.mark.parametrize("case", ALLOWED, ids=str)
def test_what_is_public_is_called_at_the_address_that_was_judged(case):
    with playing(case) as world, pytest.raises(Unreachable) as raised:
        post(world.url, b"{}", deadline_s=5)
    assert raised.value.why is Failure.CONNECT
    assert world.connections[0] == (case.may_reach[0], case.port)


def test_there_are_enough_cases():
    assert len(CASES_OF_ADDRESSES) >= 200
    assert len(ALLOWED) >= 20
    assert len({case.id for case in [*CASES, *ALLOWED]}) == len(CASES) + len(ALLOWED)


def _leaking(groups, call):
    leaking = set()
    for case in CASES:
        if case.group in groups:
            with playing(case) as world:
                for _ in range(case.calls):
                    with suppress(Exception):
                        call(world, case)
            if world.leaks:
                leaking.add(case.id)
    return leaking


def test_an_ordinary_client_fails_the_cases():
    """What is no more than an HTTP client calls nearly every address of the table."""

    authorities = httpx2.create_ssl_context()

    def call(world, case):
        passwords = httpx2.NetRCAuth(os.environ["NETRC"])
        httpx2.post(
            world.url, headers=case.headers, auth=passwords, follow_redirects=True, verify=authorities, timeout=2
        )

    leaking = _leaking({"ipv4", "ipv6", "spelling", "dns", "redirect", "environment", "url", "scheme"}, call)
    assert len(leaking) > 120
    assert {"redirect: 301 to loopback", "environment: HTTP_PROXY", "environment: password in .netrc"} <= leaking


def test_the_standard_librarys_idea_of_global_fails_the_cases(monkeypatch):
    monkeypatch.setattr(
        "auditapp.lib.outbound.targets.why_not_public", lambda address: None if address.is_global else "inside"
    )
    monkeypatch.setattr("auditapp.lib.outbound.targets.is_metadata", lambda address: False)
    leaking = _leaking({"ipv4", "ipv6"}, lambda world, case: post(world.url, b"{}", deadline_s=2))
    assert {"ipv4: Azure wire server", "ipv4: multicast", "ipv6: NAT64 of metadata", "ipv6: multicast"} <= leaking


def test_a_guard_that_judges_only_the_first_address_fails_the_cases(monkeypatch):
    from auditapp.lib.outbound import targets

    judged = targets._lies_inside
    monkeypatch.setattr(targets, "_lies_inside", lambda host, addresses: judged(host, addresses[:1]))
    leaking = _leaking({"dns"}, lambda world, case: post(world.url, b"{}", deadline_s=2))
    assert {"dns: public first, private second", "dns: A public, AAAA loopback"} <= leaking


def test_a_guard_that_looks_the_name_up_again_fails_the_cases(monkeypatch):
    from auditapp.lib.outbound import lines, names

    def connected(address, port, timeout_s):
        again = names.addresses_of("hooks.example.com", lines.Deadline(2))
        return dialled(again[0], port, timeout_s)

    dialled = lines._connected
    monkeypatch.setattr(lines, "_connected", connected)
    leaking = _leaking({"dns"}, lambda world, case: post(world.url, b"{}", deadline_s=2))
    assert "dns: loopback between check and connection" in leaking


def test_a_connection_that_ends_elsewhere_is_not_used(monkeypatch):
    case = next(case for case in CASES if case.id == "environment: HTTP_PROXY")
    with playing(case) as world, patch("auditapp.lib.outbound.lines.peer_of", lambda line: ip_address("10.0.0.1")):
        with pytest.raises(Refused, match=r"10\.0\.0\.1"):
            post(world.url, b"{}")
        assert world.requests == []
