"""Columns are found by their names, or asked for."""

from __future__ import annotations

import pytest

from exporter.importing.headers import HeaderError, columns

MB, MIB = 1_000_000, 1 << 20


@pytest.mark.parametrize(
    ("header", "numbers"),
    [
        ("date,received,sent", [0, 1, 2]),
        ("Interface,Day,RX,TX", [1, 2, 3, 0]),
        ("Date,Download,Upload,Total", [0, 1, 2]),
        ("timestamp,bytes_sent,bytes_received", [0, 2, 1]),
        ("month,total_bytes_sent,total_bytes_recv", [0, 2, 1]),
        ("date,rxBytes,txBytes,rxPackets,txPackets", [0, 1, 2]),
        ("Date time,In,Out,Device", [0, 1, 2, 3]),
    ],
)
def test_obvious_names_need_no_help(header: str, numbers: list[int]) -> None:
    found = columns(header.split(","), {})

    assert [column.number for column in found.values()] == numbers


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("rx", None),
        ("Rx (MB)", MB),
        ("rx_mib", MIB),
        ("RxMiB", MIB),
        ("rx [MiB]", MIB),
        ("rx bytes", None),
        ("rx_b", 1),
    ],
)
def test_a_name_may_say_its_unit(name: str, unit: int | None) -> None:
    assert columns(["date", name, "tx"], {})["received"].unit == unit


def test_names_that_are_given_win() -> None:
    found = columns(["Tag", "Runter", "Hoch", "rx"], {"date": "tag", "received": "Runter", "sent": "Hoch"})

    assert [column.name for column in found.values()] == ["Tag", "Runter", "Hoch"]


@pytest.mark.parametrize(
    ("header", "named", "reason"),
    [
        (
            "Tag,rx,Hoch",
            {},
            "names no column for date, sent: say it with --columns date=NAME,sent=NAME; its columns are Tag, rx, Hoch",
        ),
        ("date,rx,download,tx", {}, "several columns for received: say it with --columns received=NAME"),
        ("date,time,rx,tx", {}, "several columns for date"),
        ("date,rx,tx", {"interface": "If"}, "no column If: its columns are date, rx, tx"),
        ("date,rx,rx,tx", {"received": "rx"}, "several columns"),
        ("2026-11-01,12,13", {}, "its columns are 2026-11-01, 12, 13"),
    ],
)
def test_what_is_not_obvious_is_asked_for(header: str, named: dict[str, str], reason: str) -> None:
    with pytest.raises(HeaderError, match=reason):
        columns(header.split(","), named)
