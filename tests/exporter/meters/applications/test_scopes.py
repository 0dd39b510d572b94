from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.meters.applications.scopes import RANGES, Scopes

NETWORKS = {
    "office": (ip_network("10.20.0.0/16"), ip_network("2001:db8::/32")),
    "backup": (ip_network("203.0.113.0/24"), ip_network("10.20.30.0/24")),
}


def mapped(network: IPv4Network | IPv6Network) -> IPv6Network:
    if isinstance(network, IPv6Network):
        return network
    return IPv6Network(f"::ffff:{network.network_address}/{96 + network.prefixlen}")


@st.composite
def prefixes(draw: st.DrawFn) -> IPv4Network | IPv6Network:
    """Prefixes that often lie within each other, and within those that are built in."""
    base = draw(st.sampled_from([ip_network(text) for texts in RANGES.values() for text in texts]))
    length = draw(st.integers(0, base.max_prefixlen))
    bits = draw(st.sampled_from([0, 1, 2**10 - 1, 2 ** (base.max_prefixlen - 1)]))
    return type(base)((int(base.network_address) ^ bits, length), strict=False)


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.255", "loopback"),
        ("::1", "loopback"),
        ("::2", "internet"),
        ("10.0.0.1", "lan"),
        ("172.15.255.255", "internet"),
        ("172.31.255.255", "lan"),
        ("192.168.178.1", "lan"),
        ("169.254.169.254", "lan"),
        ("100.64.0.1", "lan"),
        ("100.128.0.1", "internet"),
        ("224.0.0.251", "lan"),
        ("239.255.255.250", "lan"),
        ("240.0.0.1", "internet"),
        ("255.255.255.255", "lan"),
        ("0.0.0.0", "lan"),
        ("::", "lan"),
        ("fe80::1", "lan"),
        ("fec0::1", "internet"),
        ("fd00::1", "lan"),
        ("ff02::fb", "lan"),
        ("1.1.1.1", "internet"),
        ("2606:4700::1111", "internet"),
        ("10.20.0.1", "office"),
        ("10.20.30.1", "backup"),
        ("2001:db8::1", "office"),
        ("203.0.113.9", "backup"),
    ],
)
def test_the_longest_prefix_names_the_scope(address: str, scope: str) -> None:
    scopes = Scopes(NETWORKS)

    assert scopes.of(ip_address(address).packed) == scope
    if "." in address:
        assert scopes.of(bytes(10) + b"\xff\xff" + ip_address(address).packed) == scope


def test_numbers_of_scopes_are_fixed_and_networks_follow_in_the_order_of_the_settings() -> None:
    assert Scopes({}).names == ("loopback", "lan", "internet")
    assert Scopes(NETWORKS).names == ("loopback", "lan", "internet", "office", "backup")


def test_a_network_of_the_settings_wins_over_a_built_in_one_that_is_as_long() -> None:
    scopes = Scopes({"home": (ip_network("192.168.0.0/16"), ip_network("0.0.0.0/0")), "six": (ip_network("::/0"),)})

    assert scopes.of(IPv4Address("192.168.1.1").packed) == "home"
    assert scopes.of(IPv4Address("1.1.1.1").packed) == "home"
    assert scopes.of(IPv6Address("2606::1").packed) == "six"
    assert scopes.of(IPv4Address("10.0.0.1").packed) == "lan"


@pytest.mark.parametrize("packed", [b"", b"123", bytes(15), bytes(17)])
def test_what_is_no_address_has_no_scope(packed: bytes) -> None:
    with pytest.raises(ValueError, match=f"an address of {len(packed)} bytes"):
        Scopes({}).of(packed)


@given(
    st.lists(prefixes(), unique_by=mapped, max_size=12),
    st.one_of(
        st.ip_addresses(v=4),
        st.ip_addresses(v=6),
        st.sampled_from([ip_network(text)[place] for texts in RANGES.values() for text in texts for place in (0, -1)]),
    ),
)
def test_the_scope_is_that_of_the_longest_of_all_prefixes(
    networks: list[IPv4Network | IPv6Network], address: IPv4Address | IPv6Address
) -> None:
    named = {f"net{number}": (network,) for number, network in enumerate(networks)}
    scopes = Scopes(named)
    number = int(address) + (0xFFFF << 32 if isinstance(address, IPv4Address) else 0)

    built_in = [(0, name, ip_network(text)) for name, texts in RANGES.items() for text in texts]
    candidates = [
        (mapped(network).prefixlen, rank, name)
        for rank, name, network in [*built_in, *((1, name, network) for name, (network,) in named.items())]
        if IPv6Address(number) in mapped(network)
    ]

    assert scopes.of(address.packed) == max(candidates)[2]


@given(st.lists(prefixes(), unique_by=mapped, max_size=12))
def test_prefixes_are_sorted_once_each_and_cover_every_address(networks: list[IPv4Network | IPv6Network]) -> None:
    scopes = Scopes({"mine": networks})

    found = list(scopes.prefixes())

    assert found == sorted(found)
    assert len({(packed, length) for packed, length, _ in found}) == len(found)
    assert (bytes(16), 0) in {(packed, length) for packed, length, _ in found}
    for packed, length, number in found:
        assert IPv6Network((packed, length)).prefixlen == length
        assert number < len(scopes.names)
    mine = {(packed, length) for packed, length, number in found if number == 3}
    assert mine == {(mapped(network).network_address.packed, mapped(network).prefixlen) for network in networks}


def test_the_cache_is_bounded() -> None:
    scopes = Scopes({})
    for number in range(10_000):
        scopes.of(number.to_bytes(4, "big"))

    assert scopes._find.cache_info().currsize <= 4096
