"""Tables of requests: a row a service, a row a route."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.colours import BAD, GOOD, SOON, steps
from grafana.kit.links import menu
from grafana.kit.panels import Frame, grid
from grafana.kit.queries import of, rows
from grafana.kit.request_queries import ERRORS, NAMED, ROUTE, SERVICE, counted, errors_of, key, moved, quantile
from grafana.kit.shapes import joined, option, times
from grafana.panels.requests import MANY, MOST_ERRORS, QUANTILES, SLOW_SECONDS

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.table import Panel
    from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

MOST_ROWS = 100
WIDTHS = {"service": 160, "method": 90, "route": 260, "machine": 150}
"""Pixels; the numbers share the rest."""


def services(frame: Frame) -> Panel:
    """A row a service, the busiest first."""
    clients = f"max by (instance, service) ({of('netledger_http_unique_clients', NAMED)})"
    values = {"p95": _quantile(0.95, SERVICE), "clients today": clients, "received": moved("request", *SERVICE)}
    return _table(frame, SERVICE, values)


def routes(frame: Frame) -> Panel:
    """A row a route and method, the busiest first."""
    return _table(frame, ROUTE, {name: _quantile(share, ROUTE) for share, name, _ in QUANTILES})


def _table(frame: Frame, labels: tuple[str, ...], more: dict[str, str]) -> Panel:
    most = f"topk({MOST_ROWS}, {counted(*labels)})"
    values = {
        "errors": errors_of(counted(*labels, where=(ERRORS,)), counted(*labels)),
        **more,
        "sent": moved("response", *labels),
    }
    names = ", ".join((*labels, "instance"))
    letters = {name: chr(ord("B") + place) for place, name in enumerate(values)}
    targets = (
        rows(f"max by (row, {names}) ({key(most, *labels)})"),
        *(rows(f"max by (row) ({key(asked, *labels)})", letters[name]) for name, asked in values.items()),
    )
    columns = {
        **{name: name for name in labels},
        "instance": "machine",
        "Value #A": "requests",
        **{f"Value #{letter}": name for name, letter in letters.items()},
    }
    hidden = [*times(len(targets)), "row"]
    panel = grid(frame, *targets).transformations(
        joined("row", columns, hidden=hidden, order="Value #A", descending=True)
    )
    panel = panel.unit("decbytes").decimals(1)
    for name in ("requests", *values):
        if name in FORMS:
            panel = panel.override_by_name(name, FORMS[name])
    for name in ("machine", *labels):
        panel = panel.override_by_name(name, [option("custom.width", WIDTHS[name])])
    return panel.override_by_name("machine", [option("links", menu("machine"))])


def _quantile(share: float, labels: tuple[str, ...]) -> str:
    return quantile(share, *labels, "instance")


def _seconds() -> list[DynamicConfigValue]:
    return [option("unit", "s"), option("decimals", 1), *_coloured(steps("text", (SLOW_SECONDS, BAD)).build())]


def _coloured(limits: object) -> list[DynamicConfigValue]:
    colour = [option("color", {"mode": "thresholds"}), option("custom.cellOptions", {"type": "color-text"})]
    return [option("thresholds", limits), *colour]


FORMS = {
    "requests": [option("unit", "locale"), option("decimals", 0)],
    "clients today": [option("unit", "locale"), option("decimals", 0)],
    "errors": [
        option("unit", "percentunit"),
        option("decimals", 2),
        *_coloured(steps(GOOD, (MANY, SOON), (MOST_ERRORS, BAD)).build()),
    ],
    "p50": _seconds(),
    "p95": _seconds(),
    "p99": _seconds(),
}
