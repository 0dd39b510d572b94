"""A live frame: what the page shows of one moment, in numbers for its charts and in the words that it prints."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

import msgspec
from msgspec.structs import asdict

from exporter.metering.clock import SECOND
from exporter.web.context import NO_INTERFACE
from exporter.web.page.sections import interfaces
from reports.billing.forecast import why_unknown
from reports.text.amounts import human_bits, human_bytes, human_rate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from exporter.metering.snapshots import Snapshot
    from exporter.metering.totals import Totals
    from exporter.web.context import ServiceContext
    from reports.billing.status import PlanStatus

Cells: TypeAlias = tuple[str, ...]

LIVE, LATE, GAP, DEGRADED = "live", "late", "gap", "degraded"


class MeterSection(Protocol):
    """A module with the rows of one meter; its template has the name of the section."""

    def cells(self, now: Moment, /) -> Mapping[str, Cells]:
        """The texts that move of each row, by the row's name."""

    def rows(self, now: Moment, moving: Mapping[str, Cells], /) -> Iterable[Any]:
        """The rows, as the template takes them."""


METER_SECTIONS: Mapping[str, MeterSection] = {"interfaces": interfaces}
"""One for each meter, by its field in a frame, in the order of the page."""


class LiveFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One moment. `at` is the sample's UTC seconds, speeds are bytes per second.

    `texts` are by the name of the element that prints them, `meters` by the name of a section and of a row.
    `layout` changes when interfaces come or go, `day` at local midnight: a page then fetches its sections anew.
    """

    at: int
    receive: int
    transmit: int
    texts: dict[str, str]
    state: str
    says: str
    problems: list[str]
    layout: int
    day: str
    meters: Mapping[str, Mapping[str, Cells]]

    def encode(self) -> bytes:
        """JSON, with a field for each meter."""
        fields = asdict(self)
        return msgspec.json.encode({**fields, **fields.pop("meters")})


class Moment(NamedTuple):
    """All that a frame is made of; `age` is the sample's in seconds."""

    snapshot: Snapshot
    totals: Totals
    plans: Sequence[PlanStatus]
    problems: list[str]
    age: float
    is_degraded: bool

    @property
    def today(self) -> date:
        """The local day of the sample."""
        return self.totals.today(self.snapshot.taken.wall // SECOND)


def moment(context: ServiceContext) -> Moment:
    """What the service knows now, after a sample that is at most a second old."""
    snapshot = context.fresh_snapshot()
    is_degraded = bool(context.poster.health.problem or context.upkeep.notices)
    return Moment(
        snapshot, context.totals, context.live_plans(), context.problems(), context.seconds_since_look, is_degraded
    )


def live_frame(now: Moment) -> LiveFrame:
    """Write a moment down."""
    snapshot, today = now.snapshot, now.today
    rates = snapshot.machine_rates
    state, says = _state(now)
    at = snapshot.taken.wall // SECOND
    return LiveFrame(
        at=at,
        receive=rates.receive,
        transmit=rates.transmit,
        texts={
            "receive": human_bits(rates.receive),
            "transmit": human_bits(rates.transmit),
            "receive-rate": human_rate(rates.receive),
            "transmit-rate": human_rate(rates.transmit),
            "clock": datetime.fromtimestamp(at, now.totals.zone).strftime("%H:%M:%S"),
            **dict(_moved(now, "day", "today", today)),
            **dict(_moved(now, "month", "month", today)),
            **{f"plan-{number}-{what}": text for number, plan in enumerate(now.plans) for what, text in _plan(plan)},
        },
        state=state,
        says=says,
        problems=now.problems,
        layout=snapshot.layout,
        day=today.isoformat(),
        meters={name: section.cells(now) for name, section in METER_SECTIONS.items()},
    )


def _moved(now: Moment, period: str, name: str, today: date) -> Iterator[tuple[str, str]]:
    """What the counted interfaces moved in the period that `today` is in."""
    counted = [state.name for state in now.snapshot.interfaces if state.is_counted]
    moved = [now.totals.device(device).to_date(period, today) for device in counted]
    received, sent = sum(amount.receive for amount in moved), sum(amount.transmit for amount in moved)
    yield name, human_bytes(received + sent)
    yield f"{name}-received", human_bytes(received)
    yield f"{name}-sent", human_bytes(sent)


def _plan(status: PlanStatus) -> Iterator[tuple[str, str]]:
    yield "used", human_bytes(status.used)
    ahead, left = status.forecast, status.left
    if ahead is None:
        yield "forecast", why_unknown(status.counted_seconds)
        yield "range", ""
    else:
        yield "forecast", human_bytes(ahead.expected)
        yield "range", f" ({human_bytes(ahead.low)} to {human_bytes(ahead.high)})"
    if left is not None:
        yield "left", f"{human_bytes(abs(left))} {'left' if left >= 0 else 'over the cap'}"


def _state(now: Moment) -> tuple[str, str]:
    """The one thing that has to be said first."""
    if now.snapshot.is_gap_open:
        return GAP, f"Gap open: nobody has looked for {now.age:.0f} s"
    if not now.snapshot.health.is_up:
        return LATE, "Late: the interfaces cannot be read"
    if now.is_degraded:
        return DEGRADED, "Counting, but the ledger needs attention"
    if now.problems == [NO_INTERFACE]:
        return DEGRADED, "No interface counts"
    if now.problems:
        return LATE, f"Late: no sample for {now.age:.0f} s"
    return LIVE, "Live"
