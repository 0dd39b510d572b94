"""The rows that a question is about: all that count for the machine's total, or those of named subjects; pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.ledger.rows import UnpostedRow

Key = tuple[str, ...]
"""One value for each dimension of a meter, as ("eth0",)."""


class Selection(NamedTuple):
    """Subjects of one meter, added up; without keys all that count for the machine's total.

    `label` is for people, as in "eth0 + wlan0". `LedgerReader.resolve` makes one of names.
    """

    meter: str
    label: str
    keys: tuple[Key, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The first dimension of each key; empty for the machine."""
        return tuple(key[0] for key in self.keys or ())

    def has(self, row: UnpostedRow) -> bool:
        """True if the row is of one of the subjects."""
        return row.is_counted if self.keys is None else (row.device,) in self.keys


MACHINE = Selection("interface", "all counted interfaces")


def of_interfaces(names: Iterable[str]) -> Selection:
    """The selection of interfaces of these names, each once."""
    found = tuple(dict.fromkeys(names))
    return Selection("interface", " + ".join(found), tuple((name,) for name in found))


def condition(selection: Selection) -> str:
    """The rows in SQL; the parameter `:device` is that of `parameter`."""
    if selection.keys is None:
        return "kind = 'interface' AND counted = 1"
    several = "= :device" if len(selection.keys) == 1 else "IN (SELECT value FROM json_each(:device))"
    return f"kind = 'interface' AND device {several}"


def parameter(selection: Selection) -> str | None:
    """The value of `:device` in the condition."""
    names = selection.names
    return names[0] if len(names) == 1 else json.dumps(names)
