"""Whose rows a mirror has: the ledger's id, the machine, and a chain of tokens that only one can go on with.

A copied ledger has the same id. It is found out by the machine's own id, and where that was copied, too, by the chain:
each round leaves a token in the mirror that the ledger has kept before. Who does not know the mirror's token has not
written the last round. All that it has written it knows, so that a mirror that was set back, by a restored dump or a
standby that lacked the last seconds, is filled again. A restored ledger begins a new generation, which goes on once.
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
MARK = ":"
"""Before the generation, which may be empty."""

RUN_BYTES = 8
MOST_RUNS = 100
"""Starts of a service: a mirror that was set back to before them is taken over by hand."""


class IdentityError(Exception):
    """Another machine sends under this ledger's id; the text says what to do."""


class OtherLoginError(Exception):
    """The host's row is another login's; the text says what to do."""


class Tokens(NamedTuple):
    """What this ledger has written into its mirror: the last number of each run of a service, oldest first.

    `generation` is the ledger's when it wrote last. A token is a run and a number.
    """

    generation: str
    runs: Mapping[str, int]

    @classmethod
    def read(cls, text: str) -> Tokens:
        """What `text` wrote; without one, nothing was written yet."""
        generation, _, rest = text.partition(" ")
        runs = (part.rpartition("-") for part in rest.split())
        return cls(generation.removeprefix(MARK), {run: int(number) for run, _, number in runs})

    @property
    def text(self) -> str:
        """For the ledger: the generation, and the newest runs."""
        newest = list(self.runs.items())[-MOST_RUNS:]
        return " ".join((MARK + self.generation, *(f"{run}-{number}" for run, number in newest)))

    def has(self, token: str) -> bool:
        """Whether this ledger may have written a token: one with a higher number is a copy's."""
        run, _, number = token.rpartition("-")
        return number.isdecimal() and int(number) <= self.runs.get(run, -1)

    def next(self, run: str, generation: str) -> tuple[str, Tokens]:
        """The next token of a run, and what is to be kept before it is written."""
        number = self.runs.get(run, 0) + 1
        return f"{run}-{number}", Tokens(generation, {**self.runs, run: number})


class Identity(NamedTuple):
    """`machine` is empty where nothing tells it from others."""

    host: UUID
    machine: str
    generation: str
    tokens: Tokens
    may_take_over: bool

    def check(self, machine: str, token: str) -> None:
        """Compare with what the mirror has of this host; raises IdentityError."""
        if self.may_take_over or not token:
            return
        if self.machine and machine and machine != self.machine:
            raise IdentityError(
                "this ledger was copied from another machine, which has sent it to the mirror: `netledger host renew` "
                "makes this one a machine of its own, `netledger host take-over` goes on in the other one's place"
            )
        is_restored = self.generation not in ("", self.tokens.generation)
        if not self.tokens.has(token) and not is_restored:
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
        Tokens.read(states.get(MIRROR_TOKENS, "")),
        TAKE_OVER in states,
    )


def machine_digest(machine_id: str, ledger_id: str) -> str:
    """What tells machines apart without telling their ids; empty without one."""
    if not machine_id:
        return ""
    return hashlib.blake2b(machine_id.encode(), key=ledger_id.encode(), digest_size=16).hexdigest()


def new_run() -> str:
    """A name for the tokens of one process: nobody has had it."""
    return secrets.token_hex(RUN_BYTES)


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
