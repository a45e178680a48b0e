"""Which addresses are not the public Internet's: IANA's special-purpose registries, as a table of our own.

`ipaddress.is_global` is not asked: it takes NAT64, 6to4, multicast and the metadata services of clouds for global.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Credentials of the machine for whoever asks. Some lie in public ranges, none is ever called, allowed network or not.
METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, Oracle, OpenStack, DigitalOcean
        "169.254.170.2",  # AWS ECS tasks
        "169.254.170.23",  # AWS EKS pods
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS EKS pods
        "fd20:ce::254",  # Google
        "168.63.129.16",  # Azure's wire server
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
    )
)

# IANA IPv4 special-purpose registry, multicast (RFC 5771) and the reserved class E (RFC 1112).
_IPV4: Final = {
    "0.0.0.0/8": "this machine",
    "10.0.0.0/8": "a private network",
    "100.64.0.0/10": "a provider's inner network",
    "127.0.0.0/8": "this machine",
    "169.254.0.0/16": "a link-local address",
    "172.16.0.0/12": "a private network",
    "192.0.0.0/24": "a reserved address",
    "192.0.2.0/24": "a network of documentation",
    "192.88.99.0/24": "a tunnel",
    "192.168.0.0/16": "a private network",
    "198.18.0.0/15": "a network of benchmarks",
    "198.51.100.0/24": "a network of documentation",
    "203.0.113.0/24": "a network of documentation",
    "224.0.0.0/4": "a multicast address",
    "240.0.0.0/4": "a reserved address",
}
# The same for IPv6; whatever else is outside of 2000::/3 is not global unicast (RFC 4291 section 2.4).
_IPV6: Final = {
    "::/128": "this machine",
    "::1/128": "this machine",
    "64:ff9b:1::/48": "a translation to inner IPv4",
    "2001::/23": "a tunnel or a reserved address",  # Teredo, benchmarks, ORCHID
    "2001:db8::/32": "a network of documentation",
    "2002::/16": "a tunnel",  # 6to4
    "3fff::/20": "a network of documentation",
    "fc00::/7": "a private network",
    "fe80::/10": "a link-local address",
    "fec0::/10": "a private network",
    "ff00::/8": "a multicast address",
}
_TABLE: Final[dict[int, list[tuple[Network, str]]]] = {
    4: [(ip_network(network), name) for network, name in _IPV4.items()],
    6: [(ip_network(network), name) for network, name in _IPV6.items()],
}
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")  # public where the IPv4 in it is: all there is behind DNS64
# IPv4 as the last 32 bits: compatible, translated (SIIT), NAT64.
_ENDS_IN_IPV4: Final = (IPv6Network("::/96"), IPv6Network("::ffff:0:0:0/96"), _NAT64)
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


def unmapped(address: Address) -> Address:
    """The IPv4 address that `::ffff:1.2.3.4` is only another spelling of; other addresses as they are."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def is_metadata(address: Address) -> bool:
    """Whether this is a cloud's metadata service, also where an IPv6 address leads to it."""
    return address in METADATA or _embedded(address) in METADATA


def why_not_public(address: Address) -> str | None:
    """What an address that is not public is, such as "a private network"; None for a public one."""
    if is_metadata(address):
        return "a cloud's metadata service"
    for network, name in _TABLE[address.version]:
        if address in network:
            return name
    if isinstance(address, IPv4Address):
        return None
    embedded = _embedded(address)
    if embedded is not None and (inner := why_not_public(embedded)):
        return inner
    return None if address in _GLOBAL_UNICAST or address in _NAT64 else "a reserved address"


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to, over whatever translation or tunnel."""
    if isinstance(address, IPv4Address):
        return None
    number = int(address)
    if any(address in network for network in _ENDS_IN_IPV4) or number >> 32 & 0xFFFF_FFFF in _ISATAP:
        return IPv4Address(number & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
