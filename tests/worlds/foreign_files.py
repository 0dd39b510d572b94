"""Files as other programs write them, of a history that is known day by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MIB = 1 << 20


class Day(NamedTuple):
    """Bytes of a day."""

    at: date
    received: int
    sent: int


def days_of(first: date, last: date) -> list[Day]:
    """Every day, each with other whole MiB: some programs keep no finer amounts."""
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [Day(at, (300 + 7 * number) * MIB, (40 + number) * MIB) for number, at in enumerate(every)]


def by_month(days: Iterable[Day]) -> dict[str, tuple[int, int]]:
    """Bytes received and sent of each month."""
    sums: dict[str, tuple[int, int]] = {}
    for day in days:
        received, sent = sums.get(f"{day.at:%Y-%m}", (0, 0))
        sums[f"{day.at:%Y-%m}"] = received + day.received, sent + day.sent
    return sums


def csv(path: Path, days: Sequence[Day]) -> None:
    """A table with columns of obvious names."""
    rows = [f"{day.at},{day.received},{day.sent}" for day in days]
    path.write_text("\n".join(["date,received,sent", *rows, ""]), encoding="utf-8")
