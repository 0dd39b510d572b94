"""Requests: how many, how many failed, how long they took, by service, route and status code; monitors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit import variables
from grafana.kit.board import Identity, board, heading
from grafana.kit.panels import Frame
from grafana.panels import monitors
from grafana.panels import requests as each
from grafana.panels.request_tables import MOST_ROWS, routes, services
from reports.text.grafana_links import REQUESTS

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

IDENTITY = Identity(
    REQUESTS, "netledger / Requests", "What services answer: how many requests, which fail, how long they take."
)

CHOSEN = "Of the chosen services and routes."
ERRORS = "Status codes of 500 to 599, and no response (code 0)."
BUSIEST = f"Of the {each.MOST} with most requests in the range."
BETWEEN = "From the buckets of a histogram: between two of them an estimate."


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 in the range, 20-39 over time, 40-59 monitors and reports, 90 and above headings."""
    choices = [variables.service(), variables.route()]
    return board(
        IDENTITY, choices, [*_numbers(), *_services(), *_routes(), *_others()], since="now-24h", keeps_silent=False
    )


def _numbers() -> list[object]:
    clients = "Of the local day so far, estimated; one that asks two services counts twice."
    return [
        each.total(Frame(1, "Requests", f"In the range. {CHOSEN}", 0, 0, 4, 4)),
        each.pace_now(Frame(2, "Rate now", f"Requests per second of the last two minutes. {CHOSEN}", 4, 0, 4, 4)),
        each.errors(Frame(3, "Errors", f"Share of the requests in the range. {ERRORS}", 8, 0, 4, 4)),
        each.slowest(Frame(4, "95th percentile", f"Of the times in the range. {BETWEEN}", 12, 0, 4, 4)),
        each.clients(Frame(5, "Clients today", clients, 16, 0, 4, 4)),
        each.sent(Frame(6, "Sent", f"Bytes of responses in the range, as services report them. {CHOSEN}", 20, 0, 4, 4)),
    ]


def _services() -> list[object]:
    table = f"Of the range, the {MOST_ROWS} with most requests; clients are of the local day. {ERRORS}"
    codes = "Requests per second, a colour a class: 2xx green, 3xx blue, 4xx yellow, 5xx red, no response (0) grey."
    quantiles = f"Half, 95 % and 99 % of the requests took at most so long. {BETWEEN}"
    return [
        services(Frame(10, "Services", table, 0, 4, 24, 6)),
        each.by_service(Frame(20, "Rate by service", f"Requests per second. {BUSIEST}", 0, 10, 12, 9)),
        each.by_code(Frame(21, "Status codes", f"{codes} {CHOSEN}", 12, 10, 12, 9)),
        each.errors_over_time(Frame(22, "Errors by service", f"Share of its requests. {ERRORS}", 0, 19, 12, 9)),
        each.durations(Frame(23, "Duration", f"{quantiles} {CHOSEN}", 12, 19, 12, 9)),
    ]


def _routes() -> list[object]:
    table = f"Of the range, the {MOST_ROWS} with most requests. {ERRORS} {BETWEEN}"
    return [
        heading(90, "Routes", 28),
        routes(Frame(11, "Top routes", table, 0, 29, 24, 9)),
        each.by_route(Frame(24, "Rate by route", f"Requests per second. {BUSIEST}", 0, 38, 12, 9)),
        each.route_durations(
            Frame(25, "95th percentile by route", f"{BUSIEST} Missing where no time is measured.", 12, 38, 12, 9)
        ),
    ]


def _others() -> list[object]:
    down = "Down after as many failed checks as its setting says."
    bodies = f"Bits per second: bodies of requests up, of responses down, as services report them. {CHOSEN}"
    days = "Different clients of each local day so far, estimated; missing where the setting of privacy is none."
    results = (
        "Reports per second of all services: accepted (in the ledger), late (over a quarter hour, accepted), refused"
        " (rows that cannot be used), dropped (answered with 429)."
    )
    share = f"Share of the samples in the range; the {monitors.MOST} lowest."
    return [
        heading(91, "Bytes, clients, monitors and reports", 47),
        each.traffic(Frame(26, "Bytes in and out", bodies, 0, 48, 12, 8)),
        each.clients_over_time(Frame(27, "Unique clients", days, 12, 48, 12, 8)),
        monitors.up_and_down(Frame(40, "Monitors", down, 0, 56, 16, 6)),
        monitors.uptime(Frame(12, "Uptime", share, 16, 56, 8, 6)),
        monitors.latency(Frame(41, "Latency of monitors", "Until the last byte or the failure.", 0, 62, 12, 8)),
        each.reports(Frame(42, "Reports", results, 12, 62, 12, 8)),
    ]
