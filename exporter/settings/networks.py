"""Networks: names of the settings for prefixes of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    Network: TypeAlias = IPv4Network | IPv6Network
else:
    # msgspec takes them as they are; the module that they come from is imported with the first network.
    Network = Any
