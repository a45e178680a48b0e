"""Networks in CIDR notation."""

import pytest

from auditapp.lib.errors import Invalid
from auditapp.lib.networks import MOST, checked_networks, is_inside


def test_networks_are_stored_once_in_their_own_form():
    written = ["192.0.2.0/24", " 192.0.2.7 ", "2001:DB8::/32", "192.0.2.0/24"]
    assert checked_networks(written) == ["192.0.2.0/24", "192.0.2.7/32", "2001:db8::/32"]


@pytest.mark.parametrize(
    "word",
    [
        "",
        "office",
        "192.0.2",
        "192.0.2.0/33",
        "10.1.2.3/8",
        "::ffff:192.0.2.0/120",
        "192.0.2.1-9",
        "1e3",
        "fe80::1%eth0",
    ],
)
def test_what_is_no_network_is_refused(word):
    with pytest.raises(Invalid) as refused:
        checked_networks([word])
    assert refused.value.field == "networks"


def test_a_network_written_by_an_address_inside_says_what_all_of_it_is():
    with pytest.raises(Invalid, match=r"Write 10\.0\.0\.0/8 for all of it"):
        checked_networks(["10.1.2.3/8"])


def test_there_is_an_end_to_them():
    assert len(checked_networks(f"192.0.2.{n}" for n in range(MOST))) == MOST
    with pytest.raises(Invalid):
        checked_networks(f"192.0.2.{n}" for n in range(MOST + 1))


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("192.0.2.7", True),
        ("192.0.3.7", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        (None, False),
    ],
)
def test_an_address_is_inside_or_not(address, inside):
    assert is_inside(address, ["192.0.2.0/24", "2001:db8::/32"]) is inside


@pytest.mark.parametrize("word", ["0.0.0.0/0", "::/0", "::ffff:0:0/0"])
def test_every_address_there_is_bounds_nothing(word):
    with pytest.raises(Invalid, match="empty means from everywhere"):
        checked_networks([word])
