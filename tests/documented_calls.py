"""The calls that the documents show: lines of `netledger` and `curl` in their code, one for each alternative."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`(curl [^`\n]+)`")
REMARK = re.compile(r"\s{2,}.*|\s#.*")
ELSEWHERE = re.compile(
    r"^netledger (run|backfill|service|install|uninstall|mirror|host)\b|127\.0\.0\.1:(?!7373)|\bURL\b|\$KEY"
)
"""What is no question to a service of netledger, or wants what only its reader has."""
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


class Call(NamedTuple):
    """A line of a document, as somebody would type it."""

    page: str
    line: str

    @property
    def is_open_to_the_shell(self) -> bool:
        """Whether a shell would take a part of it for a pattern of file names: zsh refuses one without a match."""
        return bool(re.search(r"[?*]", QUOTED.sub("", self.line)))


def documented_calls(pages: list[Path]) -> Iterator[Call]:
    """Every call of the pages that a running service, or its ledger, answers."""
    for page in pages:
        text = page.read_text(encoding="utf-8")
        lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
        for line in (*lines, *INLINE.findall(BLOCK.sub("", text))):
            if re.match(r"(netledger|curl)\b ", f"{line} "):
                calls = _alternatives(REMARK.sub("", line))
                yield from (Call(page.name, call) for call in calls if not ELSEWHERE.search(call))


def _alternatives(line: str) -> Iterator[str]:
    """Each of "today | week"; one that begins with -- takes the place of the option before it."""
    first, *others = line.split(" | ")
    yield first
    for other in others:
        yield f"{first.rpartition(' --' if other.startswith('--') else ' ')[0]} {other}"
