"""How many tokens a year takes in each format: `python tests/bench/tokens.py` prints the table of docs/export.md.

The tokenizers are OpenAI's public ones, from the package bpe-openai, which brings their vocabularies along.
"""

from __future__ import annotations

import random
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[2]))

import bpe_openai  # type: ignore[import-untyped]  # it has no annotations

from reports.export.days import Days
from reports.export.export import Export, InterfaceTotal
from reports.formats.registry import FORMATS
from reports.ledger.host import Host
from reports.ledger.reader import Bytes

ENCODINGS = ("o200k_base", "cl100k_base")
NAMES = {
    "json": "JSON",
    "csv": "CSV",
    "markdown": "Markdown",
    "llm": "`llm`: sectioned dialect, months and the last 30 days",
    "toon": "`toon`: Token-Oriented Object Notation, every day",
}


def main() -> None:
    """Print the table."""
    print(f"| Format | Bytes | {' | '.join(f'Tokens ({name})' for name in ENCODINGS)} |")  # noqa: T201 - its output
    print(f"| --- | ---: | {' | '.join('---:' for _ in ENCODINGS)} |")  # noqa: T201
    for name, title in NAMES.items():
        text = b"".join(FORMATS[name].write(year())).decode()
        counts = [len(bpe_openai.get_encoding(encoding).encode(text)) for encoding in ENCODINGS]
        print(f"| {title} | {len(text.encode()):,} | {' | '.join(f'{count:,}' for count in counts)} |")  # noqa: T201


def year() -> Export:
    """2025 on a home line: log-normal days around 3 GB, a seventh of it sent; one uplink and one tunnel."""
    chance = random.Random(2025)  # noqa: S311 - the same year every time
    dates = [date.fromordinal(date(2025, 1, 1).toordinal() + number).isoformat() for number in range(365)]
    received = [int(86_400 * 30_000 * chance.lognormvariate(0, 1)) for _ in dates]
    sent = [int(amount / 7 * chance.uniform(0.5, 1.5)) for amount in received]
    peaks = [int(chance.uniform(2e6, 12.5e6)) for _ in dates]
    days = Days(dates, received, sent, [0] * 365, peaks)
    total = days.total
    interfaces = [
        InterfaceTotal("eth0", is_counted=True, bytes=total),
        InterfaceTotal("wg0", is_counted=False, bytes=Bytes(total.received // 9, total.sent // 9, 0, 3_000_000)),
    ]
    host = Host("home-server", "5f0c7a52f5c94d0b8f6d1f0e0a4bb0f3", "Linux", "1.0.0")
    return Export(host, "2026-01-01T00:00:05+00:00", ZoneInfo("Europe/Madrid"), "all", None, days, interfaces)


if __name__ == "__main__":
    main()
