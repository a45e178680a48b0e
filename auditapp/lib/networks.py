"""Networks as people write them, in CIDR notation, and whether an address lies in one of them."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Network, ip_address, ip_network

from auditapp.lib.errors import Invalid

MOST = 20
IPV4_IN_IPV6 = ip_network("::ffff:0:0/96")


def checked_networks(words: Iterable[str], *, field: str = "networks") -> list[str]:
    """Networks as they are stored: each once, in the order they were written; an address alone is a network of one.

    Raises:  Invalid
    """
    found: list[str] = []
    for word in (word.strip() for word in words):
        try:
            if "%" in word:  # a link's own zone, which no request carries
                raise ValueError
            network = ip_network(word, strict=False)
        except ValueError:
            raise Invalid(
                f"“{word[:60]}” is not a network. Write it as 192.0.2.0/24, or one address as 192.0.2.7.",
                field=field,
                code="bad_network",
            ) from None
        if not network.prefixlen:
            # Listed as a bound, it would read as one.
            raise Invalid(
                f"{word[:60]} is every address there is, which bounds nothing. Leave it out: empty means from everywhere.",
                field=field,
                code="everywhere",
            )
        if isinstance(network, IPv6Network) and network.subnet_of(IPV4_IN_IPV6):  # type: ignore[arg-type]
            raise Invalid(f"Write {word[:60]} as an IPv4 network.", field=field, code="bad_network")
        if "/" in word and str(network.network_address) != str(ip_address(word.partition("/")[0])):
            # Whoever writes 10.1.2.3/8 may mean the one address or all of 10.0.0.0: which one decides who gets in.
            raise Invalid(
                f"{word} is in the middle of a network. Write {network} for all of it.", field=field, code="bad_network"
            )
        found.append(str(network))
    if len(found) > MOST:
        raise Invalid(f"At most {MOST} networks.", field=field, code="too_many")
    return list(dict.fromkeys(found))


def is_inside(address: str | None, networks: Sequence[str]) -> bool:
    """Whether the address lies in one of the networks; one that is not known lies in none."""
    if address is None:
        return False
    parsed = ip_address(address)
    return any(parsed in ip_network(network) for network in networks)
