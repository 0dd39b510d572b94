"""Uptime: the share of a monitor's checks that were good, of the last 24 hours and of 30 local days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import DAY_SECONDS, SLOT_SECONDS, day_of
from reports.ledger.amounts import Rows, by_key, local_days
from reports.ledger.selection import Selection
from reports.ledger.shape import REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reports.ledger.reader import LedgerReader

DAYS = 30
"""Local days, today included."""


class CheckedRoute(NamedTuple):
    """What a monitor asks, and which status codes are good."""

    service: str
    method: str
    route: str
    is_good: Callable[[int], bool]


class Checks(NamedTuple):
    """Checks of a stretch of time, and the good ones among them."""

    all: int = 0
    good: int = 0

    @property
    def share(self) -> float | None:
        """The good ones' part, 0 to 1; None without a check."""
        return self.good / self.all if self.all else None


class Uptime(NamedTuple):
    """The checks of the last 24 hours, by quarter hours, and of the last 30 local days."""

    day: Checks = Checks()
    month: Checks = Checks()


def uptimes(ledger: LedgerReader, routes: Sequence[CheckedRoute], now: float) -> Mapping[str, Uptime]:
    """The uptime of each, by service."""
    if not routes:
        return {}
    selection = Selection(REQUEST, "monitors", where={"service": tuple(each.service for each in routes)})
    begin = int(now - DAY_SECONDS) // SLOT_SECONDS * SLOT_SECONDS + SLOT_SECONDS
    today = day_of(now, ledger.zone)
    day = _checks(ledger, Rows(selection, "slot", begin, int(now) + DAY_SECONDS), routes)
    month = _checks(ledger, local_days(selection, today - timedelta(days=DAYS - 1), today), routes)
    return {each.service: Uptime(day[each.service], month[each.service]) for each in routes}


def _checks(ledger: LedgerReader, rows: Rows, routes: Sequence[CheckedRoute]) -> Mapping[str, Checks]:
    found = dict.fromkeys((each.service for each in routes), Checks())
    wanted = {each[:3]: each for each in routes}
    for (service, method, route, code), (requests,) in by_key(ledger, rows, ("requests",)).items():
        checked = wanted.get((service, method, route))
        if checked is not None and code.isdecimal():
            held = found[service]
            found[service] = Checks(held.all + requests, held.good + requests * checked.is_good(int(code)))
    return found
