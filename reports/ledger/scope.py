"""Whose rows are asked for: the machine's (None), an interface's, or those of several together; pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SEPARATOR = "\0+\0"
"""No name of an interface has it, on any system."""


def joined(names: Iterable[str]) -> str | None:
    """The names as one text, each once; None where there is none, which stands for the machine."""
    return SEPARATOR.join(dict.fromkeys(names)) or None


def names_of(text: str) -> tuple[str, ...]:
    """The names in a text."""
    return tuple(text.split(SEPARATOR))


def in_words(text: str) -> str:
    """As people read it: "eth0 + wlan0"."""
    return " + ".join(names_of(text))


def scope(device: str | None) -> str:
    """The condition for one interface, for several together, or for all that count; its parameter is `bound`."""
    if device is None:
        return "kind = 'interface' AND counted = 1"
    several = "IN (SELECT value FROM json_each(:device))" if SEPARATOR in device else "= :device"
    return f"kind = 'interface' AND device {several}"


def bound(device: str | None) -> str | None:
    """The parameter :device of that condition."""
    return json.dumps(names_of(device)) if device is not None and SEPARATOR in device else device
