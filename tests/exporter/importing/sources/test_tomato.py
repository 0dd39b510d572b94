"""Backups of rstats: 62 days, 12 or 25 months, or nothing and the reason."""

from __future__ import annotations

import gzip
import struct
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.importing.foreign import ReadingOptions
from exporter.importing.reading import read
from exporter.ledger.past.rows import ForeignFileError, PastRow, disjoint
from tests.worlds.foreign_files import Day, by_month, days_of, rstats

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ReadingOptions(ZoneInfo("UTC"))
DAYS = days_of(date(2025, 9, 5), date(2026, 4, 20))
FIRST_DAY, FIRST_MONTH = 8, 8 + 62 * 24 + 8


def packed(year: int, month: int, day: int, received: int = 5) -> bytes:
    return struct.pack("<I4xQQ", (year - 1900) << 16 | (month - 1) << 8 | day, received, 6)


@pytest.mark.parametrize("months", [12, 25])
@pytest.mark.parametrize("pack", [gzip.compress, bytes])
def test_days_and_months_come_in(months: int, pack: type[bytes], tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(pack(rstats(DAYS, months)))

    past = read(tmp_path / "backup", OPTIONS)

    days = [row for row in past.rows if row.first == row.last]
    assert days == [PastRow("tomato", day.at, day.at, day.received, day.sent) for day in DAYS[-62:]]
    assert {f"{row.first:%Y-%m}": row[3:] for row in past.rows if row.first != row.last} == by_month(DAYS)
    assert past.machine == ["tomato"]


def test_months_may_begin_on_another_day(tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(rstats(DAYS))

    past = read(tmp_path / "backup", OPTIONS._replace(month_begins=10))

    assert (past.rows[62].first, past.rows[62].last) == (date(2025, 9, 10), date(2025, 10, 9))


AMOUNTS = st.integers(0, 2**40)


@given(moved=st.dictionaries(st.integers(0, 700), st.tuples(AMOUNTS, AMOUNTS), min_size=1))
def test_every_byte_that_is_kept_comes_in(
    moved: dict[int, tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("tomato") / "backup"
    days = [Day(date(2024, 1, 5) + timedelta(days=at), *amounts) for at, amounts in sorted(moved.items())]
    path.write_bytes(rstats(days))

    rows, notes = disjoint(read(path, OPTIONS).rows)

    assert sum(row.received for row in rows) == sum(day.received for day in days)
    assert sum(row.sent for row in rows) == sum(day.sent for day in days)
    assert notes == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (rstats(DAYS)[:2000], "is no whole history of rstats: 2000 bytes, not 2112"),
        (rstats(DAYS) + bytes(1), "is no whole history of rstats: 2113 bytes, not 2112"),
        (gzip.compress(rstats(DAYS))[:-9], "is no whole file of gzip"),
        (gzip.compress(rstats(DAYS))[:20] + bytes(200), "is no whole file of gzip"),
        (b"RS02" + rstats(DAYS)[4:], "the version b'RS02' of rstats is not known"),
        (rstats([]), "has no day and no month in it"),
        (b"\xff\xfe" * 400, "is of no program that is known: it is no text in UTF-8"),
    ],
)
def test_a_file_that_is_not_whole_brings_nothing(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "backup").write_bytes(content)

    with pytest.raises(ForeignFileError, match=reason):
        read(tmp_path / "backup", OPTIONS)


@pytest.mark.parametrize(
    ("at", "entry", "reason"),
    [
        (FIRST_DAY + 24, packed(2026, 2, 30), "day 2: 2026-02-30 is no date"),
        (FIRST_DAY + 24, packed(2026, 13, 1), "day 2: 2026-13-01 is no date"),
        (FIRST_DAY, packed(2026, 2, 0), "day 1: 2026-02-00 is no date"),
        (FIRST_DAY, packed(2026, 4, 20), "2026-04-20 to 2026-04-20 twice"),
        (FIRST_DAY, packed(2026, 2, 3, 2**60), "bytes received cannot be"),
        (FIRST_MONTH, packed(2026, 2, 3), "month 1: 2026-02-03 is no month"),
        (FIRST_MONTH, packed(2026, 14, 0), "month 1: 2026-14-01 is no date"),
        (FIRST_DAY, packed(60_000, 2, 3), "day 1: 60000 is not of 1970 to 2199"),
    ],
)
def test_an_entry_that_is_wrong_brings_nothing_and_says_why(at: int, entry: bytes, reason: str, tmp_path: Path) -> None:
    content = rstats(DAYS)
    (tmp_path / "backup").write_bytes(content[:at] + entry + content[at + 24 :])

    with pytest.raises(ForeignFileError, match=reason):
        read(tmp_path / "backup", OPTIONS)
