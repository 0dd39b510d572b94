"""Figures of requests: amounts of the ledger as values with averages, shares and quantiles."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.shape import COMPLEMENT
from reports.ledger.sketches import quantiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reports.ledger.selection import Key

MILLISECOND = 1000.0
"""Microseconds: the ledger's unit of a time; answers have milliseconds."""

PERCENTS = (50, 90, 95, 99)


class RequestFigures(NamedTuple):
    """Sums of requests; errors are those of 400 to 599 and those without a response.

    `timed` of them have a time; `duration` is the sum of times, `longest` the longest, in microseconds.
    `complement` is COMPLEMENT less the shortest time, 0 without any.
    """

    requests: int = 0
    errors: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    timed: int = 0
    duration: int = 0
    longest: int = 0
    complement: int = 0

    def plus(self, other: RequestFigures) -> RequestFigures:
        """Both together."""
        return RequestFigures(
            self.requests + other.requests,
            self.errors + other.errors,
            self.request_bytes + other.request_bytes,
            self.response_bytes + other.response_bytes,
            self.timed + other.timed,
            self.duration + other.duration,
            max(self.longest, other.longest),
            max(self.complement, other.complement),
        )

    @property
    def bytes(self) -> int:
        """Bytes of requests and responses."""
        return self.request_bytes + self.response_bytes

    @property
    def error_share(self) -> float:
        """The part of requests that are errors, 0 to 1; 0 without a request."""
        return self.errors / self.requests if self.requests else 0.0

    @property
    def average(self) -> float | None:
        """Milliseconds; None where nothing was timed."""
        return self.duration / self.timed / MILLISECOND if self.timed else None

    @property
    def minimum(self) -> float | None:
        """Milliseconds; None where nothing was timed."""
        return (COMPLEMENT - self.complement) / MILLISECOND if self.complement else None

    @property
    def maximum(self) -> float | None:
        """Milliseconds; None where nothing was timed."""
        return self.longest / MILLISECOND if self.complement or self.longest else None


COLUMNS = (
    "requests",
    "errors",
    "request_bytes",
    "response_bytes",
    "timed_requests",
    "duration_microseconds",
    "longest_microseconds",
    "shortest_complement",
)
"""The ledger's columns of RequestFigures."""

NO_REQUESTS = RequestFigures()


class Quantiles(NamedTuple):
    """Milliseconds that so many percent of all times do not exceed, within 1 %; None where nothing was timed."""

    p50: float | None = None
    p90: float | None = None
    p95: float | None = None
    p99: float | None = None


NO_QUANTILES = Quantiles()


class ServiceFigures(NamedTuple):
    """One service; `imported` of its requests are of other programs' files."""

    service: str
    figures: RequestFigures
    quantiles: Quantiles = NO_QUANTILES
    imported: int = 0


class RouteFigures(NamedTuple):
    """One route of a service by one method; quantiles are None where they were not asked for.

    `imported` of its requests are of other programs' files.
    """

    service: str
    method: str
    route: str
    figures: RequestFigures
    quantiles: Quantiles | None = None
    imported: int = 0


def add_figures(parts: Iterable[RequestFigures]) -> RequestFigures:
    """The sum."""
    columns = list(zip(*parts, strict=True))
    return RequestFigures(*map(sum, columns[:-2]), *map(max, columns[-2:])) if columns else NO_REQUESTS


def services_of(imported: Mapping[Key, int]) -> Counter[str]:
    """Imported requests by service."""
    found: Counter[str] = Counter()
    for key, requests in imported.items():
        found[key[0]] += requests
    return found


def routes_of(imported: Mapping[Key, int]) -> Counter[Key]:
    """Imported requests by service, method and route."""
    found: Counter[Key] = Counter()
    for key, requests in imported.items():
        found[key[:3]] += requests
    return found


def quantiles_of(counts: Mapping[int, int], figures: RequestFigures) -> Quantiles:
    """The quantiles of times by bucket, within the shortest and the longest time; pure."""
    return Quantiles(*(_bounded(value, figures) for value in quantiles(counts, PERCENTS)))


def _bounded(value: float, figures: RequestFigures) -> float:
    least, most = figures.minimum, figures.maximum
    value /= MILLISECOND
    return min(max(value, least or 0.0), most if most is not None else value)
