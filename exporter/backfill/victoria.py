"""A VictoriaMetrics that takes the past over its import API: how long it keeps, sending, and counting what arrived."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import click

from exporter.backfill.labels import selector
from exporter.backfill.prometheus import ServerRetention
from exporter.backfill.retention import victoria_seconds
from reports.text.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.backfill.server import MetricServer
    from reports.calendar.spans import Span
    from reports.past.samples import Labels

CHUNK_BYTES = 4_000_000
"""About what is sent in one request."""

PATIENCE_SECONDS = 20
"""What was sent is searchable a second or two later."""

_FLAG = re.compile(r'^flag\{name="retentionPeriod", ?value="([^"]*)"', re.MULTILINE)


class ArrivalError(click.ClickException):
    """The server holds fewer samples than were sent."""


def retention(server: MetricServer) -> ServerRetention:
    """What its -retentionPeriod is, as far as it tells; raises MetricServerError."""
    found = _FLAG.search(server.text("/metrics") or "")
    if found is None:
        return ServerRetention("", None)
    return ServerRetention(
        counted(int(found[1]), "month", "months") if found[1].isdecimal() else found[1], victoria_seconds(found[1])
    )


def send(server: MetricServer, pieces: Iterable[tuple[bytes, int]]) -> int:
    """Post lines in chunks; returns how many samples they hold; raises MetricServerError."""
    chunk, waiting, sent = [], 0, 0
    for piece, samples in pieces:
        chunk.append(piece)
        waiting += len(piece)
        sent += samples
        if waiting >= CHUNK_BYTES:
            server.post("/api/v1/import", b"".join(chunk))
            chunk, waiting = [], 0
    if chunk:
        server.post("/api/v1/import", b"".join(chunk))
    return sent


def count_samples(server: MetricServer, target: Labels, span: Span) -> int:
    """How many samples of the target it has in a span, of all series."""
    ours = selector((*target,)).replace("{", '{__name__=~"netledger_.*",', 1)
    query = f"sum(count_over_time({ours}[{span.end - span.start}s]))"
    found = server.json("/api/v1/query", query=query, time=span.end - 1, nocache=1)["result"]
    return int(float(found[0]["value"][1])) if found else 0


def require_arrival(server: MetricServer, target: Labels, span: Span, sent: int) -> None:
    """Wait until as many are there; raises ArrivalError."""
    # Else it may keep them to itself for ten seconds; one that lacks this page takes its time.
    server.text("/internal/force_flush")
    until = time.monotonic() + PATIENCE_SECONDS
    while (found := count_samples(server, target, span)) < sent:
        if time.monotonic() >= until:
            raise ArrivalError(
                f"{sent} samples were sent and {server.url} has {found}: is its -retentionPeriod shorter than the "
                "history, or -dedup.minScrapeInterval set?"
            )
        time.sleep(0.5)
