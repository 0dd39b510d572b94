"""traffdata.bak: whole MiB of each day, and what a month has more, or nothing and the reason."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.importing.foreign import ReadingOptions
from exporter.importing.reading import read
from exporter.ledger.past.rows import ForeignFileError, Past, PastRow, disjoint
from tests.worlds import foreign_files
from tests.worlds.foreign_files import MIB, Day

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ReadingOptions(ZoneInfo("UTC"))
FEBRUARY = "traff-02-2026=" + " ".join(["1:2", "30:40", *["0:0"] * 26])


def read_text(folder: Path, text: str) -> Past:
    (folder / "traffdata.bak").write_text(text, encoding="utf-8")
    return read(folder / "traffdata.bak", OPTIONS)


@pytest.mark.parametrize(
    "text",
    [
        f"TRAFF-DATA\n{FEBRUARY} [31:42]\n",
        f"TRAFF-DATA\r\n{FEBRUARY} [31:42] \r\n",
        f"ttraff_iface=vlan2\n{FEBRUARY} \nsize: 29011 bytes (36525 left)\n",
    ],
)
def test_days_with_traffic_come_in(text: str, tmp_path: Path) -> None:
    first, second = date(2026, 2, 1), date(2026, 2, 2)

    past = read_text(tmp_path, text)

    assert past.rows == [
        PastRow("dd-wrt", first, first, MIB, 2 * MIB),
        PastRow("dd-wrt", second, second, 30 * MIB, 40 * MIB),
    ]
    assert past.machine == ["dd-wrt"]


def test_a_backup_may_end_with_a_byte_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "traffdata.bak").write_bytes(f"TRAFF-DATA\n{FEBRUARY}\n".encode() + b"\xff")

    assert len(read(tmp_path / "traffdata.bak", OPTIONS).rows) == 2


def test_what_a_month_has_more_than_its_days_is_of_the_month(tmp_path: Path) -> None:
    past = read_text(tmp_path, f"TRAFF-DATA\n{FEBRUARY} [36:42]\n")

    rows, notes = disjoint(past.rows)

    assert rows[-1] == PastRow("dd-wrt", date(2026, 2, 1), date(2026, 2, 28), 5 * MIB, 0)
    assert notes == []


def test_a_month_that_was_running_ends_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "traffdata.bak"
    path.write_text(f"TRAFF-DATA\n{FEBRUARY} [36:42]\n", encoding="utf-8")
    os.utime(path, (datetime(2026, 2, 20, 12, tzinfo=UTC).timestamp(),) * 2)

    assert read(path, OPTIONS).rows[-1].last == date(2026, 2, 20)


AMOUNTS = st.integers(0, 2**20)


@given(moved=st.dictionaries(st.integers(0, 900), st.tuples(AMOUNTS, AMOUNTS).filter(any), min_size=1))
def test_what_is_kept_is_what_comes_in(
    moved: dict[int, tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("dd-wrt") / "traffdata.bak"
    days = [Day(date(2024, 1, 5) + timedelta(days=at), r * MIB, s * MIB) for at, (r, s) in sorted(moved.items())]
    foreign_files.dd_wrt(path, days)

    assert read(path, OPTIONS).rows == [PastRow("dd-wrt", day.at, day.at, day.received, day.sent) for day in days]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("TRAFF-DATA\n", "has no month with traffic"),
        (f"TRAFF-DATA\n{FEBRUARY[:-4]}\n", "line 2: traff-02-2026 has 27 of 28 days"),
        (f"TRAFF-DATA\n{FEBRUARY} 1:1\n", "line 2: traff-02-2026 has 29 of 28 days"),
        (f"TRAFF-DATA\n{FEBRUARY}\n{FEBRUARY}\n", "line 3: traff-02-2026 comes twice"),
        (f"TRAFF-DATA\n{FEBRUARY} [31:4", "line 2: traff-02-2026 is no month"),
        (f"TRAFF-DATA\n{FEBRUARY}\ntraff-03-20", "line 3: traff-03-20 is no month"),
        (f"TRAFF-DATA\n{FEBRUARY.replace('30:40', '-30:40')}\n", "line 2: traff-02-2026 is no month"),
        (f"TRAFF-DATA\n{FEBRUARY.replace('02-2026', '13-2026')}\n", "line 2: traff-13-2026 is no month"),
        (f"TRAFF-DATA\n{FEBRUARY.replace('2026', '1066')}\n", "line 2: 1066 is not of 1970"),
        (f"TRAFF-DATA\n{FEBRUARY.replace('30:40', '2000000000:40')}\n", "bytes received cannot be"),
    ],
)
def test_a_file_that_is_wrong_brings_nothing_and_says_why(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ForeignFileError, match=reason):
        read_text(tmp_path, text)
