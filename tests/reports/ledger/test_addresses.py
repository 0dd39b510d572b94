"""Addresses of clients: one spelling, one form in bytes, and filters that find them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.ledger.addresses import address_within, client_text, packed_address, packed_client


@given(st.ip_addresses())
def test_an_address_is_its_bytes_and_ipv4_within_ipv6_is_ipv4(address: IPv4Address | IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None

    packed = packed_address(str(address))

    assert packed == (mapped or address).packed
    assert ip_address(client_text(packed)) == (mapped or address)


@given(st.ip_addresses(v=4))
def test_a_client_is_found_by_its_address_within_ipv6_too(address: IPv4Address) -> None:
    kept = packed_client(str(address))

    assert address_within(kept, f"::ffff:{address}") == 1
    assert address_within(kept, "::ffff:0:0/96") == 0, "a prefix is taken as it is written"


@pytest.mark.parametrize(
    "text", ["", "192.0.2", "192.0.2.7\0", "192.0.2.7/24", "fe80::1%eth0", "::g", "\ud800", "١٩٢.0.2.7", " 192.0.2.7"]
)
def test_another_text_is_no_address(text: str) -> None:
    assert packed_address(text) is None
