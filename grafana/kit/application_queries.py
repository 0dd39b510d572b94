"""Queries of applications, by the chosen names, scopes and protocols; loopback is in no sum."""

from __future__ import annotations

from grafana.kit.queries import of

WAYS = ("receive", "transmit")
NAMED = 'application=~"$application"'
CHOSEN = (NAMED, 'scope=~"$scope"', 'scope!="loopback"', 'protocol=~"$protocol"')
EACH = "{{application}}, {{instance}}"
"""The name of an application: machines may have the same ones."""
LATELY = "2m"
"""What is called now: two scrapes, also where they are a minute apart."""
KEY = 'label_join({}, "row", " ", "application", "instance")'
"""One text that is another one for each application of each machine: joins know a single field."""


def counter(way: str, *matchers: str) -> str:
    """Counters of one direction."""
    return of(f"netledger_application_{way}_bytes_total", *CHOSEN, *matchers)


def moved(way: str, *labels: str, where: tuple[str, ...] = ()) -> str:
    """Bytes of the range in one direction, of each machine once."""
    return once(f"increase({counter(way, *where)}[$__range])", *labels)


def moved_both(*labels: str, where: tuple[str, ...] = ()) -> str:
    """Bytes of the range, both ways."""
    received, transmitted = (moved(way, *labels, where=where) for way in WAYS)
    return f"({received} + {transmitted})"


def speed(way: str, *labels: str, over: str = "$__rate_interval") -> str:
    """Bits per second in one direction, of each machine once."""
    return f"{once(f'rate({counter(way)}[{over}])', *labels)} * 8"


def once(expression: str, *labels: str) -> str:
    """Sums by instance and these labels, the same also where several jobs or replicas scrape a machine."""
    kept = ", ".join(dict.fromkeys(("instance", *labels)))
    return f"max by ({kept}) (sum by (job, {kept}) ({expression}))"


def busiest(most: int) -> str:
    """The applications that moved most in the range, the same at each of its steps."""
    both = " + ".join(f"rate({counter(way)}[$__range] @ end())" for way in WAYS)
    return f"topk({most}, {once(both, 'application')})"
