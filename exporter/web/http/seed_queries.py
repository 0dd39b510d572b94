"""Query parameters that API Analytics' clients send, as OpenAPI describes them; seed_reading.py parses them."""

from __future__ import annotations

from typing import Annotated

from exporter.web.http.queries import Query
from exporter.web.http.request_queries import INSTANT_PATTERN, Service, text
from reports.ledger.request_log import ORDERS

STEPS = {"minutely": "15m", "hourly": "1h", "daily": "1d", "weekly": "1w", "monthly": "1mo"}
"""Quarter hours are the shortest that the ledger keeps."""

MOST_RAW, MOST_OFFSET = 100, 10_000_000

StartDate = Annotated[
    str,
    text(
        "First local day, or an ISO 8601 instant (local time without offset), of the JSON.",
        "2026-08-01",
        pattern=INSTANT_PATTERN,
    ),
]
EndDate = Annotated[
    str,
    text("Last local day, included, or an ISO 8601 instant, excluded.", "2026-08-31", pattern=INSTANT_PATTERN),
]
Milliseconds = Annotated[str, text("Milliseconds, included.", "250", type="number", minimum=0)]


class DashboardQuery(Query, frozen=True, kw_only=True):
    """Which requests, in which steps: of the JSON, not of the page."""

    start_date: StartDate | None = None
    end_date: EndDate | None = None
    period: Annotated[
        str,
        text("From point to point of the JSON; minutely: quarter hours.", enum=list(STEPS), default="daily"),
    ] = "daily"
    service: Service | None = None


class RawLogsQuery(Query, frozen=True, kw_only=True):
    """Which single requests, and how many."""

    limit: Annotated[
        str,
        text("So many requests at most.", "10", type="integer", minimum=1, maximum=MOST_RAW, default=MOST_RAW),
    ] = str(MOST_RAW)
    offset: Annotated[
        str, text("So many requests are passed over.", "100", type="integer", minimum=0, maximum=MOST_OFFSET, default=0)
    ] = "0"
    order_by: Annotated[str, text("The order.", enum=list(ORDERS), default="created_at")] = "created_at"
    start_date: StartDate | None = None
    end_date: EndDate | None = None
    method: Annotated[str, text("One method.", "GET")] | None = None
    status_code: (
        Annotated[
            str,
            text(
                "A status code, a class such as 5xx, or 0 for no response.",
                "404",
                "5xx",
                pattern="^([1-5][0-9]{2}|[1-5][xX]{2}|0)$",
            ),
        ]
        | None
    ) = None
    endpoint: Annotated[str, text("A part of the path.", "/items")] | None = None
    ip: Annotated[str, text("A client's address or a prefix, as privacy keeps them.", "192.0.2.0/24")] | None = None
    process_time_min: Milliseconds | None = None
    process_time_max: Milliseconds | None = None
    service: Service | None = None
