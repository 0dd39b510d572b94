"""A live frame: numbers for the charts of the page and the texts that it prints, of one snapshot."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import asdict

from exporter.metering.clock import SECOND
from exporter.meters.interfaces.machine_totals import counted_subjects
from exporter.meters.interfaces.state import interfaces_of
from exporter.web.page.sections import applications, interfaces, requests
from reports.billing.forecast import why_unknown
from reports.ledger.shape import INTERFACE
from reports.text.amounts import human_bits, human_bytes, human_rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from exporter.metering.snapshots import Snapshot
    from exporter.metering.totals import Totals
    from exporter.web.context import ServiceContext
    from exporter.web.page.meter_section import Cells, MeterSection
    from reports.billing.status import PlanStatus

LIVE, LATE, GAP, DEGRADED = "live", "late", "gap", "degraded"


METER_SECTIONS: Mapping[str, MeterSection] = {
    "applications": applications,
    "requests": requests,
    "interfaces": interfaces,
}
"""One for each meter, by its field in a frame, in the order of the page."""


class LiveFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot. `at` is the sample's UTC seconds, speeds are bytes per second.

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


def live_frame(service: ServiceContext, snapshot: Snapshot) -> LiveFrame:
    """The frame of a snapshot."""
    totals, rates, at = service.totals, interfaces_of(snapshot).machine_rates, snapshot.taken.wall // SECOND
    today, problems = totals.today(at), service.problems()
    state, says = _state(service, snapshot)
    return LiveFrame(
        at=at,
        receive=rates.receive,
        transmit=rates.transmit,
        texts={
            "receive": human_bits(rates.receive),
            "transmit": human_bits(rates.transmit),
            "receive-rate": human_rate(rates.receive),
            "transmit-rate": human_rate(rates.transmit),
            "clock": datetime.fromtimestamp(at, totals.zone).strftime("%H:%M:%S"),
            **dict(_machine("today", snapshot, totals, "day", today)),
            **dict(_machine("month", snapshot, totals, "month", today)),
            **{
                f"plan-{number}-{what}": text
                for number, plan in enumerate(service.live_plans())
                for what, text in _plan(plan)
            },
        },
        state=state,
        says=says,
        problems=problems,
        layout=interfaces_of(snapshot).layout,
        day=today.isoformat(),
        meters={name: section.cells(snapshot, totals, today) for name, section in METER_SECTIONS.items()},
    )


def _machine(name: str, snapshot: Snapshot, totals: Totals, period: str, today: date) -> Iterator[tuple[str, str]]:
    """Bytes of the counted interfaces in the period that `today` is in."""
    moved = [totals.of(subject).to_date(period, today) for subject in counted_subjects(snapshot)]
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


def _state(service: ServiceContext, snapshot: Snapshot) -> tuple[str, str]:
    """The state of the page, and why, by what matters most.

    The interfaces decide whether the numbers are late: without another meter, its own section stands still.
    """
    age, is_gap_open = service.seconds_since_sample, snapshot.meters[INTERFACE.name].is_gap_open
    failing = [name for name, meter in snapshot.meters.items() if not meter.health.is_up]
    states = (
        (is_gap_open, GAP, f"Gap open: no sample for {age:.0f} s"),
        (INTERFACE.name in failing, LATE, "Late: the interfaces cannot be read"),
        (service.is_degraded, DEGRADED, "Counting, but the ledger needs attention"),
        (service.is_late, LATE, f"Late: no sample for {age:.0f} s"),
        (not any(state.is_counted for state in interfaces_of(snapshot).interfaces), DEGRADED, "No interface counts"),
        (failing, DEGRADED, f"Counting, but the {''.join(failing[:1])} meter fails"),
    )
    return next(((state, says) for is_so, state, says in states if is_so), (LIVE, "Live"))
