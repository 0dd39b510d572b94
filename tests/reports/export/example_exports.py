"""Exports for tests of their formats: of chosen days, with names that strangers chose."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from reports.calendar.days import day_of
from reports.calendar.period import Period
from reports.calendar.requests import IsoDate, PeriodRequest
from reports.export.days import NO_DAYS, Days
from reports.export.export import Export, InterfaceTotal
from reports.ledger.host import Host
from reports.ledger.reader import Bytes
from reports.ledger.rows import add_up
from reports.usage.applications import Account, Applications, ApplicationUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.ledger.reader import LedgerReader

RIGHT_TO_LEFT = "\u202e"
HOSTILE_NAMES = (
    "plain",
    "<script>alert(1)</script>",
    "\"quoted\" and 'single'",
    "back\\slash \\u0041",
    f"{RIGHT_TO_LEFT}txt.exe",
    "👩‍💻 emoji",
    "comma, semicolon; pipe |",
    "two\r\nlines",
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\ttab",
    "\rreturn",
    "*bold* _under_ `code` [link](http://evil.example) ![](x) # ~~no~~",
    "www.evil.example :smile: &amp; a@b.example",
    "\x00\x07\x1b[2J\x7f\x85",
    "true",
    "null",
    "- item",
    "[section]",
    "",
    " edges ",
)


class Asked(NamedTuple):
    """A range, or its bounds, as texts."""

    range: str | None = None
    first: str | None = None
    last: str | None = None

    def period(self, reader: LedgerReader, now: float, default: str = "all") -> Period:
        first, last = (None if text is None else IsoDate(text) for text in self[1:])
        return PeriodRequest(self.range, first, last).period(day_of(now, reader.zone), reader.zone, default)


def den_host(hostname: str = "den") -> Host:
    return Host(hostname, "0123abcd", "Linux", "1.0.0")


def days_from(first: date, amounts: Sequence[Bytes]) -> Days:
    """Consecutive days."""
    dates = [date.fromordinal(first.toordinal() + number).isoformat() for number in range(len(amounts))]
    assert all(before < after for before, after in pairwise(dates))
    columns = zip(*amounts, strict=True) if amounts else [()] * 4
    return Days(dates, *columns)


def export_with(
    days: Days = NO_DAYS,
    *,
    hostname: str = "den",
    device: str | None = None,
    interfaces: Sequence[InterfaceTotal] = (),
    range_name: str = "all",
) -> Export:
    zone = ZoneInfo("Asia/Kolkata")
    return Export(den_host(hostname), "2026-03-02T12:00:00+05:30", zone, range_name, device, days, interfaces)


def year_end() -> Export:
    """Four days around New Year, one of them still, and two interfaces."""
    days = days_from(
        date(2025, 12, 30),
        [
            Bytes(21_474_836_480, 5_368_709_120, 0, 125_829_120),
            Bytes(0, 0, 0, 0),
            Bytes(1_000, 999, 500, 17),
            Bytes(6_442_450_944, 1_610_612_736, 1_000, 200_000_000),
        ],
    )
    interfaces = [
        InterfaceTotal("eth0", is_counted=True, bytes=Bytes(27_917_288_424, 6_979_322_855, 1_500, 200_000_000)),
        InterfaceTotal("wg0", is_counted=False, bytes=Bytes(400, 100, 0, 9)),
    ]
    return export_with(days, interfaces=interfaces)


def with_applications(export: Export, *names: str) -> Export:
    """The export with an application of each name, all special cases together: loopback, a tunnel, too much."""
    internet, loopback = Bytes(9_000_000, 500_000, 7), Bytes(10**9, 10**9)
    rows = [
        ApplicationUsage(
            name,
            internet,
            {"loopback": loopback, "internet": internet},
            {"tcp": Bytes(8_999_000, 499_000), "udp": internet},
        )
        for name in names
    ]
    tunnel = Bytes(1_000_000, 50_000)
    moved = add_up([internet] * len(names))
    total = Bytes(moved.received - tunnel.received, moved.sent - tunnel.sent, moved.estimated)
    found = Applications(
        period=Period.days(date(2025, 12, 30), date(2026, 1, 2), export.zone),
        applications=rows,
        row_count=len(rows),
        total=total,
        tunnel=tunnel,
        scopes={"loopback": loopback, "internet": total},
        account=Account(Bytes(moved.received, 0), total),
        began=1_767_100_000,
    )
    return export._replace(applications=found)


def years(count: int) -> Export:
    """So many whole years, every day different."""
    first = date(2026 - count, 1, 1)
    length = (date(2026, 1, 1) - first).days
    amounts = [
        Bytes(1_000_003 * (number % 977) ** 2, 700_001 * (number % 89), number % 7, 1_000 * (number % 101))
        for number in range(length)
    ]
    return export_with(days_from(first, amounts))
