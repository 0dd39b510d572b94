"""Queries of requests, by the chosen services and routes."""

from __future__ import annotations

from grafana.kit.application_queries import once
from grafana.kit.queries import of

NAMED = 'service=~"$service"'
CHOSEN = (NAMED, 'route=~"$route"')
ERRORS = 'code=~"5..|0"'
"""Status codes of 500 to 599, and no response: as the alerts have it."""
SERVICE = ("service",)
ROUTE = ("service", "method", "route")
EACH = "{{service}}, {{instance}}"
EACH_ROUTE = "{{method}} {{route}}, {{service}}, {{instance}}"
"""Names of a service and of a route: machines may have the same ones."""
STEP = "$__rate_interval"
RANGE = "$__range"


def counter(*matchers: str) -> str:
    """Counters of requests by route and code."""
    return of("netledger_http_requests_total", *CHOSEN, *matchers)


def counted(*labels: str, where: tuple[str, ...] = ()) -> str:
    """Requests of the range, of each machine once."""
    return once(f"increase({counter(*where)}[{RANGE}])", *labels)


def pace(*labels: str, where: tuple[str, ...] = (), over: str = STEP) -> str:
    """Requests per second, of each machine once."""
    return once(f"rate({counter(*where)}[{over}])", *labels)


def errors_of(part: str, whole: str) -> str:
    """The share of errors, 0 where there are requests and none failed."""
    return f"(({part}) or ({whole}) * 0) / (({whole}) > 0)"


def moved(way: str, *labels: str, function: str = "increase", over: str = RANGE) -> str:
    """Bytes of requests or responses, in the range or per second."""
    return once(f"{function}({of(f'netledger_http_{way}_bytes_total', *CHOSEN)}[{over}])", *labels)


def quantile(share: float, *labels: str, function: str = "increase", over: str = RANGE) -> str:
    """A quantile of times in seconds; nothing where none was measured."""
    buckets = once(
        f"{function}({of('netledger_http_request_duration_seconds_bucket', *CHOSEN)}[{over}])", *labels, "le"
    )
    by = ", ".join((*labels, "le"))
    return f"histogram_quantile({share}, sum by ({by}) ({buckets})) >= 0"


def busiest(most: int, *labels: str) -> str:
    """The services or routes with most requests in the range, the same at each of its steps."""
    return f"topk({most}, {once(f'rate({counter()}[{RANGE}] @ end())', *labels)})"


def key(expression: str, *labels: str) -> str:
    """Values by one text that is another one for each row: joins know a single field."""
    names = ", ".join(f'"{name}"' for name in (*labels, "instance"))
    return f'label_join({expression}, "row", " ", {names})'
