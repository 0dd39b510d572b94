"""Names by which interfaces are asked for: their own, those of the settings, and patterns; pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

PATTERN = frozenset("*?[")
LONGEST_PATTERN = 64
"""Python keeps up to 32,768 compiled patterns; strangers may send some."""


class UnknownInterfaceError(QuestionError):
    """The ledger holds no interface of this name."""


def devices_of(given: Iterable[str], known: Collection[str], aliases: Mapping[str, str]) -> list[str]:
    """The devices that are meant, each once: by their own name, by their alias, or by a pattern of either.

    `aliases` are by device. Raises UnknownInterfaceError.
    """
    found: dict[str, None] = {}
    for name in given:
        devices = [name] if name in known else _matching(name, known, aliases)
        if not devices:
            names = sorted({*known, *(aliases[device] for device in known if device in aliases)})
            raise UnknownInterfaceError(
                f"interface: the ledger knows no {name!r}; known are {', '.join(names) or 'none yet'}"
            )
        found |= dict.fromkeys(devices)
    return list(found)


def interface_label(device: str, aliases: Mapping[str, str]) -> str:
    """An interface for people: "fibre (eth0)", or "eth0" without an alias."""
    alias = aliases.get(device)
    return f"{alias} ({device})" if alias else device


def _matching(name: str, known: Iterable[str], aliases: Mapping[str, str]) -> list[str]:
    if not PATTERN & set(name) or len(name) > LONGEST_PATTERN:
        return [device for device in known if aliases.get(device) == name]
    return sorted(device for device in known if fnmatchcase(device, name) or fnmatchcase(aliases.get(device, ""), name))
