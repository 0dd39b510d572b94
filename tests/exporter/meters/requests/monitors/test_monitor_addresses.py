from __future__ import annotations

from ipaddress import ip_address

import pytest

from exporter.meters.requests.monitors.addresses import RefusedAddressError, is_own, is_public, permitted

PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.251",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fd00::1",
    "fc00::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_of_the_internet_is_refused_unless_it_is_allowed(address: str) -> None:
    with pytest.raises(RefusedAddressError, match="allow_private"):
        permitted([address], allow_private=False, is_own=lambda _: False)

    assert permitted([address], allow_private=True) == [address]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_permitted_unless_it_is_of_this_machine(address: str) -> None:
    assert is_public(ip_address(address))
    assert permitted([address], allow_private=False, is_own=lambda _: False) == [address]
    with pytest.raises(RefusedAddressError):
        permitted([address], allow_private=False, is_own=lambda _: True)


def test_of_several_addresses_the_permitted_ones_are_asked() -> None:
    found = permitted(["127.0.0.1", "8.8.8.8", "10.0.0.1", "1.1.1.1"], allow_private=False, is_own=lambda _: False)

    assert found == ["8.8.8.8", "1.1.1.1"]


def test_the_machine_knows_its_own_addresses() -> None:
    assert is_own("127.0.0.1")
    assert not is_own("8.8.8.8")
