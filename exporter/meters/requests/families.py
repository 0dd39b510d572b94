"""Families of requests: counters of a lifetime by route, times since the start, clients of today, events."""

from __future__ import annotations

from operator import add, itemgetter
from typing import TYPE_CHECKING, Any

from exporter.meters.requests.state import BOUNDS, RequestsState, requests_of
from exporter.metrics.tables import Column, HistogramRow, HistogramTable, Labels, Table
from reports.ledger.shape import REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exporter.metrics.state import MetricsState
    from exporter.metrics.tables import Row

    Labelled = tuple[Labels, tuple[int, ...]]

LIFETIME = "since the ledger began, over restarts and reboots: what is in the ledger already."
ROUTE = ("service", "method", "route")
REQUESTS, RECEIVED, SENT = (REQUEST.sums.index(name) for name in ("requests", "request_bytes", "response_bytes"))
RESULTS = ("accepted", "refused", "dropped", "late")
NOTHING = RequestsState()


def measured(state: MetricsState) -> RequestsState:
    """What the meter shows; nothing while it fails."""
    shown, view = requests_of(state.snapshot), state.snapshot.meters.get(REQUEST.name)
    return shown if shown is not None and view is not None and view.health.is_up else NOTHING


def _requests(state: MetricsState) -> Sequence[Labelled]:
    return tuple(measured(state).sums.items())


def _routes(state: MetricsState) -> Sequence[Labelled]:
    """Sums by service, method and route."""
    sums: dict[Labels, tuple[int, ...]] = {}
    for key, amounts in measured(state).sums.items():
        held = sums.get(key[:3])
        sums[key[:3]] = amounts if held is None else tuple(map(add, held, amounts))
    return tuple(sums.items())


def _times(state: MetricsState) -> Sequence[HistogramRow]:
    shown = measured(state)
    seconds = shown.seconds
    return [HistogramRow(route, tuple(counts), seconds.get(route, 0.0)) for route, counts in shown.times.items()]


def _clients(state: MetricsState) -> Sequence[tuple[Labels, int]]:
    return [((service,), clients) for service, clients in measured(state).clients.items()]


def _events(state: MetricsState) -> Sequence[tuple[Labels, int]]:
    shown = requests_of(state.snapshot)
    if shown is None:
        return ()
    counts = shown.figures._asdict()
    return [((result,), counts[result]) for result in RESULTS]


def _log(state: MetricsState) -> Sequence[tuple[Labels, int]]:
    shown = measured(state)
    return () if shown is NOTHING else [((), shown.figures.log_dropped)]


_labels: Callable[[Any], Labels] = itemgetter(0)
_amount: Callable[[Any], float] = itemgetter(1)


def _sum(place: int) -> Callable[[Labelled], float]:
    return lambda row: row[1][place]


def _one(names: Labels, rows: Callable[[MetricsState], Sequence[Row]], column: Column[Row]) -> Table[Row]:
    return Table(names, rows, _labels, (column,))


_REQUESTS = _one(
    REQUEST.dimensions,
    _requests,
    Column(
        "netledger_http_requests_total",
        "counter",
        f"Requests by status code (0: no response) {LIFETIME}",
        _sum(REQUESTS),
    ),
)

_BYTES: Table[Labelled] = Table(
    ROUTE,
    _routes,
    _labels,
    (
        Column(
            "netledger_http_request_bytes_total",
            "counter",
            f"Bytes of requests, as services report them, {LIFETIME}",
            _sum(RECEIVED),
        ),
        Column(
            "netledger_http_response_bytes_total",
            "counter",
            f"Bytes of responses, as services report them, {LIFETIME}",
            _sum(SENT),
        ),
    ),
)

_DURATIONS = HistogramTable(
    "netledger_http_request_duration_seconds",
    "How long requests took, of those with a time, since the service started.",
    ROUTE,
    BOUNDS,
    _times,
)

_CLIENTS = _one(
    ("service",),
    _clients,
    Column(
        "netledger_http_unique_clients",
        "gauge",
        "Different clients of the current local day, estimated; missing where privacy keeps none.",
        _amount,
    ),
)

_EVENTS = _one(
    ("result",),
    _events,
    Column(
        "netledger_http_events_total",
        "counter",
        "Requests that services reported, since the service started: accepted (in the ledger), refused, dropped, late.",
        _amount,
    ),
)

_LOG = _one(
    (),
    _log,
    Column(
        "netledger_http_log_dropped_total",
        "counter",
        "Requests that are counted, and that a full disk has cost the request log, since the service started.",
        _amount,
    ),
)

REQUEST_TABLES: tuple[Table[Any] | HistogramTable, ...] = (_REQUESTS, _DURATIONS, _BYTES, _CLIENTS, _EVENTS, _LOG)
