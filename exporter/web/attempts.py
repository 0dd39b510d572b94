"""Wrong keys and passwords: how many one address may try, how many there were, and a line in the log now and then."""

from __future__ import annotations

import ipaddress
import logging
import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

BURST = 20
"""Wrong ones that an address may send at once; after that one a second."""

MOST_ADDRESSES = 1000
LOG_SECONDS = 60.0
NETWORK_BYTES = 8
"""An IPv6 client has a whole /64 to itself."""


class Attempts:
    """One for each service. Addresses do not hinder each other; which were right is not remembered."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Nobody has tried anything; `now` gives seconds that never go back."""
        self._now = now
        self._full_at: dict[str, float] = {}
        self._logged_at, self._unlogged = -math.inf, 0
        self.failures = 0

    def seconds_to_wait(self, address: str) -> int:
        """So long this address must wait before a key or password of it is looked at again; 0: not at all."""
        debt = self._full_at.get(_client(address), 0.0) - self._now()
        return math.ceil(max(0.0, debt - BURST + 1))

    def failed(self, address: str) -> None:
        """Count a wrong one."""
        self.failures += 1
        client, now = _client(address), self._now()
        self._full_at[client] = min(max(self._full_at.pop(client, 0.0), now) + 1, now + BURST)
        if len(self._full_at) > MOST_ADDRESSES:
            del self._full_at[next(iter(self._full_at))]
        self._unlogged += 1
        if now - self._logged_at >= LOG_SECONDS:
            log.warning("%d times a wrong key or password, the last from %s", self._unlogged, address)
            self._logged_at, self._unlogged = now, 0


def _client(address: str) -> str:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4 or found.ipv4_mapped:  # noqa: PLR2004 - IPv4
        return address
    return found.packed[:NETWORK_BYTES].hex()
