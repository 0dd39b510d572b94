"""Basic auth against bcrypt hashes: slow to guess, fast for who comes again, silent about who exists."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# bcrypt reads no more of a password; the library refuses longer ones instead.
BCRYPT_BYTES = 72
REMEMBERED = 100
DUMMY_TAIL = "." * 53


class BasicAuth:
    """Checks passwords; a first check takes a whole bcrypt (70 ms at cost 10), so call it off the event loop.

    Verified pairs are remembered, as digests under a key of this process: the next check takes microseconds.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        """Take bcrypt hashes by user name."""
        self._users = dict(users)
        # An unknown user costs as much as the dearest known one.
        cost = max((stored[4:6] for stored in self._users.values()), default="10")
        self._dummy = f"$2b${cost}${DUMMY_TAIL}"
        self._secret = secrets.token_bytes(32)
        self._verified: dict[bytes, None] = {}
        self._lock = threading.Lock()

    def knows(self, user: str, password: str) -> bool:
        """Say whether the pair was checked before and is good: in microseconds."""
        return self._is_remembered(self._digest(user, password, self._users.get(user) or self._dummy))

    def check(self, user: str, password: str) -> bool:
        """Say whether the password is the user's; never raises, whatever a client sends."""
        stored = self._users.get(user)
        digest = self._digest(user, password, stored or self._dummy)
        if self._is_remembered(digest):
            return True
        if not _is_match(password, stored or self._dummy) or stored is None:
            return False
        self._remember(digest)
        return True

    def _digest(self, *parts: str) -> bytes:
        digest = hashlib.blake2b(key=self._secret, digest_size=32)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            digest.update(len(data).to_bytes(8, "big") + data)
        return digest.digest()

    def _is_remembered(self, digest: bytes) -> bool:
        with self._lock:
            return sum(hmac.compare_digest(digest, known) for known in self._verified) > 0

    def _remember(self, digest: bytes) -> None:
        with self._lock:
            while len(self._verified) >= REMEMBERED:
                del self._verified[next(iter(self._verified))]
            self._verified[digest] = None


def _is_match(password: str, stored: str) -> bool:
    import bcrypt  # noqa: PLC0415 - only who sets users pays for it

    data = password.encode("utf-8", "surrogatepass")[:BCRYPT_BYTES]
    return bcrypt.checkpw(data, stored.encode())
