"""The table of addresses, beside the standard library's and against what leads to IPv4."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditapp.lib.outbound.ranges import METADATA, is_metadata, unmapped, why_not_public


@given(st.ip_addresses())
def test_what_the_standard_library_calls_inner_is_inner(address):
    assert address.is_global or why_not_public(unmapped(address)) is not None


@given(st.ip_addresses(v=6))
def test_only_global_unicast_and_translated_public_ipv4_are_public(address):
    if why_not_public(address) is None:
        assert address in ip_network("2000::/3") or address in ip_network("64:ff9b::/96")


@pytest.mark.parametrize(
    "inner", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "192.168.1.1", "168.63.129.16"]
)
@pytest.mark.parametrize(
    "wrap", ["::ffff:0:0", "::", "::ffff:0:0:0", "64:ff9b::", "2606:4700::5efe:0:0", "2606:4700::200:5efe:0:0"]
)
def test_an_inner_address_inside_another_is_inner(inner, wrap):
    wrapped = ip_address(int(IPv6Address(wrap)) | int(IPv4Address(inner)))
    assert why_not_public(unmapped(wrapped)) is not None


@pytest.mark.parametrize("address", sorted(METADATA, key=str), ids=str)
def test_metadata_is_told_in_every_disguise(address):
    assert is_metadata(address)
    assert why_not_public(address) == "a cloud's metadata service"
    if address.version == 4:
        for wrap in ("::ffff:0:0", "::", "64:ff9b::"):
            assert is_metadata(ip_address(int(IPv6Address(wrap)) | int(address)))


def test_public_ipv4_in_nat64_is_public_and_in_tunnels_is_not():
    assert why_not_public(ip_address("64:ff9b::8.8.8.8")) is None
    assert why_not_public(ip_address("2002:808:808::1")) == "a tunnel"
