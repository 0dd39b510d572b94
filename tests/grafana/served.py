"""What services on the machine in memory answer, as the doors of the request meter take it, and monitors."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.clock import SECOND
from exporter.meters.requests.events import Batch, Event, EventCounts
from exporter.meters.requests.monitors.probing import Probe
from exporter.meters.requests.monitors.standing import MonitorStatus, Outage, Standing

if TYPE_CHECKING:
    from exporter.meters.requests.intake import Intake


class Served(NamedTuple):
    """Requests a second of one service, method, route and code; microseconds and bytes of each."""

    service: str
    method: str
    route: str
    code: int
    pace: float
    duration: int
    received: int = 300
    sent: int = 6_000


SERVED = (
    Served("shop", "GET", "/", 200, 9.0, 12_000),
    Served("shop", "GET", "/items/{id}", 200, 14.0, 30_000),
    Served("shop", "GET", "/items/{id}", 404, 0.6, 4_000, sent=500),
    Served("shop", "GET", "/search", 200, 4.0, 420_000),
    Served("shop", "GET", "/search", 503, 0.01, 2_600_000, sent=200),
    Served("shop", "POST", "/basket", 201, 2.0, 90_000, 1_200),
    Served("shop", "POST", "/orders", 201, 0.7, 640_000, 4_000),
    Served("shop", "POST", "/orders", 500, 0.005, 1_900_000, 4_000, 300),
    Served("blog", "GET", "/posts/{slug}", 200, 5.0, 18_000, sent=40_000),
    Served("blog", "GET", "/posts/{slug}", 304, 3.0, 3_000, sent=0),
    Served("blog", "GET", "/feed", 301, 0.4, 1_500, sent=0),
    Served("api", "PUT", "/things/{id}", 200, 1.5, 55_000, 9_000, 100),
    Served("api", "GET", "/things", 200, 2.5, 150_000, sent=80_000),
    Served("api", "GET", "/things", 0, 0.004, 9_000_000, sent=0),
    Served("api", "OPTIONS", "/things", 101, 0.05, 800, sent=0),
)
SPREAD = (0.5, 0.8, 1.0, 1.3, 3.0)
"""Times of requests, as shares of the usual one."""
CLIENTS = 120
TURN = 97
"""Seconds after which the monitor `intranet` is down for as long again."""


class Services:
    """They answer at their pace while time passes; fractions of a request wait."""

    def __init__(self, intake: Intake) -> None:
        self._intake, self._waiting, self._clients = intake, [0.0] * len(SERVED), 0

    def run(self, wall: int, seconds: float) -> None:
        """Requests of so many seconds up to now (UTC nanoseconds)."""
        at = wall // 1000
        counts = []
        for place, each in enumerate(SERVED):
            self._waiting[place] += each.pace * seconds
            number = int(self._waiting[place])
            self._waiting[place] -= number
            if number:
                counts.append(_counts(each, at, number))
        self._clients = (self._clients + 1) % CLIENTS
        seen = Event("shop", at, "GET", "/", 200, 9_000, 300, 6_000, client=f"198.51.{self._clients}.7")
        late, refused = int(self._clients % 10 == 0), int(self._clients % 15 == 0)
        self._intake.add_soon(Batch([seen], counts, late=late, refused=refused))
        self._intake.monitors = _monitors(wall // SECOND)


def _counts(served: Served, at: int, number: int) -> EventCounts:
    durations: dict[int, int] = {}
    for one in range(number):
        took = int(served.duration * SPREAD[one % len(SPREAD)])
        durations[took] = durations.get(took, 0) + 1
    spent = sum(took * times for took, times in durations.items())
    kept = (served.service, at, served.method, served.route, served.code, number)
    return EventCounts(*kept, served.received * number, served.sent * number, spent, durations)


def _monitors(now: int) -> dict[str, MonitorStatus]:
    outage = Outage(now, "refused") if now // TURN % 20 == 0 else None
    site = MonitorStatus("site", Standing(), now, Probe(200, 80_000 + now % 60 * 500), now + 40 * 86_400, 14)
    down = MonitorStatus("intranet", Standing(3 if outage else 0, now, outage), now, Probe(200, 9_000))
    return {"site": site, "intranet": down}
