"""Requests now: what the counters of /metrics gained from one reading to the next, by route."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import click
from prometheus_client.parser import text_string_to_metric_families

from exporter.session.client import ServiceError
from exporter.session.questions import click_error
from reports.formats.shapes import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exporter.session.client import ServiceClient

COUNTERS = {
    "netledger_http_requests_total": 0,
    "netledger_http_request_bytes_total": 2,
    "netledger_http_response_bytes_total": 2,
    "netledger_http_request_duration_seconds_sum": 3,
    "netledger_http_request_duration_seconds_count": 4,
}
"""By the name of a sample, its place among requests, errors, bytes, seconds, and requests with a time."""

ERRORS = 1
PATH = f"/metrics?{urlencode([('name[]', name) for name in COUNTERS])}"
FIRST_ERROR = 400
SHORTEST = 0.001
"""Seconds: of less there are no rates."""

RouteKey = tuple[str, str, str]


class RouteRate(Answer):
    """One route; rates are a second, `avg_time` is milliseconds, null where nothing was timed."""

    service: str
    method: str
    route: str
    requests_per_second: float
    errors_per_second: float
    avg_time: float | None
    bytes_per_second: float


class RouteRates(Answer):
    """Routes that had a request within the last `seconds`; `avg_time` is of all of them."""

    seconds: float
    avg_time: float | None
    routes: list[RouteRate]


class RouteCounters(NamedTuple):
    """Counters by route at a time of the monotonic clock."""

    at: float
    routes: Mapping[RouteKey, list[float]]


class RouteRateSource:
    """Reads the counters of a service, all or one; each call gives the rates since the call before."""

    def __init__(
        self, client: ServiceClient, service: str | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read them once."""
        self._client, self._service, self._clock = client, service, clock
        self._last = self._read()

    def __call__(self) -> RouteRates:
        """The rates; ends the command where the service does not answer."""
        before, self._last = self._last, self._read()
        return rates(before, self._last)

    def _read(self) -> RouteCounters:
        try:
            text = self._client.fetch(PATH).decode()
            found = routes_of(text)
        except ServiceError as error:
            raise click_error(error) from error
        except (ValueError, KeyError) as error:
            raise click.ClickException(f"the service at {self._client.url} answers as another version would") from error
        if self._service is not None:
            found = {key: counters for key, counters in found.items() if key[0] == self._service}
        return RouteCounters(self._clock(), found)


def routes_of(text: str) -> dict[RouteKey, list[float]]:
    """The counters of an exposition by service, method and route; raises ValueError and KeyError."""
    found: dict[RouteKey, list[float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if (place := COUNTERS.get(sample.name)) is None:
                continue
            labels = sample.labels
            counters = found.setdefault((labels["service"], labels["method"], labels["route"]), [0.0] * 5)
            counters[place] += sample.value
            if "code" in labels and not 0 < int(labels["code"]) < FIRST_ERROR:
                counters[ERRORS] += sample.value
    return found


def rates(before: RouteCounters, after: RouteCounters) -> RouteRates:
    """What was gained between two readings; a counter that went back began anew; pure."""
    seconds = after.at - before.at
    if seconds < SHORTEST:
        return RouteRates(seconds=0.0, avg_time=None, routes=[])
    nothing = [0.0] * 5
    rows = []
    all_seconds = all_timed = 0.0
    for key, counters in after.routes.items():
        pairs = zip(counters, before.routes.get(key, nothing), strict=True)
        requests, errors, moved, duration, timed = (now - then if now >= then else now for now, then in pairs)
        if requests:
            all_seconds, all_timed = all_seconds + duration, all_timed + timed
            rows.append(
                RouteRate(
                    service=key[0],
                    method=key[1],
                    route=key[2],
                    requests_per_second=round(requests / seconds, 3),
                    errors_per_second=round(errors / seconds, 3),
                    avg_time=_average(duration, timed),
                    bytes_per_second=round(moved / seconds, 3),
                )
            )
    return RouteRates(
        seconds=round(seconds, 3), avg_time=_average(all_seconds, all_timed), routes=sorted(rows, key=_most_first)
    )


def _average(seconds: float, timed: float) -> float | None:
    return round(1000 * seconds / timed, 3) if timed else None


def _most_first(row: RouteRate) -> tuple[float, RouteKey]:
    return -row.requests_per_second, (row.service, row.route, row.method)
