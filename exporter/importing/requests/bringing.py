"""Brings the requests of a file into a ledger: read once to the end before anything is changed, then part by part."""

from __future__ import annotations

import hashlib
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from exporter.meters.requests.past import PastOpening, PastPart
from exporter.meters.requests.tally import SLOT_MICROSECONDS, is_error
from reports.calendar.days import SLOT_SECONDS, day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from exporter.importing.requests.files import RequestFile
    from exporter.meters.requests.events import Event
    from exporter.meters.requests.past import PastOpened

ENDLESS = 2**62
MOST_SLOTS = 4096


class PastTarget(Protocol):
    """Where requests go: a running service, or the file of none."""

    @property
    def part_events(self) -> int:
        """Events of a part at most."""

    def open(self, opening: PastOpening, *, is_dry: bool) -> PastOpened:
        """Begin; raises PastRequestsError."""

    def add(self, part: PastPart) -> None:
        """Add a part."""

    def finish(self, number: int) -> None:
        """Let answers have it."""


class MonthSums(NamedTuple):
    """Requests and errors of a service and month."""

    requests: int
    errors: int


class BroughtRequests(NamedTuple):
    """What an import brings, by month (as "2026-05") and service; `own` requests netledger has counted itself."""

    is_same: bool
    months: Mapping[tuple[str, str], MonthSums]
    own: int


def bring(
    file: RequestFile,
    source: str,
    target: PastTarget,
    zone: ZoneInfo,
    advance: Callable[[float], None],
    *,
    is_dry: bool,
) -> BroughtRequests:
    """Import a file as this source; `advance` takes the part that is done, of 1.

    Raises ForeignFileError, with nothing changed, and PastRequestsError; a dry run changes nothing.
    """
    digest, services = hashlib.sha256(), set()
    encode, half = msgspec.msgpack.Encoder().encode, 2 * max(file.size, 1)
    with closing(file.events(lambda done: advance(done / half))) as events:
        for event in events:
            digest.update(encode(event))
            services.add(event.service)
    opening = PastOpening(source, file.kind, file.identity, digest.hexdigest(), sorted(services))
    opened = target.open(opening, is_dry=is_dry)
    months, month_of = dict[tuple[str, str], list[int]](), _Months(zone)
    waiting: list[Event] = []
    parts = own = 0
    with closing(file.events(lambda done: advance(0.5 + done / half))) as events:
        for event in events:
            if event.at >= opened.began.get(event.service, ENDLESS):
                own += 1
                continue
            sums = months.setdefault((month_of[event.at // SLOT_MICROSECONDS], event.service), [0, 0])
            sums[0] += 1
            sums[1] += is_error(event.code)
            if opened.number:
                waiting.append(event)
                if len(waiting) == target.part_events:
                    target.add(PastPart(opened.number, parts, waiting))
                    waiting, parts = [], parts + 1
    if opened.number:
        if waiting:
            target.add(PastPart(opened.number, parts, waiting))
        target.finish(opened.number)
    return BroughtRequests(opened.is_same, {key: MonthSums(*sums) for key, sums in months.items()}, own)


class _Months(dict[int, str]):
    """Months of the zone by slot (a number), of those that came up last."""

    def __init__(self, zone: ZoneInfo) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, slot: int) -> str:
        if len(self) >= MOST_SLOTS:
            self.clear()
        found = self[slot] = f"{day_of(slot * SLOT_SECONDS, self._zone):%Y-%m}"
        return found
