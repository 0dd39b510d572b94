"""The keys of services, found by what a request shows."""

from __future__ import annotations

import re
import uuid
from itertools import count
from typing import TYPE_CHECKING

from exporter.meters.requests.events import Batch
from exporter.meters.requests.service_keys import RIGHTS, KeyChange, Right, ServiceKey, hash_of
from exporter.meters.requests.settings import SERVICE
from exporter.settings.rules import RuleError
from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST_KEYS = 1000
"""Valid keys and revoked ones."""

NUMBERED = re.compile(r"service-([1-9][0-9]{0,5})", re.ASCII)


class KeyRing:
    """Every key of a ledger, revoked ones included. A key counts once it is in the ledger."""

    def __init__(self, keys: Iterable[ServiceKey] = ()) -> None:
        """Begin with these."""
        self.know(keys)

    def know(self, keys: Iterable[ServiceKey]) -> None:
        """Begin anew with the keys of a ledger."""
        self._keys = {key.id: key for key in keys}
        self._by_hash = {key.hash: key for key in self._keys.values() if not key.revoked}
        self._services = {key.service for key in self._keys.values()}
        self._next = max(self._keys, default=0) + 1

    @property
    def keys(self) -> Sequence[ServiceKey]:
        """All, in the order in which they were made."""
        return sorted(self._keys.values())

    def find(self, text: str) -> ServiceKey | None:
        """The valid key of this text. Timing reveals nothing: what is compared are hashes."""
        return self._by_hash.get(hash_of(text))

    def numbered(self, id_: int) -> ServiceKey:
        """The valid key with this id; raises QuestionError."""
        key = self._keys.get(id_)
        if key is None:
            raise QuestionError(f"id: there is no key {id_}")
        if key.revoked:
            raise QuestionError(f"id: key {id_} is revoked already")
        return key

    def knows(self, service: str) -> bool:
        """True if the service has or had a key, or is about to have its first."""
        return service in self._services

    def unused_service(self, is_known: Callable[[str], bool]) -> str:
        """The next of service-1, service-2, ... of which there are neither keys nor requests."""
        found = (NUMBERED.fullmatch(name) for name in self._services)
        first = 1 + max((int(match[1]) for match in found if match), default=0)
        return next(name for number in count(first) if not is_known(name := f"service-{number}"))

    def new(self, service: str, right: str, now: float) -> tuple[str, ServiceKey]:
        """A key and its row, not in the ring yet; raises QuestionError for a name or right that cannot be used."""
        text = str(uuid.uuid4())
        return text, self._row(service, right, hash_of(text), now)

    def adopted(self, hashes: Iterable[tuple[str, bytes]], now: float) -> list[ServiceKey]:
        """Rows of keys that another program has made, by service and hash, without those that were here ever before.

        They write and read, and are not in the ring yet; raises QuestionError as `new` does.
        """
        known = {key.hash for key in self._keys.values()}
        return [self._row(service, "both", hash_, now) for service, hash_ in hashes if hash_ not in known]

    def _row(self, service: str, right: str, hash_: bytes, now: float) -> ServiceKey:
        if len(self._keys) >= MOST_KEYS:
            raise QuestionError(f"there are {MOST_KEYS} keys already, revoked ones included; no more are made")
        key = ServiceKey(self._next, service_name(service), key_right(right), hash_, int(now))
        self._next += 1
        self._services.add(key.service)
        return key

    def put(self, *keys: ServiceKey) -> None:
        """Have rows that are in the ledger."""
        for key in keys:
            self._keys[key.id] = key
            if key.revoked:
                self._by_hash.pop(key.hash, None)
            else:
                self._by_hash[key.hash] = key


def key_batch(*keys: ServiceKey) -> Batch:
    """The batch that puts rows of keys into the ledger."""
    return Batch(key_changes=[KeyChange(key) for key in keys])


def service_name(text: str) -> str:
    """The name of a service for a key; raises QuestionError."""
    try:
        name: str = SERVICE.read(text.strip())
    except RuleError as error:
        raise QuestionError(f"service: {error}") from error
    return name


def key_right(text: str) -> Right:
    """A right; raises QuestionError."""
    for right in RIGHTS:
        if text == right:
            return right
    raise QuestionError(f"right: {text!r} is refused; use {', '.join(RIGHTS)}")
