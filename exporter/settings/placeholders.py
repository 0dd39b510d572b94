"""Names in braces that stand for a part of a notice in the arguments of a command: "{plan}"; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACEHOLDERS = ("host", "plan", "percent", "used", "cap", "left", "until", "title", "text")

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def unknown_placeholders(argument: str) -> list[str]:
    """Names in braces that stand for nothing."""
    return [name for name in _PLACEHOLDER.findall(argument) if name not in PLACEHOLDERS]


def filled(command: tuple[str, ...], parts: Mapping[str, str]) -> tuple[str, ...]:
    """The command with each placeholder of its arguments replaced; the program itself has none."""
    program, *arguments = command
    return (program, *(_PLACEHOLDER.sub(lambda found: parts.get(found[1], found[0]), text) for text in arguments))
