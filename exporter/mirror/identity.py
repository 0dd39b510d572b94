"""Whose rows a mirror has: the ledger's id, the machine, and a chain of tokens that only one can go on with.

A copied ledger has the same id. It is found out by the machine's own id, and where that was copied, too, by the chain:
each round leaves a token in the mirror that the ledger has kept before. Who does not know the mirror's token has not
written the last round. A restored backup begins a new generation, which goes on with the chain once.
"""

from __future__ import annotations

import hashlib
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from exporter.ledger.writing.statements import GENERATION, MIRROR_TOKENS

if TYPE_CHECKING:
    from collections.abc import Mapping

TAKE_OVER = "mirror_take_over"
"""State: this machine may go on with what another one has sent, once."""

MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))
TOKEN_BYTES = 8


class IdentityError(Exception):
    """Another machine sends under this ledger's id; the text says what to do."""


class OtherLoginError(Exception):
    """The host's row is another login's; the text says what to do."""


class Identity(NamedTuple):
    """`machine` is empty where nothing tells it from others; `tokens` are those that the mirror may hold."""

    host: UUID
    machine: str
    generation: str
    tokens: tuple[str, ...]
    may_take_over: bool

    def check(self, machine: str, generation: str, token: str) -> None:
        """Compare with what the mirror has of this host; raises IdentityError."""
        is_restored = generation != self.generation and not self.tokens
        if self.may_take_over or not token:
            return
        if self.machine and machine and machine != self.machine:
            raise IdentityError(
                "this ledger was copied from another machine, which has sent it to the mirror: `netledger host renew` "
                "makes this one a machine of its own, `netledger host take-over` goes on in the other one's place"
            )
        if token not in self.tokens and not is_restored:
            raise IdentityError(
                "another copy of this ledger sends to the mirror as well: `netledger host renew` on one of the two "
                "machines; if this one was set back to an older state, `netledger host take-over` here"
            )


def identity_of(states: Mapping[str, str], machine_id: str) -> Identity:
    """The identity of a ledger, by its states, on a machine of this id."""
    ledger_id = states.get("ledger_id", "")
    return Identity(
        UUID(ledger_id),
        machine_digest(machine_id, ledger_id),
        states.get(GENERATION, ""),
        tuple(states.get(MIRROR_TOKENS, "").split()),
        TAKE_OVER in states,
    )


def machine_digest(machine_id: str, ledger_id: str) -> str:
    """What tells machines apart without telling their ids; empty without one."""
    if not machine_id:
        return ""
    return hashlib.blake2b(machine_id.encode(), key=ledger_id.encode(), digest_size=16).hexdigest()


def new_token() -> str:
    """A token that nobody has had."""
    return secrets.token_hex(TOKEN_BYTES)


def read_machine_id() -> str:
    """The id that the system was given when it was installed; empty where there is none.

    A container has that of its image, or another one at each start: there the ledger's folder is what lasts.
    """
    if any(mark.exists() for mark in CONTAINER_MARKS):
        return ""
    if sys.platform == "darwin":
        return _after(_output("/usr/sbin/ioreg", "-rd1", "-c", "IOPlatformExpertDevice"), '"IOPlatformUUID" =')
    if sys.platform == "win32":
        key = r"HKLM\SOFTWARE\Microsoft\Cryptography"
        return _after(_output("reg", "query", key, "/v", "MachineGuid"), "REG_SZ")
    for path in MACHINE_IDS:
        try:
            return path.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue
    return ""


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout  # noqa: S603 - our own words
    except (OSError, subprocess.SubprocessError):
        return ""


def _after(text: str, mark: str) -> str:
    line = next((line for line in text.splitlines() if mark in line), "")
    return line.partition(mark)[2].strip(' "')
