"""Requests in the range and over time: how many, how many failed, how long they took, of how many clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as c

from grafana.kit.application_queries import LATELY, once
from grafana.kit.colours import BAD, GOOD, RECEIVE, SOON, TRANSMIT, always, painted, steps
from grafana.kit.panels import Frame, number, ranking, trend
from grafana.kit.queries import highest, now, of, over_time
from grafana.kit.request_queries import (
    EACH,
    EACH_ROUTE,
    ERRORS,
    NAMED,
    ROUTE,
    SERVICE,
    STEP,
    busiest,
    counted,
    errors_of,
    moved,
    pace,
    quantile,
)
from grafana.kit.shapes import option

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.prometheus import Dataquery
    from grafana_foundation_sdk.builders.stat import Panel as Number
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

NO_REQUESTS = "no service reports requests here"
"""Words for all panels of requests."""
MOST = 10
"""Services and routes whose areas and lines can be told apart."""
MANY, MOST_ERRORS = 0.001, 0.0144
"""Shares of errors: an objective of 99.9 %, and the pace of the alert."""
SLOW_SECONDS = 1
"""The alert's."""
QUANTILES = ((0.5, "p50", GOOD), (0.95, "p95", SOON), (0.99, "p99", BAD))
CODES = {"/^1../": "purple", "/^2../": GOOD, "/^3../": "blue", "/^4../": "yellow", "/^5../": BAD, "/^0$/": "#8e8e8e"}
RESULTS = {"accepted": GOOD, "late": "blue", "refused": SOON, "dropped": BAD}


def total(frame: Frame) -> Number:
    """Requests of the range."""
    return _plain(frame, "locale", f"sum({counted()})", "requests").decimals(0)


def pace_now(frame: Frame) -> Number:
    """Requests per second of the last two minutes."""
    return _plain(frame, "reqps", f"sum({pace(over=LATELY)})", "now").decimals(1)


def errors(frame: Frame) -> Number:
    """The share of requests of the range that failed."""
    share = errors_of(f"sum({counted(where=(ERRORS,))})", f"sum({counted()})")
    panel = number(frame, "percentunit", now(share, "errors")).decimals(2).no_value(NO_REQUESTS)
    return panel.thresholds(steps(GOOD, (MANY, SOON), (MOST_ERRORS, BAD)))


def slowest(frame: Frame) -> Number:
    """The 95th percentile of the range."""
    panel = number(frame, "s", now(quantile(0.95), "p95")).decimals(1).no_value(NO_REQUESTS)
    return panel.thresholds(steps("text", (SLOW_SECONDS, BAD)))


def clients(frame: Frame) -> Number:
    """Different clients of the local day, of all chosen services."""
    today = f"sum(max by (instance, service) ({of('netledger_http_unique_clients', NAMED)}))"
    return _plain(frame, "locale", today, "clients").decimals(0).no_value("none are kept")


def sent(frame: Frame) -> Number:
    """Bytes of responses in the range."""
    return _plain(frame, "decbytes", f"sum({moved('response')})", "sent").decimals(1)


def by_service(frame: Frame) -> Trend:
    """Requests per second of the busiest services, on top of each other."""
    return _stacked(frame, over_time(f"{pace(*SERVICE)} and on (instance, service) {busiest(MOST, *SERVICE)}", EACH))


def by_code(frame: Frame) -> Trend:
    """Requests per second by status code, a colour a class."""
    panel = _stacked(frame, over_time(f"sum by (code) ({pace('code')})", "{{code}}"))
    for pattern, colour in CODES.items():
        panel = panel.override_by_regexp(pattern, [option("color", {"mode": "shades", "fixedColor": colour})])
    return panel


def by_route(frame: Frame) -> Trend:
    """Requests per second of the busiest routes, on top of each other."""
    return _stacked(frame, over_time(f"{pace(*ROUTE)} and {_busy_routes()}", EACH_ROUTE))


def errors_over_time(frame: Frame) -> Trend:
    """Each service's share of errors."""
    share = errors_of(pace(*SERVICE, where=(ERRORS,)), pace(*SERVICE))
    panel = trend(frame, "percentunit", over_time(highest(share, most=MOST), EACH)).min(0).axis_soft_max(0.01)
    return panel.legend(ranking("mean")).no_value(NO_REQUESTS)


def durations(frame: Frame) -> Trend:
    """Quantiles of all chosen requests."""
    asked = (over_time(_lately(share), name, name.upper()) for share, name, _ in QUANTILES)
    panel = trend(frame, "s", *asked).min(0).fill_opacity(0).no_value(NO_REQUESTS)
    for _, name, colour in QUANTILES:
        panel = panel.override_by_name(name, [painted(colour)])
    return panel.legend(ranking("mean"))


def route_durations(frame: Frame) -> Trend:
    """The 95th percentiles of the busiest routes."""
    asked = over_time(f"{_lately(0.95, *ROUTE, 'instance')} and {_busy_routes()}", EACH_ROUTE)
    return trend(frame, "s", asked).min(0).fill_opacity(0).legend(ranking("mean")).no_value(NO_REQUESTS)


def traffic(frame: Frame) -> Trend:
    """Bits per second of requests, and of responses downwards."""
    received, transmitted = (f"sum({moved(way, function='rate', over=STEP)}) * 8" for way in ("request", "response"))
    panel = trend(frame, "bps", over_time(received, "requests"), over_time(transmitted, "responses", "B"))
    panel = panel.override_by_name("requests", [painted(RECEIVE)]).no_value(NO_REQUESTS)
    return panel.override_by_name("responses", [painted(TRANSMIT), option("custom.transform", "negative-Y")])


def clients_over_time(frame: Frame) -> Trend:
    """Different clients of each day so far."""
    today = f"max by (instance, service) ({of('netledger_http_unique_clients', NAMED)})"
    panel = trend(frame, "locale", over_time(highest(today, most=MOST), EACH)).min(0).decimals(0).fill_opacity(0)
    return panel.no_value("none are kept")


def reports(frame: Frame) -> Trend:
    """What services reported: accepted, late among it, refused, dropped."""
    asked = over_time(f"sum by (result) ({_reports()})", "{{result}}")
    panel = trend(frame, "reqps", asked).min(0).fill_opacity(0).no_value(NO_REQUESTS)
    for name, colour in RESULTS.items():
        panel = panel.override_by_name(name, [painted(colour)])
    return panel


def _reports() -> str:
    return once(f"rate({of('netledger_http_events_total')}[{STEP}])", "result")


def _lately(share: float, *labels: str) -> str:
    return quantile(share, *labels, function="rate", over=STEP)


def _busy_routes() -> str:
    return f"on (instance, service, method, route) {busiest(MOST, *ROUTE)}"


def _plain(frame: Frame, unit: str, expression: str, name: str) -> Number:
    return number(frame, unit, now(expression, name)).color_scheme(always("text")).no_value(NO_REQUESTS)


def _stacked(frame: Frame, *targets: Dataquery) -> Trend:
    together = common.StackingConfig().mode(c.StackingMode.NORMAL)
    panel = trend(frame, "reqps", *targets).stacking(together).fill_opacity(50).line_width(0)
    return panel.legend(ranking("mean")).no_value(NO_REQUESTS)
