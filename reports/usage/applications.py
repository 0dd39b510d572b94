"""Usage by application: the bytes of each by scope and protocol, and what no application was credited with."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import day_of
from reports.errors import QuestionError
from reports.ledger.amounts import by_key, local_days, total
from reports.ledger.imported import imported_application, imported_application_days, imported_by_application
from reports.ledger.intervals import first_day
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.rows import BYTES, add_up
from reports.ledger.selection import MACHINE, Selection
from reports.ledger.shape import APPLICATION, IMPORTED, LOOPBACK
from reports.usage.scopes import of_scopes
from reports.usage.usage import PeriodUsage, usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reports.calendar.period import Period
    from reports.ledger.amounts import Amounts, Rows
    from reports.ledger.imported import Imported, ImportedPart
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Key

ALL = Selection(APPLICATION, "all applications")
TUNNEL = ("tunnel_receive_bytes", "tunnel_transmit_bytes")
MOST_NEAR = 5
NEAR_LETTERS = 3


class SortError(QuestionError):
    """Applications cannot be sorted so."""


class UnknownApplicationError(QuestionError):
    """The ledger holds no application of this name; the text has names that are near."""


class ApplicationUsage(NamedTuple):
    """One application: its bytes, and their parts by scope and protocol, the largest first.

    The bytes are those of the requested scopes; without any, of all but loopback, which `scopes` alone has.
    `imported_from` has the names of the sources of imported ones.
    """

    name: str
    bytes: Bytes
    scopes: Mapping[str, Bytes]
    protocols: Mapping[str, Bytes]
    imported_from: tuple[str, ...] = ()

    @property
    def imported_bytes(self) -> int:
        """Those of its bytes that another program has counted."""
        return self.scopes.get(IMPORTED, NO_BYTES).total

    @property
    def is_special(self) -> bool:
        """True of "(unknown)" and others that stand for no application alone."""
        return self.name.startswith("(") and self.name.endswith(")")


class Account(NamedTuple):
    """Where the bytes of the counted interfaces went: attributed and unattributed ones are their sum.

    `attributed` are those of all applications, without loopback and without what went through a tunnel, which the
    tunnel's own packets carry again. `unattributed` may be negative: bytes between namespaces of this machine are
    attributed, and pass no counted interface.
    """

    interfaces: Bytes
    attributed: Bytes

    @property
    def unattributed(self) -> Bytes:
        """What no application was credited with; those before the meter began are among them."""
        return Bytes(self.interfaces.received - self.attributed.received, self.interfaces.sent - self.attributed.sent)


class Applications(NamedTuple):
    """Applications of a period in an order, from `offset` on; `row_count` and the sums are of all, before the limit.

    `total` and `scopes` are of the requested scopes; `tunnel` has those of their bytes that a tunnel's own packets
    carry again: the applications' bytes are `total` and `tunnel` together. `account` is of all scopes, and of what was
    measured alone. `began` is when the meter began (UTC seconds); None before it has.
    """

    period: Period
    applications: Sequence[ApplicationUsage]
    row_count: int
    total: Bytes
    tunnel: Bytes
    scopes: Mapping[str, Bytes]
    account: Account
    began: int | None

    @property
    def whole(self) -> Bytes:
        """The bytes of all applications, of which each has a share."""
        return self.total.plus(self.tunnel)

    @property
    def imported(self) -> Bytes:
        """Those of its bytes that other programs have counted."""
        return self.scopes.get(IMPORTED, NO_BYTES)


class ApplicationDays(NamedTuple):
    """One application by day, and in the whole period."""

    application: ApplicationUsage
    usage: PeriodUsage


SORTS: Mapping[str, Callable[[ApplicationUsage], object]] = {
    "total": lambda row: (-row.bytes.total, row.name),
    "received": lambda row: (-row.bytes.received, row.name),
    "sent": lambda row: (-row.bytes.sent, row.name),
    "name": lambda row: (row.is_special, row.name.casefold(), row.name),
}


def applications(
    ledger: LedgerReader,
    period: Period,
    now: float,
    *,
    scopes: Sequence[str] = (),
    sort: str = "total",
    limit: int | None = None,
    offset: int = 0,
) -> Applications:
    """The applications of a period's local days until today; raises SortError."""
    if sort not in SORTS:
        raise SortError(f"sort: {sort!r} is refused; use {', '.join(SORTS)}")
    measured, brought = _amounts(ledger, ALL, period, now), _imported(ledger, period)
    found = {**measured, **_amounts_of(brought)}
    rows = sorted(_by_application(found, brought, scopes), key=SORTS[sort])  # type: ignore[arg-type]  # tuples of one kind
    by_scope = by_value((scope, _net(amounts)) for (_, scope, _), amounts in found.items())
    moved = Bytes(*total(ledger, _days(ledger, MACHINE, period, now), BYTES))
    end = None if limit is None else offset + limit
    return Applications(
        period=period,
        applications=rows[offset:end],
        row_count=len(rows),
        total=add_up(net for scope, net in by_scope.items() if _is_counted(scope, scopes)),
        tunnel=add_up(Bytes(*amounts[len(BYTES) :]) for key, amounts in found.items() if _is_counted(key[1], scopes)),
        scopes={scope: net for scope, net in by_scope.items() if not scopes or scope in scopes},
        account=Account(moved, add_up(_net(amounts) for key, amounts in measured.items() if key[1] != LOOPBACK)),
        began=ledger.first_seen(ALL),
    )


def application(
    ledger: LedgerReader, name: str, period: Period, now: float, scopes: Sequence[str] = ()
) -> ApplicationDays:
    """One application by local day until today; raises UnknownApplicationError."""
    known = ledger.values(APPLICATION, "application")
    if name not in known:
        raise UnknownApplicationError(f"application: the ledger knows no {name!r}{_hint(name, known)}")
    selection = of_scopes(ledger, scopes)
    selection = selection._replace(label=name, where={**selection.where, "application": (name,)})
    found = _amounts(ledger, ALL._replace(where={"application": (name,)}), period, now)
    brought = {other: part for other, part in _imported(ledger, period).items() if other == name}
    rows = _by_application({**found, **_amounts_of(brought)}, brought, scopes)
    days = usage(ledger, period, now, selection)
    if _is_counted(IMPORTED, scopes):
        days = _with_imported(days, imported_application(ledger, period.first, period.last, name))
    return ApplicationDays(rows[0] if rows else ApplicationUsage(name, NO_BYTES, {}, {}), days)


def first_application_day(ledger: LedgerReader) -> date | None:
    """The first day of the machine, or an earlier one of imported applications; None without both."""
    days = [first_day(ledger), *(imported_application_days(ledger, date.min, date.max) or ())]
    return min((day for day in days if day is not None), default=None)


def has_applications(ledger: LedgerReader) -> bool:
    """True if any application was ever measured."""
    return bool(ledger.values(APPLICATION, "application"))


def _amounts(ledger: LedgerReader, selection: Selection, period: Period, now: float) -> dict[Key, Amounts]:
    return by_key(ledger, _days(ledger, selection, period, now), (*BYTES, *TUNNEL))


def _imported(ledger: LedgerReader, period: Period) -> dict[str, ImportedPart]:
    return imported_by_application(ledger, period.first, period.last)


def _amounts_of(brought: Mapping[str, ImportedPart]) -> dict[Key, Amounts]:
    """What was imported, as amounts of a scope and a protocol of its own."""
    return {(name, IMPORTED, IMPORTED): (*part.bytes, 0, 0) for name, part in brought.items()}


def _with_imported(found: PeriodUsage, brought: Imported) -> PeriodUsage:
    days = [
        day._replace(bytes=(day.bytes or NO_BYTES).plus(part.bytes), imported=part.bytes) if part else day
        for day, part in ((day, brought.days.get(day.day)) for day in found.days)
    ]
    return found._replace(days=days, total=found.total.plus(brought.total), spans=brought.spans, imported=brought.total)


def _days(ledger: LedgerReader, selection: Selection, period: Period, now: float) -> Rows:
    return local_days(selection, period.first, min(period.last, day_of(int(now), ledger.zone)))


def _by_application(
    found: Mapping[Key, Amounts], brought: Mapping[str, ImportedPart], scopes: Sequence[str]
) -> list[ApplicationUsage]:
    parts: dict[str, list[tuple[str, str, Bytes]]] = {}
    for (name, scope, protocol), amounts in found.items():
        if not scopes or scope in scopes:
            parts.setdefault(name, []).append((scope, protocol, Bytes(*amounts[: len(BYTES)])))
    every = [_usage_of(name, rows, scopes) for name, rows in parts.items()]
    return [row._replace(imported_from=brought[row.name].sources) if row.imported_bytes else row for row in every]


def _usage_of(name: str, rows: Sequence[tuple[str, str, Bytes]], scopes: Sequence[str]) -> ApplicationUsage:
    counted = [row for row in rows if _is_counted(row[0], scopes)]
    return ApplicationUsage(
        name,
        add_up(used for _, _, used in counted),
        by_value((scope, used) for scope, _, used in rows),
        by_value((protocol, used) for _, protocol, used in counted),
    )


def _is_counted(scope: str, scopes: Sequence[str]) -> bool:
    """True if a scope is in the sums of a request: one of its scopes, or any but loopback."""
    return scope in scopes if scopes else scope != LOOPBACK


def by_value(parts: Iterable[tuple[str, Bytes]]) -> dict[str, Bytes]:
    """Bytes by scope or by protocol, the largest first."""
    sums: dict[str, Bytes] = {}
    for value, used in parts:
        sums[value] = sums[value].plus(used) if value in sums else used
    return dict(sorted(sums.items(), key=lambda item: (-item[1].total, item[0])))


def _net(amounts: Amounts) -> Bytes:
    """Bytes without those that a tunnel's own packets carry again."""
    received, sent, estimated, peak_speed, tunnel_received, tunnel_sent = amounts
    return Bytes(received - tunnel_received, sent - tunnel_sent, estimated, peak_speed)


def _hint(name: str, known: Iterable[str]) -> str:
    """Names that hold the text or begin like it."""
    wanted = name.casefold()

    def is_near(other: str) -> bool:
        return wanted in other.casefold() or other.casefold().startswith(wanted[:NEAR_LETTERS])

    found = sorted(filter(is_near, known))[:MOST_NEAR]
    return f"; near are {', '.join(found)}" if found else ""
