"""Which column of a table has what: by the words of its header, or as the user says; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from exporter.importing.cells import UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DATE, RECEIVED, SENT, INTERFACE = "date", "received", "sent", "interface"
WORDS = {
    DATE: {"date", "day", "month", "time", "timestamp", "datetime", "hour", "period"},
    RECEIVED: {"received", "receive", "recv", "rx", "download", "downloaded", "down", "in", "incoming", "inbound"},
    SENT: {"sent", "send", "transmit", "transmitted", "tx", "upload", "uploaded", "up", "out", "outgoing", "outbound"},
    INTERFACE: {"interface", "iface", "if", "device", "adapter", "nic"},
}
"""What a column may be called, beside its unit."""
FILLERS = {"byte", "bytes", "total", "traffic", "data"}
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")


class HeaderError(ValueError):
    """A header whose columns are not known; the message is a predicate."""


class FoundColumn(NamedTuple):
    """Place and name of a column; `unit` (bytes) where its header names one."""

    number: int
    name: str
    unit: int | None


def columns(header: Sequence[str], named: Mapping[str, str]) -> dict[str, FoundColumn]:
    """The columns by what they have; raises HeaderError, with what the file has and how to say it."""
    names = [name.strip() for name in header]
    found: dict[str, FoundColumn] = {}
    missing: list[str] = []
    for role, words in WORDS.items():
        wanted = named.get(role)
        fitting = [number for number, name in enumerate(names) if _fits(name, wanted, words)]
        if len(fitting) == 1:
            found[role] = FoundColumn(fitting[0], names[fitting[0]], _unit(names[fitting[0]]))
        elif fitting:
            raise HeaderError(f"has several columns for {role}{_hint([role], names)}")
        elif wanted is not None:
            raise HeaderError(f"has no column {wanted}: its columns are {', '.join(names)}")
        elif role != INTERFACE:
            missing.append(role)
    if missing:
        raise HeaderError(f"names no column for {', '.join(missing)}{_hint(missing, names)}")
    return found


def _fits(name: str, wanted: str | None, words: set[str]) -> bool:
    if wanted is not None:
        return name.casefold() == wanted.casefold()
    return "".join(word for word in _words(name) if word not in FILLERS and word not in UNITS) in words


def _unit(name: str) -> int | None:
    units = [UNITS[word] for word in _words(name) if word in UNITS]
    return units[-1] if units else None


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", CAMEL.sub(" ", name).lower())


def _hint(roles: Sequence[str], names: Sequence[str]) -> str:
    return f": say it with --columns {','.join(f'{role}=NAME' for role in roles)}; its columns are {', '.join(names)}"
