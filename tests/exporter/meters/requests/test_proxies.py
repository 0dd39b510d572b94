"""Whose address counts where a request came through proxies."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from exporter.meters.requests.proxies import client_of

TRUSTED = ("10.0.0.0/8", "::1", "2001:db8::/32", "nonsense")
LISTED, FORWARDED = "X-Forwarded-For", "Forwarded"


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("10.0.0.1", [], "10.0.0.1"),
        ("192.0.2.1", [(LISTED, "198.51.100.1")], "192.0.2.1"),
        ("10.0.0.1", [(LISTED, "198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", [(LISTED, "203.0.113.9, 198.51.100.1, 10.0.0.2")], "198.51.100.1"),
        ("10.0.0.1", [(LISTED, "203.0.113.9"), (LISTED, "198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", [(LISTED, "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
        ("10.0.0.1", [(LISTED, "198.51.100.1:4711")], "198.51.100.1"),
        ("10.0.0.1", [(LISTED, "198.51.100.1, unknown")], "10.0.0.1"),
        ("10.0.0.1", [(LISTED, "198.51.100.1, unknown, 10.0.0.2")], "10.0.0.2"),
        ("::1", [(FORWARDED, 'for="[2001:db9::7]:4711";proto=https')], "2001:db9::7"),
        ("::1", [(FORWARDED, "for=203.0.113.9, proto=http;FOR=198.51.100.1;by=10.0.0.1")], "198.51.100.1"),
        ("::1", [(FORWARDED, "for=_hidden")], "::1"),
        ("::ffff:10.0.0.1", [(LISTED, "::ffff:198.51.100.1")], "198.51.100.1"),
        ("10.0.0.1", [(LISTED, "198.51.100.1"), (FORWARDED, "for=203.0.113.9")], "10.0.0.1"),
        ("10.0.0.1", [(LISTED, "198.51.100.1"), (FORWARDED, "for=198.51.100.1")], "198.51.100.1"),
        ("", [(LISTED, "198.51.100.1")], ""),
    ],
)
def test_the_right_most_address_that_is_not_trusted(peer: str, headers: list[tuple[str, str]], client: str) -> None:
    assert client_of(peer, CIMultiDict(headers), TRUSTED) == client


def test_no_proxy_is_trusted_without_settings() -> None:
    assert client_of("127.0.0.1", CIMultiDict({LISTED: "198.51.100.1"}), ()) == "127.0.0.1"
