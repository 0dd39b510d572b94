"""Names of strangers as text that is safe to show: processes, containers and pods call themselves what they like."""

from __future__ import annotations

import os

from exporter.meters.applications.settings import LONGEST_NAME

UNNAMED = "unnamed"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def safe_name(text: str) -> str:
    """A name in one printable line of at most LONGEST_NAME characters, and none of the meter's own, such as "(kernel)".

    What cannot be printed is replaced: control characters, marks of direction, halves of surrogates. Of a name that is
    in parentheses as a whole, as "(sd-pam)", they are square brackets.
    """
    printable = "".join(letter if letter.isprintable() else REPLACEMENT for letter in text.strip()) or UNNAMED
    cut = printable if len(printable) <= LONGEST_NAME else f"{printable[: LONGEST_NAME - 1]}…"
    return f"[{cut[1:-1]}]" if cut.startswith("(") and cut.endswith(")") else cut


def decoded(data: bytes) -> str:
    """Bytes of the kernel as text; what is no UTF-8 is replaced."""
    return data.decode("utf-8", "replace")


def file_name_text(name: str) -> str:
    """The name of a file as text: os.scandir hides bytes that are no UTF-8 in halves of surrogates."""
    return decoded(os.fsencode(name))
