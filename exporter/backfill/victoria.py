"""VictoriaMetrics: how long it keeps samples, sending them to its import API, and counting them there."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import click

from exporter.backfill.labels import selector
from exporter.backfill.retention import ServerRetention, victoria_seconds
from reports.text.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.backfill.server import MetricServer
    from reports.calendar.days import Span
    from reports.past.samples import Labels

CHUNK_BYTES = 4_000_000
"""Approximate size of one request."""

PATIENCE_SECONDS = 20
"""Samples are searchable a second or two after they were sent."""

_FLAG = re.compile(r'^flag\{name="retentionPeriod", ?value="([^"]*)"', re.MULTILINE)


class ArrivalError(click.ClickException):
    """The server holds fewer samples than were sent."""


def retention(server: MetricServer) -> ServerRetention:
    """Its -retentionPeriod, where its metrics show it; raises MetricServerError."""
    found = _FLAG.search(server.text("/metrics") or "")
    if found is None:
        return ServerRetention("", None)
    return ServerRetention(
        counted(int(found[1]), "month", "months") if found[1].isdecimal() else found[1], victoria_seconds(found[1])
    )


def send(server: MetricServer, pieces: Iterable[tuple[bytes, int]]) -> int:
    """Post samples in chunks; returns their number; raises MetricServerError."""
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
    """Samples of all series of the target in a span."""
    ours = selector((*target,)).replace("{", '{__name__=~"netledger_.*",', 1)
    found = server.query(f"sum(count_over_time({ours}[{span.end - span.start}s]))", span.end - 1, nocache=1)
    return int(found[0][1]) if found else 0


def require_arrival(server: MetricServer, target: Labels, span: Span, sent: int) -> None:
    """Wait until the server has this many samples; raises ArrivalError."""
    # Without the flush samples are found after up to ten seconds; a cluster has no such page.
    server.text("/internal/force_flush")
    until = time.monotonic() + PATIENCE_SECONDS
    while (found := count_samples(server, target, span)) < sent:
        if time.monotonic() >= until:
            raise ArrivalError(
                f"{sent} samples were sent and {server.url} has {found}: is its -retentionPeriod shorter than the "
                "history, or -dedup.minScrapeInterval set?"
            )
        time.sleep(0.5)
