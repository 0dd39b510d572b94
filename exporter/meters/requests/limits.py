"""What is not counted of requests that services reported, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.text.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.meters.requests.intake import Figures


def request_limits(figures: Figures) -> Iterator[str]:
    """Sentences on what was refused, given up or late since the service started."""
    if figures.refused:
        yield f"Refused since the service started, as a field broke a rule: {_requests(figures.refused)}."
    if figures.dropped:
        yield f"Turned away since the service started, as more came than is committed: {_requests(figures.dropped)}."
    if figures.log_dropped:
        yield f"Counted, but not in the request log, as the disk was full: {_requests(figures.log_dropped)}."
    if figures.late:
        yield f"Reported more than a quarter hour late since the service started: {_requests(figures.late)}."


def _requests(number: int) -> str:
    return counted(number, "request", "requests")
