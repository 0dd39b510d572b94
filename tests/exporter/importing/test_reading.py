"""Options that a file has no use for are refused, and not passed over."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.importing.foreign import ReadingOptions
from exporter.importing.reading import read
from exporter.ledger.past.rows import ForeignFileError
from tests.worlds import foreign_files
from tests.worlds.foreign_files import days_of

if TYPE_CHECKING:
    from pathlib import Path

DAYS = days_of(date(2026, 4, 1), date(2026, 4, 20))
OPTIONS = ReadingOptions(ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (OPTIONS._replace(interface="eth0"), "names its interfaces itself: enp9s0; --map OLD=NEW renames them"),
        (OPTIONS._replace(columns={"date": "Day"}), "--columns and --unit are of a CSV of unknown columns"),
        (OPTIONS._replace(unit=1024), "--columns and --unit are of a CSV of unknown columns"),
        (OPTIONS._replace(first=date(2026, 4, 5)), "--from and --to say the period of a file of nlbwmon"),
        (OPTIONS._replace(last=date(2026, 4, 5)), "--from and --to say the period of a file of nlbwmon"),
    ],
)
def test_an_option_without_effect_is_refused(options: ReadingOptions, reason: str, tmp_path: Path) -> None:
    foreign_files.vnstat_dump(tmp_path / "dump", DAYS)

    with pytest.raises(ForeignFileError, match=reason):
        read(tmp_path / "dump", options)


def test_the_interface_that_a_file_names_may_be_said(tmp_path: Path) -> None:
    foreign_files.vnstat_dump(tmp_path / "dump", DAYS)

    assert read(tmp_path / "dump", OPTIONS._replace(interface="enp9s0")).rows
