"""TOML 1.0: sections, inline tables and strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ESCAPES = {
    **{code: f"\\u{code:04x}" for code in (*range(32), 127, *range(128, 160))},
    **{code: f"\\u{code:04x}" for code in (0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))},
    ord('"'): '\\"',
    ord("\\"): "\\\\",
}
"""Characters that a TOML string cannot hold, and marks that turn the direction of a line; they read back unchanged."""


def numbered(name: str, values: Sequence[str]) -> dict[str, str]:
    """Strings as NAME_1, NAME_2 and so on."""
    return {f"{name}_{number}": text(value) for number, value in enumerate(values, start=1)}


def section(name: str, values: Mapping[str, str]) -> list[str]:
    """The lines of a section; values are TOML already."""
    return [f"\n[{name}]\n", *(f"{key} = {value}\n" for key, value in values.items())]


def table(values: Mapping[str, str]) -> str:
    """An inline table; values are TOML already."""
    return "{" + ", ".join(f"{key}={value}" for key, value in values.items()) + "}"


def text(value: str) -> str:
    """A string."""
    return f'"{value.translate(ESCAPES)}"'
