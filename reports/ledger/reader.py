"""The one reader of the ledger: its rows become typed values, unposted rows included."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from reports.calendar.days import day_from_number, day_number, months
from reports.ledger.amounts import Rows, by_dimension, by_time, every_day, local_days, total
from reports.ledger.imported import imported_by_interface
from reports.ledger.interface_names import UnknownInterfaceError, devices_of
from reports.ledger.past import PastSpan, has_past, past_spans
from reports.ledger.past_requests import show_past_requests
from reports.ledger.remembered_days import RememberedDays
from reports.ledger.rows import (
    ALL_POSTED,
    BYTES,
    NO_BYTES,
    Bytes,
    Epoch,
    Gap,
    Incident,
    Interface,
    RowCounts,
    Unposted,
    UnpostedRow,
    add_up,
)
from reports.ledger.selection import MACHINE, Selection, of_interfaces
from reports.ledger.shape import APPLICATION, INTERFACE, SPECS, MeterSpec, key_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = [
    "ALL_POSTED",
    "NO_BYTES",
    "Bytes",
    "Epoch",
    "Gap",
    "Incident",
    "Interface",
    "LedgerReader",
    "RowCounts",
    "UnknownInterfaceError",
    "Unposted",
    "UnpostedRow",
]


class LedgerReader:
    """Reads one ledger over a read-only connection; answers within `at_one_moment` agree with each other."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        fetch_unposted: Callable[[], Unposted] = lambda: ALL_POSTED,
        remembered: RememberedDays | None = None,
        aliases: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`fetch_unposted` is called before the ledger is read: a row that is posted in between is in the ledger.

        `remembered` is what was read of the same connection before; `aliases` are names of interfaces by their devices.
        """
        self.remembered = RememberedDays() if remembered is None else remembered
        self._connection, self.aliases = connection, aliases
        self._fetch_unposted = fetch_unposted
        self._unposted = ALL_POSTED
        self._zone: ZoneInfo | None = None
        self._has_past: bool | None = None
        self.has_past_requests = False
        """True if requests were imported."""

    @contextmanager
    def at_one_moment(self) -> Iterator[LedgerReader]:
        """One read transaction: the ledger and the unposted rows, each byte once."""
        unposted = self._fetch_unposted()
        self._connection.execute("BEGIN")
        try:
            held = self._connection.execute("SELECT ifnull(max(posting), 0) FROM meter").fetchone()[0]
            self.remembered.begin(held)
            self._unposted = Unposted(
                [row for row in unposted.slots if row.posting > held],
                [row for row in unposted.minutes if row.posting > held],
            )
            self._has_past, self.has_past_requests = None, show_past_requests(self._connection)
            yield self
        finally:
            self._unposted = ALL_POSTED
            self._connection.execute("COMMIT")

    @property
    def zone(self) -> ZoneInfo:
        """The zone that the ledger's days are cut in."""
        if self._zone is None:
            row = self._connection.execute("SELECT value FROM state WHERE name = 'timezone'").fetchone()
            self._zone = ZoneInfo(row[0] if row else "UTC")
        return self._zone

    @property
    def has_past(self) -> bool:
        """True if history of interfaces or applications was imported."""
        if self._has_past is None:
            self._has_past = has_past(self)
        return self._has_past

    def spans(self, first: date, last: date, selection: Selection = MACHINE) -> list[PastSpan]:
        """Imported spans of several days that lie within local days; `days` has imported single days."""
        return past_spans(self, first, last, selection)

    def resolve(self, interfaces: Sequence[str]) -> Selection:
        """The selection of these interfaces, aliases and patterns; the machine's without any.

        Raises UnknownInterfaceError.
        """
        if not interfaces:
            return MACHINE
        return of_interfaces(devices_of(interfaces, self.devices(), self.aliases))

    def lifetime(self, selection: Selection = MACHINE) -> Bytes:
        """All bytes ever counted, and imported."""
        counted = Bytes(*total(self, every_day(selection), selection.byte_columns))
        return add_up([counted, *(span.bytes for span in self.spans(date.min, date.max, selection))])

    def days(self, first: date, last: date, selection: Selection = MACHINE) -> dict[date, Bytes]:
        """Bytes by local day; days without traffic are left out."""
        found = by_time(self, local_days(selection, first, last), selection.byte_columns)
        return {day_from_number(day): Bytes(*amounts) for day, amounts in found.items()}

    def days_by_interface(self, first: date, last: date) -> dict[str, Bytes]:
        """Bytes of each interface over local days, counted or not."""
        every = self.every_interface()
        found = by_dimension(self, local_days(every, first, last), BYTES, every.meter.dimensions)
        used = {device: Bytes(*amounts) for (device,), amounts in found.items()}
        for span in self.spans(first, last, every):
            used[span.interface] = used.get(span.interface, NO_BYTES).plus(span.bytes)
        return used

    def minutes(self, start: int, end: int, selection: Selection = MACHINE) -> Bytes:
        """Bytes of the minutes that begin in [start, end) (UTC seconds)."""
        return Bytes(*total(self, Rows(selection, "minute", start, end), selection.byte_columns))

    def slots(self, start: int, end: int, selection: Selection = MACHINE) -> Bytes:
        """Bytes of the slots that begin in [start, end) (UTC seconds)."""
        return Bytes(*total(self, Rows(selection, "slot", start, end), selection.byte_columns))

    def devices(self) -> dict[str, bool]:
        """Names of all interfaces of the ledger, and whether each counts."""
        found = {row.key[0]: row.is_counted for row in self._unposted_of(INTERFACE)}
        query = "SELECT device, counted FROM interface_subject"
        return found | {name: bool(counted) for name, counted in self._connection.execute(query)}

    def every_interface(self) -> Selection:
        """The selection of all interfaces of the ledger, whether they count or not."""
        return of_interfaces(self.devices())

    def interfaces(self) -> list[Interface]:
        """Every interface of the ledger, counted ones first, with its lifetime."""
        query = """
            SELECT k.device, k.counted, k.uplink, s.first_seen, s.last_seen
            FROM interface_subject AS k JOIN subject AS s ON s.id = k.subject ORDER BY k.counted DESC, k.device
        """
        facts = {device: found for device, *found in self._connection.execute(query)}
        for row in self._unposted_of(INTERFACE):
            facts.setdefault(row.key[0], [row.is_counted, False, row.started, row.started])
        used, brought = self.days_by_interface(date.min, date.max), imported_by_interface(self)
        return [
            Interface(
                device=device,
                is_counted=bool(counted),
                is_uplink=bool(uplink),
                first_seen=first_seen,
                last_seen=last_seen,
                bytes=used.get(device, NO_BYTES),
                imported=brought.get(device, NO_BYTES),
            )
            for device, (counted, uplink, first_seen, last_seen) in facts.items()
        ]

    def first_seen(self, selection: Selection = MACHINE) -> int | None:
        """The begin of counting (UTC seconds), for a total of any subject of the meter; None without one."""
        # Not the view of interfaces: it adds every day up, which takes 10 ms after ten years.
        among = "" if selection.keys is None else "AND key IN (SELECT value FROM json_each(:keys))"
        if selection.meter is APPLICATION and self.has_past:
            among += " AND id NOT IN (SELECT subject FROM imported)"
        query = f"SELECT min(first_seen) FROM subject WHERE meter = :meter {among}"
        keys = json.dumps([key_text(key) for key in selection.keys or ()])
        posted: int | None = self.execute(query, {"meter": selection.meter.name, "keys": keys}).fetchone()[0]
        if posted is not None:
            return posted
        rows = self._unposted_of(selection.meter)
        return min((row.started for row in rows if selection.keys is None or selection.has(row)), default=None)

    def values(self, meter: MeterSpec, dimension: str) -> set[str]:
        """The values of a dimension of a meter's subjects."""
        query = f"SELECT DISTINCT {dimension} FROM {meter.subjects}"
        place = meter.dimensions.index(dimension)
        return {value for (value,) in self.posted(meter, query, {})} | {
            row.key[place] for row in self._unposted_of(meter)
        }

    def gaps(self, start: int, end: int, meter: MeterSpec = INTERFACE) -> list[Gap]:
        """Gaps of a meter that overlap [start, end) (UTC seconds), oldest first."""
        query = "SELECT began, ended, cause, bytes FROM gap WHERE ended > ? AND began < ? AND meter = ? ORDER BY began"
        return [Gap(*row) for row in self._connection.execute(query, (start, end, meter.name))]

    def incidents(self, *, only_unseen: bool = False) -> list[Incident]:
        """The newest incidents, newest first; `only_unseen`: notices that the user has not put away."""
        query = "SELECT at, subject, what, bytes, detail FROM incident WHERE seen <= ? ORDER BY id DESC LIMIT 1000"
        return [Incident(*row) for row in self._connection.execute(query, (0 if only_unseen else 1,))]

    def epochs(self) -> list[Epoch]:
        """The checkpoint of every interface and where its epoch began."""
        query = """
            SELECT device, counted, epoch, began_at, read_at, receive_bytes, transmit_bytes, base_receive_bytes,
                   base_transmit_bytes, ledger_receive_bytes, ledger_transmit_bytes, discarded_receive_bytes,
                   discarded_transmit_bytes
            FROM interface_checkpoint JOIN interface_subject USING (subject) ORDER BY counted DESC, device
        """
        return [
            Epoch(device, bool(counted), epoch, began_at, read_at, *zip(sides[0::2], sides[1::2], strict=True))
            for device, counted, epoch, began_at, read_at, *sides in self._connection.execute(query)
        ]

    def row_counts(self) -> RowCounts:
        """The numbers of rows of the ledger, of all meters; months are those of interfaces."""
        ask = self._connection.execute
        meters = list(filter(self.has_tables, SPECS))
        minutes, slots, days = (
            sum(
                ask(f"SELECT count(*) FROM {spec.table(grain)}").fetchone()[0]
                for spec in meters
                if grain in spec.grains
            )
            for grain in ("minute", "slot", "day")
        )
        tables = [spec.table("minute") for spec in meters if spec.minute_sums]
        oldest, newest = (
            [ask(f"SELECT {end}(minute) FROM {table}").fetchone()[0] for table in tables] for end in ("min", "max")
        )
        return RowCounts(
            minutes,
            slots,
            days,
            self.month_count(),
            min((at for at in oldest if at is not None), default=None),
            max((at for at in newest if at is not None), default=None),
        )

    def month_count(self) -> int:
        """The number of calendar months with days: one search a month takes a tenth of reading every day."""
        ask = self._connection.execute
        first, last = (ask(f"SELECT {end}(day) FROM interface_day").fetchone()[0] for end in ("min", "max"))
        if first is None:
            return 0
        numbers = [
            day_number(date(year, month, 1)) for year, month in months(day_from_number(first), day_from_number(last))
        ]
        query = "SELECT EXISTS (SELECT 1 FROM interface_day WHERE day >= ? AND day < ?)"
        return sum(ask(query, bounds).fetchone()[0] for bounds in pairwise([*numbers, last + 1]))

    def execute(self, query: str, bounds: Mapping[str, int | str]) -> sqlite3.Cursor:
        """Posted rows, for the queries of this package alone: they add the unposted rows."""
        return self._connection.execute(query, bounds)

    def add_function(self, name: str, arguments: int, function: Callable[..., Any]) -> None:
        """Have the queries that follow know a function of so many arguments."""
        self._connection.create_function(name, arguments, function, deterministic=True)

    def posted(self, meter: MeterSpec, query: str, bounds: Mapping[str, int | str]) -> Iterable[Any]:
        """Posted rows of a meter, of which a ledger that an older netledger wrote last may have no tables."""
        return self.execute(query, bounds) if meter is INTERFACE or self.has_tables(meter) else ()

    def has_tables(self, meter: MeterSpec) -> bool:
        """True if the ledger has the tables of a meter."""
        return self.has_table(meter.subjects)

    def has_table(self, name: str) -> bool:
        """True if the ledger has a table, as one that an older netledger wrote last may not."""
        query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        return self._connection.execute(query, (name,)).fetchone() is not None

    @property
    def unposted(self) -> Unposted:
        """Usage of all meters that is not posted yet."""
        return self._unposted

    def state(self) -> Mapping[str, str]:
        """Facts of the ledger itself: its zone, its id, when it was made."""
        return dict(self._connection.execute("SELECT name, value FROM state"))

    def _unposted_of(self, meter: MeterSpec) -> Iterator[UnpostedRow]:
        return (row for row in self._unposted.slots if row.meter == meter.name)
