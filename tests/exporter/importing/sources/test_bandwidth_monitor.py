"""monthly_traffic.json: one month, up to the day on which it was saved, or nothing and the reason."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.importing.foreign import ReadingOptions
from exporter.importing.reading import read
from exporter.ledger.past.rows import ForeignFileError, PastRow

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ReadingOptions(ZoneInfo("Europe/Berlin"))
WHOLE = '{"month": "2026-11", "total_bytes_sent": 7, "total_bytes_recv": 9}'
NOVEMBER = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("saved", "last"),
    [
        (datetime(2026, 11, 28, 12, tzinfo=UTC), date(2026, 11, 28)),
        (datetime(2026, 11, 30, 23, 30, tzinfo=UTC), date(2026, 11, 30)),
        (datetime(2027, 1, 5, tzinfo=UTC), date(2026, 11, 30)),
    ],
)
def test_the_month_ends_on_the_day_on_which_it_was_saved(saved: datetime, last: date, tmp_path: Path) -> None:
    path = tmp_path / "monthly_traffic.json"
    path.write_text(WHOLE, encoding="utf-8")
    os.utime(path, (saved.timestamp(),) * 2)

    past = read(path, OPTIONS)

    assert past.rows == [PastRow("bandwidth-monitor", NOVEMBER, last, 9, 7)]
    assert past.machine == ["bandwidth-monitor"]
    assert past.read_until == min(int(saved.timestamp()), int(datetime(2026, 11, 30, 23, tzinfo=UTC).timestamp()))


def test_the_user_may_say_whose_bytes_they_are(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(WHOLE, encoding="utf-8")

    past = read(tmp_path / "file", OPTIONS._replace(interface="eth0"))

    assert (past.rows[0].name, past.machine) == ("eth0", [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (WHOLE[:-9], "is not whole JSON"),
        (WHOLE.replace("2026-11", "2026-13"), "month: '2026-13' is no date"),
        (WHOLE.replace("2026-11", "2026-11-02"), "month: '2026-11-02' is no month"),
        (WHOLE.replace("9}", "-9}"), "2026-11: total_bytes_recv is -9"),
        (WHOLE.replace("7,", "7.5,"), "2026-11: total_bytes_sent is 7.5"),
        (WHOLE.replace("total_bytes_recv", "bytes"), "is of no program that is known"),
    ],
)
def test_a_file_that_is_wrong_brings_nothing_and_says_why(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(text, encoding="utf-8")

    with pytest.raises(ForeignFileError, match=reason):
        read(tmp_path / "file", OPTIONS)
