"""Networks: names of the settings for prefixes of addresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from exporter.settings.loopback import prefix
from exporter.settings.rules import Rule, RuleError, clipped, each, mapping_of, one_text
from reports.ledger.shape import BUILT_IN_SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from ipaddress import IPv4Network, IPv6Network

    Network: TypeAlias = IPv4Network | IPv6Network
else:
    # msgspec takes them as they are; the module that they come from is imported with the first network.
    Network = Any

NAME = re.compile(r"[a-z0-9_-]{1,32}", re.ASCII)
MOST_NETWORKS, MOST_PREFIXES = 16, 4096


def _read_name(raw: object) -> str:
    text = one_text(raw)
    if text in BUILT_IN_SCOPES:
        raise RuleError(f"{text} is a scope that is always there")
    if not NAME.fullmatch(text):
        raise RuleError(f"{clipped(text)} is no name of a network")
    return text


def _read_prefix(raw: object) -> Network:
    text = one_text(raw).strip()
    try:
        return prefix(text)
    except ValueError:
        raise RuleError(f"{clipped(text)} {_prefix_fault(text)}") from None


def _prefix_fault(text: str) -> str:
    try:
        return f"has bits behind its length: write {prefix(text, strict=False)}"
    except ValueError:
        return "is no prefix of addresses"


def _read_prefixes(raw: object) -> tuple[Network, ...]:
    if raw == []:
        raise RuleError("is empty")
    return tuple(each(raw, _read_prefix))


def _faults(networks: Mapping[str, tuple[Network, ...] | None]) -> Iterator[tuple[str, str]]:
    """Too many names or prefixes, and prefixes that are there already."""
    places: dict[Network, str] = {}
    for number, (name, prefixes) in enumerate(networks.items(), start=1):
        if number > MOST_NETWORKS:
            yield name, f"is network {number}; use at most {MOST_NETWORKS}"
        for found in prefixes or ():
            if found in places:
                yield name, f"{found} is a prefix of {places[found]} already; write it once"
            places.setdefault(found, name)
            if len(places) == MOST_PREFIXES + 1:
                yield name, f"{found} is prefix {MOST_PREFIXES + 1} of all networks; use at most {MOST_PREFIXES}"


NETWORK_NAME = Rule(f"names of 1 to 32 characters of a-z 0-9 _ -, other than {', '.join(BUILT_IN_SCOPES)}", _read_name)
PREFIXES = Rule(
    'a list of prefixes such as [10.20.0.0/16, "2001:db8::/32"]',
    _read_prefixes,
    lambda prefixes: [str(network) for network in prefixes],
    is_list=True,
)
NETWORKS_RULE = mapping_of(
    'names with prefixes such as {office: [10.20.0.0/16, "2001:db8::/32"], backup: 203.0.113.0/24}',
    NETWORK_NAME,
    PREFIXES,
    _faults,
)
