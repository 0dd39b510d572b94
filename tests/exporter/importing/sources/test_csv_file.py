"""Tables of any program: days, months and parts of days, or nothing and the reason."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.importing.foreign import ReadingOptions
from exporter.importing.reading import read
from exporter.ledger.past.rows import ForeignFileError, Past, PastHour, PastRow

if TYPE_CHECKING:
    from pathlib import Path

BERLIN, UTC = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
DEFAULT = ReadingOptions(UTC)
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)
HEAD = "date,received,sent\n"


def read_text(folder: Path, text: str, options: ReadingOptions = DEFAULT) -> Past:
    path = folder / "table.csv"
    path.write_bytes(text.encode())
    return read(path, options)


@pytest.mark.parametrize(
    "text",
    [
        "date,received,sent\n2026-11-01,10,20\n2026-11-02,30,40\n",
        "\ufeffdate,received,sent\r\n2026-11-01,10,20\r\n2026-11-02,30,40\r\n",
        "date;received;sent\n2026-11-01;10;20\n\n2026-11-02;30;40",
        "Day\tDownload\tUpload\tNote\n2026-11-01\t10\t20\ta,b\n2026-11-02\t30\t40\t\n",
        '"Date","Rx","Tx"\n"2026-11-01","10","20"\n"2026-11-02","30","40"\n',
        "date,bytes_sent,bytes_received,interface,host\n2026-11-01,20,10,,vm\n2026-11-02,40,30,,vm\n",
        "date,received,sent\n2026-11-02 00:00:00,30,40\n2026-11-01 00:00:00,10,20\n",
    ],
)
def test_the_form_of_a_table_does_not_matter(text: str, tmp_path: Path) -> None:
    past = read_text(tmp_path, text)

    assert sorted(past.rows) == [PastRow("csv", FIRST, FIRST, 10, 20), PastRow("csv", SECOND, SECOND, 30, 40)]
    assert past.machine == ["csv"]


def test_months_and_interfaces_come_in_as_they_are(tmp_path: Path) -> None:
    past = read_text(tmp_path, "month,if,rx,tx\n2026-10,eth0,1,2\n2026-11-01,eth0,3,4\n2026-10,wlan0,5,6\n")

    october = date(2026, 10, 1), date(2026, 10, 31)
    assert past.rows == [
        PastRow("eth0", *october, 1, 2),
        PastRow("eth0", FIRST, FIRST, 3, 4),
        PastRow("wlan0", *october, 5, 6),
    ]
    assert past.machine == []


def test_bytes_of_one_interface_are_not_the_machines(tmp_path: Path) -> None:
    past = read_text(tmp_path, f"{HEAD}2026-11-01,1,2\n", ReadingOptions(UTC, interface="eth0"))

    assert (past.rows, past.machine) == ([PastRow("eth0", FIRST, FIRST, 1, 2)], [])


@pytest.mark.parametrize(
    ("header", "unit", "expected"),
    [("rx,tx", None, 3), ("rx (MB),tx (MB)", None, 3_000_000), ("rx (MB),tx (MB)", 1 << 20, 3 << 20)],
)
def test_the_option_says_the_unit_before_the_header(
    header: str, unit: int | None, expected: int, tmp_path: Path
) -> None:
    past = read_text(tmp_path, f"date,{header}\n2026-11-01,3,3\n", ReadingOptions(UTC, unit=unit))

    assert past.rows[0].received == expected
    assert bool(past.notes) == (expected == 3_000_000)


def test_hours_are_added_up_to_days_of_the_zone(tmp_path: Path) -> None:
    text = f"{HEAD}2026-10-31T22:00Z,1,0\n2026-10-31T23:00Z,2,0\n2026-10-31T23:15Z,4,0\n2026-11-01T23:00Z,8,0\n"

    past = read_text(tmp_path, text, ReadingOptions(BERLIN))

    start = int(datetime.fromisoformat("2026-10-31T22:00Z").timestamp())
    assert {row.first: row.received for row in past.rows} == {date(2026, 10, 31): 1, FIRST: 6, SECOND: 8}
    assert past.hours[:3] == [
        PastHour("csv", start, start + 3600, 1, 0),
        PastHour("csv", start + 3600, start + 4500, 2, 0),
        PastHour("csv", start + 4500, start + 8100, 4, 0),
    ]


def test_the_hour_that_clocks_repeat_comes_twice_and_no_other(tmp_path: Path) -> None:
    autumn = f"{HEAD}2026-10-25 02:00,1,0\n2026-10-25 02:00,2,0\n"

    past = read_text(tmp_path, autumn, ReadingOptions(BERLIN))

    assert [row.received for row in past.rows] == [3]
    assert past.hours[1].start - past.hours[0].start == 3600
    with pytest.raises(ForeignFileError, match="line 3: csv has 2026-10-25 02:00:00 twice"):
        read_text(tmp_path, autumn)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (HEAD, "has no rows below its header"),
        (f"{HEAD}2026-11-01,1\n", "line 2: 2 columns, not 3"),
        (f"{HEAD}2026-11-01,1,2\n2026-11-02,3,\n", "line 3, sent: '' is empty"),
        (f"{HEAD}2026-11-01,-1,2\n", "line 2, received: '-1' is no number of bytes"),
        (f"{HEAD}2026-11-31,1,2\n", "line 2, date: '2026-11-31' is no date"),
        (f"{HEAD}Total,1,2\n", "line 2, date: 'Total' is no date"),
        (f"{HEAD}0026-11-01,1,2\n", "is not of 1970 to 2199"),
        (f"{HEAD}2026-11-01,1,2\n2026-11-01,1,2\n", "line 3: csv has 2026-11-01 twice"),
        (f"{HEAD}2026-11,1,2\n2026-11,1,2\n", "line 3: csv has 2026-11-01 to 2026-11-30 twice"),
        (f"{HEAD}2026-11-01,1,2\n2026-11-01 03:00,1,2\n", "has 2026-11-01 to 2026-11-01 twice"),
        (f"{HEAD}2026-11-01,1125899906842625,2\n", "1125899906842625 bytes received cannot be"),
        (f'{HEAD}2026-11-01,1,"2\n', "line 2: unexpected end of data"),
        (f"{HEAD}2026-11-01,1,2\x00\n", "line 2"),
        ("date,received,sent,if\n2026-11-01,1,2,\n2026-11-01,1,2,eth0\n", "line 2: if is empty"),
        ("date;size\n2026-11-01;1\n", "is of no program that is known"),
        ("", "is of no program that is known"),
    ],
)
def test_a_table_that_is_wrong_brings_nothing_and_says_why(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ForeignFileError, match=reason):
        read_text(tmp_path, text)


def test_a_time_that_clocks_leave_out_is_of_another_zone(tmp_path: Path) -> None:
    spring = f"{HEAD}2026-03-29 02:30,1,0\n2026-03-29 03:30,2,0\n"

    with pytest.raises(ForeignFileError, match="line 2: clocks in Europe/Berlin leave 2026-03-29 02:30:00 out"):
        read_text(tmp_path, spring, ReadingOptions(BERLIN))
    assert [row.received for row in read_text(tmp_path, spring).rows] == [3]


AMOUNTS = st.tuples(st.integers(0, 2**50), st.integers(0, 2**50))


@given(
    days=st.dictionaries(st.tuples(st.sampled_from(["eth0", "wlan0"]), st.integers(0, 9_000)), AMOUNTS, min_size=1),
    delimiter=st.sampled_from(",;\t|"),
)
def test_what_is_written_is_read(
    days: dict[tuple[str, int], tuple[int, int]], delimiter: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [(name, date(2001, 1, 1) + timedelta(days=number), *moved) for (name, number), moved in days.items()]
    lines = [delimiter.join(map(str, (day, received, name, sent))) for name, day, received, sent in rows]
    header = delimiter.join(("date", "received", "interface", "sent"))

    past = read_text(tmp_path_factory.mktemp("tables"), "\n".join([header, *lines]))

    assert past.rows == [PastRow(name, day, day, *moved) for name, day, *moved in rows]


@given(hours=st.dictionaries(st.integers(0, 400_000), AMOUNTS, min_size=1))
def test_hours_lose_nothing(hours: dict[int, tuple[int, int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    begun = {number: datetime.fromtimestamp(number * 3600, UTC) for number in hours}
    lines = [
        f"{begun[number]:%Y-%m-%dT%H:%M:%SZ},{received % 2**30},{sent % 2**30}"
        for number, (received, sent) in hours.items()
    ]

    past = read_text(tmp_path_factory.mktemp("tables"), "\n".join([HEAD.strip(), *lines]), ReadingOptions(BERLIN))

    assert sum(row.received for row in past.rows) == sum(received % 2**30 for received, _ in hours.values())
    assert sum(row.sent for row in past.rows) == sum(sent % 2**30 for _, sent in hours.values())
    assert len(past.hours) == len(hours)
