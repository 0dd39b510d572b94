"""Settings that stand in prometheus.yml as comments: found, and put in force by taking their "#" away."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.prometheus.rule_files import FOLDER

CONFIG = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
SETTING = re.compile(r"^#(?=\S|  +\S)")


class Block(NamedTuple):
    """Lines of settings that are commented out together: numbers of the first and of the one behind the last."""

    name: str
    first: int
    end: int


def blocks(text: str) -> list[Block]:
    """Commented settings, each by its first key and what the comment above it says."""
    lines = text.splitlines()
    found: list[Block] = []
    for number, line in enumerate(lines):
        if not SETTING.match(line) or number < lines.index("global:"):  # the head shows a command
            continue
        if found and found[-1].end == number:
            found[-1] = found[-1]._replace(end=number + 1)
        else:
            found.append(Block(f"{lines[number - 1].strip('# ')[:20]}: {line.strip('#: ')}", number, number + 1))
    return found


def with_settings(text: str, *wanted: Block) -> str:
    """With the "#" of these blocks taken away."""
    lines = text.splitlines()
    for block in wanted:
        for number in range(block.first, block.end):
            lines[number] = SETTING.sub("", lines[number])
    return "\n".join(lines) + "\n"


BLOCKS = blocks(CONFIG)
