"""What is kept of a client: its address, its network, a hash that changes with the day, or nothing.

It is applied when a door gives its events, before anything else sees them. A hash is keyed with a salt of the UTC day
(16 random bytes); the ledger holds today's and yesterday's, since events may be a day late, and destroys older ones:
from then on nobody can reckon the address, or find the same client on two days.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from typing import TYPE_CHECKING

from exporter.meters.requests.events import LONGEST_AGENT, LONGEST_USER, Event
from reports.calendar.days import DAY_SECONDS, SLOT_SECONDS
from reports.ledger.addresses import IPV4_BYTES, client_text, packed_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from exporter.meters.requests.settings import Privacy

DAY_MICROSECONDS = DAY_SECONDS * 1_000_000
MOST_REMEMBERED = 4096
"""Addresses whose kept form is remembered: reckoning one takes four times as long."""

IPV4_NETWORK, IPV6_NETWORK = 24, 48
"""Bits of a network: as many as belong to one site at least."""

_SALT = "salt/"


def network_of(packed: bytes) -> str:
    """The network of an address, as "192.0.2.0/24"."""
    return client_text(packed[: (IPV4_NETWORK if len(packed) == IPV4_BYTES else IPV6_NETWORK) // 8])


class ClientPrivacy:
    """Takes out of events what may not be kept of their clients. All calls come from the event loop."""

    def __init__(self, usual: Privacy = "network", by_service: Mapping[str, Privacy] | None = None) -> None:
        """Services without a setting of their own have the usual one."""
        self._usual, self._by_service = usual, by_service or {}
        self._kept: dict[tuple[str, str], str] = {}
        self._salts: dict[int, str] = {}
        self._changes: dict[str, str] = {}
        self._today = 0

    def resume(self, secrets: Mapping[str, str]) -> None:
        """Go on with the salts that the ledger holds."""
        held = {int(name.removeprefix(_SALT)): salt for name, salt in secrets.items() if name.startswith(_SALT)}
        self._salts = self._salts | held
        self._kept.clear()

    def turn_to(self, seconds: int) -> dict[str, str]:
        """It is this time (UTC seconds): salts that are new since the last call, and "" for those to destroy."""
        self._today = seconds // DAY_SECONDS
        for day in [day for day in self._salts if not self._today - 1 <= day <= self._today]:
            del self._salts[day]
            self._changes[f"{_SALT}{day}"] = ""
            self._kept.clear()
        changes, self._changes = self._changes, {}
        return changes

    def protect(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events with what may be kept of their clients and users; what is no address becomes ""."""
        make, network, remembered = tuple.__new__, "network", self._kept
        for event in events:
            service, at, method, route, code, duration, received, sent, path, client, agent, user = event
            privacy = self._by_service.get(service, self._usual)
            kept = client
            if client:
                found = remembered.get((network, client)) if privacy == network else None
                kept = found or self._client(privacy, client, at)
            name = self._user(privacy, user, at) if user else ""
            if kept is client and name is user and len(agent) <= LONGEST_AGENT:
                yield event
            else:
                agent = agent[:LONGEST_AGENT]
                yield make(Event, (service, at, method, route, code, duration, received, sent, path, kept, agent, name))

    def kept_clients(
        self, clients: Mapping[tuple[int, str], Mapping[str, int]]
    ) -> Iterator[tuple[tuple[int, str], Mapping[str, int]]]:
        """Clients by slot and service with what may be kept of them; by a hash, those of days whose salt there is."""
        for (slot, service), requests in clients.items():
            privacy, at = self._by_service.get(service, self._usual), slot * SLOT_SECONDS * 1_000_000
            if privacy == "hash" and not self._today - 1 <= at // DAY_MICROSECONDS <= self._today:
                continue
            kept: dict[str, int] = {}
            for client, count in requests.items():
                known = self._client(privacy, client, at)
                if known:
                    kept[known] = kept.get(known, 0) + count
            if kept:
                yield (slot, service), kept

    def _client(self, privacy: Privacy, client: str, at: int) -> str:
        if privacy == "none":
            return ""
        day = self._day(at) if privacy == "hash" else 0
        key = (f"{day}" if day else privacy, client)
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= MOST_REMEMBERED:
                self._kept.clear()
            kept = self._kept[key] = self._reckoned(privacy, client, day)
        return kept

    def _reckoned(self, privacy: Privacy, client: str, day: int) -> str:
        packed = packed_address(client)
        if packed is None:
            return ""
        if privacy == "network":
            return network_of(packed)
        if privacy == "hash":
            return self._hash(packed, day)
        return client_text(packed)

    def _user(self, privacy: Privacy, user: str, at: int) -> str:
        if privacy == "none":
            return ""
        if privacy == "hash":
            return self._hash(user.encode("utf-8", "surrogatepass"), self._day(at), b"user")
        return user[:LONGEST_USER]

    def _day(self, at: int) -> int:
        """The UTC day of the salt for an instant (UTC microseconds); the last sample may have been yesterday."""
        day = at // DAY_MICROSECONDS
        return min(max(day, self._today - 1), self._today + 1) if self._today else day

    def _hash(self, value: bytes, day: int, person: bytes = b"") -> str:
        salt = self._salts.get(day)
        if salt is None:
            salt = self._salts[day] = self._changes[f"{_SALT}{day}"] = os.urandom(16).hex()
        return blake2b(value, digest_size=8, key=bytes.fromhex(salt), person=person).hexdigest()
