"""Dumps and JSON of vnStat 1: every byte once, or nothing and the reason."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.importing.foreign import ReadingOptions
from exporter.importing.reading import read
from exporter.ledger.past.rows import ForeignFileError, Past, disjoint
from tests.worlds import foreign_files
from tests.worlds.foreign_files import KIB, Day, days_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

UTC = ZoneInfo("UTC")
OPTIONS = ReadingOptions(UTC)
DAYS = days_of(date(2024, 1, 5), date(2026, 4, 20))
WRITERS = [foreign_files.vnstat_dump, foreign_files.vnstat_json_1]


def total(past: Past) -> tuple[int, int]:
    rows, notes = disjoint(past.rows)
    assert notes == []
    return sum(row.received for row in rows), sum(row.sent for row in rows)


@pytest.mark.parametrize("write", WRITERS)
def test_days_months_and_the_rest_of_its_life_come_in(
    write: Callable[[Path, Sequence[Day]], None], tmp_path: Path
) -> None:
    write(tmp_path / "file", DAYS)

    past = read(tmp_path / "file", OPTIONS)

    days = {row.first: (row.received, row.sent) for row in past.rows if row.first == row.last}
    assert days == {day.at: (day.received, day.sent) for day in DAYS[-30:]}
    months = [row for row in past.rows if 27 <= (row.last - row.first).days <= 30]
    assert len(months) == 11
    assert total(past) == (sum(day.received for day in DAYS), sum(day.sent for day in DAYS))
    assert [hour.end - hour.start for hour in past.hours] == [3600] * 24
    assert {datetime.fromtimestamp(hour.start, UTC).date() for hour in past.hours} == {DAYS[-1].at}
    assert past.identity == "enp9s0 since 2024-01-05"


@given(
    moved=st.dictionaries(st.integers(0, 700), st.tuples(st.integers(0, 2**36), st.integers(0, 2**36)), min_size=1),
    write=st.sampled_from(WRITERS),
)
def test_what_vnstat_has_is_what_comes_in(
    moved: dict[int, tuple[int, int]],
    write: Callable[[Path, Sequence[Day]], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("vnstat") / "file"
    first = date(2024, 1, 5)
    days = [Day(first + timedelta(days=at), rx * KIB, tx * KIB) for at, (rx, tx) in sorted(moved.items())]
    write(path, days)

    assert total(read(path, OPTIONS)) == (sum(day.received for day in days), sum(day.sent for day in days))


def test_several_interfaces_stand_one_after_the_other(tmp_path: Path) -> None:
    for name in ("eth0", "wlan0"):
        foreign_files.vnstat_dump(tmp_path / name, DAYS[-20:], name)
    both = (tmp_path / "eth0").read_text("utf-8") + (tmp_path / "wlan0").read_text("utf-8")
    (tmp_path / "both").write_text(both, encoding="utf-8")

    past = read(tmp_path / "both", OPTIONS)

    assert {row.name for row in past.rows} == {"eth0", "wlan0"}
    assert total(past) == (2 * sum(day.received for day in DAYS[-20:]), 2 * sum(day.sent for day in DAYS[-20:]))


def test_an_hour_that_was_dated_after_its_midnight_is_of_the_day_before(tmp_path: Path) -> None:
    foreign_files.vnstat_dump(tmp_path / "dump", DAYS)
    midnight = int(datetime(2026, 4, 20, tzinfo=UTC).timestamp()) + 60
    text = (tmp_path / "dump").read_text("utf-8").splitlines()
    lines = [f"h;23;{midnight};5;6" if line.startswith("h;23;") else line for line in text]
    lines = [f"updated;{midnight}" if line.startswith("updated;") else line for line in lines]
    (tmp_path / "dump").write_text("\n".join(lines), encoding="utf-8")

    hours = read(tmp_path / "dump", OPTIONS).hours

    assert max(hour.start for hour in hours if hour.received == 5 * KIB) == midnight - 60 - 3600


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("version;3", "version;2", "version 2 of vnStat's dump is not known, only 3"),
        ("interface;", "name;", "it has no line interface"),
        ("totalrxk;", "totalrxk", "it has no line totalrxk"),
        ("d;29;", "x;29;", "it has 29 of 30 rows d"),
        ("h;23;", "", "it has 23 of 24 rows h"),
        ("m;3;", "m;3;7;", "line 47: 9 fields, not 8"),
        ("d;5;1", "d;5;-1", "line 19: '-1"),
        ("d;5;1", "d;5;one", "line 19: 'one"),
        ("d;5;1", "d;5;99999999", "is no time"),
        ("h;7;", "h;31;", "line 73: 31 is no hour of a day"),
        ("created;1", "created;x", "line 5: 'x"),
    ],
)
def test_a_dump_that_is_wrong_brings_nothing_and_says_why(old: str, new: str, reason: str, tmp_path: Path) -> None:
    foreign_files.vnstat_dump(tmp_path / "dump", DAYS)
    text = (tmp_path / "dump").read_text("utf-8")
    assert old in text
    (tmp_path / "dump").write_text(text.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(ForeignFileError, match=reason):
        read(tmp_path / "dump", OPTIONS)


@pytest.mark.parametrize("lines", [1, 3, 8, 12, 20, 60, 88])
def test_half_a_dump_brings_nothing(lines: int, tmp_path: Path) -> None:
    foreign_files.vnstat_dump(tmp_path / "dump", DAYS)
    text = (tmp_path / "dump").read_text("utf-8").splitlines()
    (tmp_path / "dump").write_text("\n".join(text[:lines]), encoding="utf-8")

    with pytest.raises(ForeignFileError, match="no whole dump of vnStat"):
        read(tmp_path / "dump", OPTIONS)


def set_version(document: Any) -> None:
    document["jsonversion"] = "3"


def set_negative(document: Any) -> None:
    document["interfaces"][0]["traffic"]["days"][4]["rx"] = -1


def set_hour(document: Any) -> None:
    document["interfaces"][0]["traffic"]["hours"][4]["id"] = 24


def set_date(document: Any) -> None:
    document["interfaces"][0]["traffic"]["months"][1]["date"]["month"] = 13


def drop_total(document: Any) -> None:
    del document["interfaces"][0]["traffic"]["total"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (set_version, "jsonversion 3 of vnStat is not known, only 1 and 2"),
        (set_negative, "enp9s0, days, id 4: rx is -1"),
        (set_hour, "24 is no hour of a day"),
        (set_date, "no whole document"),
        (drop_total, "no whole document of `vnstat --json`: KeyError"),
    ],
)
def test_a_document_that_is_wrong_brings_nothing_and_says_why(
    damage: Callable[[Any], None], reason: str, tmp_path: Path
) -> None:
    foreign_files.vnstat_json_1(tmp_path / "json", DAYS)
    document = json.loads((tmp_path / "json").read_text("utf-8"))
    damage(document)
    (tmp_path / "json").write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(ForeignFileError, match=reason):
        read(tmp_path / "json", OPTIONS)
