"""Files as other programs write them, of a history that is known day by day."""

from __future__ import annotations

import gzip
import json
import struct
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

KIB, MIB = 1 << 10, 1 << 20


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


def vnstat_dump(path: Path, days: Sequence[Day], interface: str = "enp9s0") -> None:
    """What `vnstat --dumpdb` of vnStat 1 prints: 30 days, 12 months, the rest in the total; amounts are whole KiB."""
    newest = _noon(days[-1].at) + 43_199
    moved = sum(day.received for day in days) // KIB, sum(day.sent for day in days) // KIB
    lines = ["version;3", "active;1", f"interface;{interface}", f"nick;{interface}"]
    lines += [f"created;{_noon(days[0].at)}", f"updated;{newest}", f"totalrx;{moved[0] // 1024}"]
    lines += [f"totaltx;{moved[1] // 1024}", "currx;1", "curtx;2", f"totalrxk;{moved[0] % 1024}"]
    lines += [f"totaltxk;{moved[1] % 1024}", "btime;1700000000"]
    months = [Day(date.fromisoformat(f"{month}-01"), *amounts) for month, amounts in by_month(days).items()]
    for name, count, entries in (("d", 30, days), ("m", 12, months), ("t", 10, days)):
        for number in range(count):
            day = entries[-1 - number] if number < len(entries) else None
            lines.append(f"{name};{number};{_kib_fields(day)}")
    hour = days[-1].received // KIB // 24, days[-1].sent // KIB // 24
    lines += [f"h;{number};{newest};{hour[0]};{hour[1]}" for number in range(24)]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def vnstat_json_1(path: Path, days: Sequence[Day], interface: str = "enp9s0") -> None:
    """What `vnstat --json` of vnStat 1 prints, of the same as the dump."""
    months = by_month(days).items()
    traffic = {
        "total": _kib(sum(day.received for day in days), sum(day.sent for day in days)),
        "days": [
            {"id": number, "date": _date(day.at), **_kib(day.received, day.sent)}
            for number, day in enumerate(days[:-31:-1])
        ],
        "months": [
            {"id": number, "date": {"year": int(month[:4]), "month": int(month[5:])}, **_kib(*amounts)}
            for number, (month, amounts) in enumerate(reversed(months))
        ][:12],
        "tops": [],
        "hours": [
            {"id": number, "date": _date(days[-1].at), **_kib(days[-1].received // 24, days[-1].sent // 24)}
            for number in range(24)
        ],
    }
    updated = {"date": _date(days[-1].at), "time": {"hour": 23, "minutes": 55}}
    created = {"date": _date(days[0].at)}
    held = {"id": interface, "nick": interface, "created": created, "updated": updated, "traffic": traffic}
    document = {"vnstatversion": "1.18", "jsonversion": "1", "interfaces": [held]}
    path.write_text(json.dumps(document), encoding="utf-8")


def _noon(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())


def _kib_fields(day: Day | None) -> str:
    if day is None:
        return "0;0;0;0;0;0"
    received, sent = day.received // KIB, day.sent // KIB
    return f"{_noon(day.at)};{received // 1024};{sent // 1024};{received % 1024};{sent % 1024};1"


def _kib(received: int, sent: int) -> Mapping[str, int]:
    return {"rx": received // KIB, "tx": sent // KIB}


def _date(day: date) -> Mapping[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}


def bandwidth_monitor(path: Path, days: Sequence[Day]) -> None:
    """monthly_traffic.json of the month of the days."""
    ((month, (received, sent)),) = by_month(days).items()
    document = {"month": month, "total_bytes_sent": sent, "total_bytes_recv": received}
    path.write_text(json.dumps(document, indent=4), encoding="utf-8")


def nlbwmon_json(path: Path, days: Sequence[Day]) -> None:
    """What `nlbw -c json` prints: the days' bytes, spread over three rows of clients and protocols."""
    columns = ["family", "proto", "port", "mac", "ip", "conns", "rx_bytes", "rx_pkts", "tx_bytes", "tx_pkts", "layer7"]
    data = [
        [family, "TCP", 443, "02:00:00:00:00:01", "192.168.1.2", 3, received, 5, sent, 4, "HTTPS"]
        for family, received, sent in _shares(days)
    ]
    path.write_text(json.dumps({"columns": columns, "data": data}), encoding="utf-8")


def nlbwmon_csv(path: Path, days: Sequence[Day]) -> None:
    """What `nlbw -c csv -g fam` prints: tabs, and names in quotes."""
    names = "\t".join(f'"{name}"' for name in ("family", "conns", "rx_bytes", "rx_pkts", "tx_bytes", "tx_pkts"))
    lines = [f"{family}\t3\t{received}\t5\t{sent}\t4" for family, received, sent in _shares(days)]
    path.write_text("\n".join([names, *lines, ""]), encoding="utf-8")


def _shares(days: Sequence[Day]) -> list[tuple[int, int, int]]:
    received, sent = sum(day.received for day in days), sum(day.sent for day in days)
    return [(4, received - 1000, 7), (6, 999, sent - 7), (4, 1, 0)]


def dd_wrt(path: Path, days: Sequence[Day]) -> None:
    """traffdata.bak, as the page of DD-WRT saves it: whole MiB of each day of each month, and of the month."""
    moved = {day.at: f"{day.received // MIB}:{day.sent // MIB}" for day in days}
    lines = ["TRAFF-DATA"]
    for name, (received, sent) in by_month(days).items():
        at, pairs = date.fromisoformat(f"{name}-01"), []
        while f"{at:%Y-%m}" == name:
            pairs.append(moved.get(at, "0:0"))
            at += timedelta(days=1)
        lines.append(f"traff-{name[5:]}-{name[:4]}={' '.join(pairs)} [{received // MIB}:{sent // MIB}]")
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def tomato(path: Path, days: Sequence[Day]) -> None:
    """What the page of Tomato saves: 62 days and 25 months of rstats, in gzip."""
    path.write_bytes(gzip.compress(rstats(days)))


def rstats(days: Sequence[Day], months: int = 25) -> bytes:
    """The struct that rstats keeps; with 12 months, the older one."""
    every = [
        ((int(name[:4]) - 1900) << 16 | (int(name[5:]) - 1) << 8, *moved) for name, moved in by_month(days).items()
    ]
    newest = [((day.at.year - 1900) << 16 | (day.at.month - 1) << 8 | day.at.day, *day[1:]) for day in days]
    tables = [
        b"".join(struct.pack("<I4xQQ", *entry) for entry in entries[-count:]).ljust(24 * count, b"\0")
        for entries, count in ((newest, 62), (every, months))
    ]
    return b"".join([b"RS01" if months == 25 else b"RS00", bytes(4), tables[0], bytes(8), tables[1], bytes(8)])
