"""Wrong keys and passwords: a rate limit by address, their number, and at most one log line a minute."""

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
"""Wrong ones that an address may send at once; then one a second."""

MOST_ADDRESSES = 1000
LOG_SECONDS = 60.0
NETWORK_BYTES = 8
"""An IPv6 client has a whole /64 to itself."""


class Attempts:
    """The limiter of one service; addresses do not limit each other."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin without an attempt; `now` returns monotonic seconds."""
        self._now = now
        self._full_at: dict[str, float] = {}
        self._logged_at, self._unlogged = -math.inf, 0
        self.failures = 0

    def seconds_to_wait(self, address: str) -> int:
        """Seconds until a key or password of this address is checked again; 0 if now."""
        debt = self._full_at.get(_client(address), 0.0) - self._now()
        return math.ceil(max(0.0, debt - BURST + 1))

    def failed(self, address: str) -> None:
        """Count a wrong key or password."""
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
