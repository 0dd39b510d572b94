"""The plan of a backfill: options, span, labels and server, checked before anything is written."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import click

from exporter.backfill import prometheus, victoria
from exporter.backfill.labels import target_labels
from exporter.backfill.retention import YEAR_SECONDS, days_since, recommended
from exporter.backfill.server import MetricServer
from exporter.ledger.files import last_sample
from reports.calendar.days import DAY_SECONDS, ONE_DAY, Span, day_of, day_start, iso
from reports.past.samples import Past
from reports.text.amounts import counted

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.session.session import Session
    from reports.calendar.requests import Bound
    from reports.ledger.reader import LedgerReader
    from reports.past.samples import Labels

SOON_SECONDS = YEAR_SECONDS


class BackfillOptions(NamedTuple):
    """The options of the command."""

    form: str
    output: Path | None
    force: bool
    into: Path | None
    to: str | None
    promtool: Path | None
    labels: tuple[str, ...]
    first: Bound | None
    until: Bound | None
    prometheus: str | None
    as_json: bool

    def require_consistent(self) -> None:
        """Raise click.UsageError for options that exclude each other."""
        if sum(place is not None for place in (self.output, self.into, self.to)) > 1:
            raise click.UsageError("--output, --into and --to exclude each other: give one of them")
        if self.form == "victoriametrics" and (self.into is not None or self.prometheus is not None):
            option = "--into" if self.into is not None else "--prometheus"
            raise click.UsageError(f"{option} is for Prometheus: VictoriaMetrics takes --to URL or --output FILE")
        if self.form == "openmetrics" and self.to is not None:
            raise click.UsageError("--to sends to VictoriaMetrics: add --format victoriametrics")


class Task(NamedTuple):
    """The samples of `span` under the labels of `target`, with notes for the user.

    `server` is the Prometheus of `--prometheus`, or the VictoriaMetrics of `--to`.
    """

    past: Past
    span: Span
    target: Labels
    zone: ZoneInfo
    server: MetricServer | None
    notes: tuple[str, ...]


def plan_backfill(options: BackfillOptions, session: Session, ledger: LedgerReader, now: float) -> Task:
    """Plan the backfill, and check that the server would keep the samples.

    Raises click.UsageError and click.ClickException, each with the remedy.
    """
    target = target_labels(session.settings, options.labels)
    server = _server(options)
    sampled = last_sample(session.settings.ledger.path)
    end = int(now if sampled is None else min(now, sampled)) + 1
    if server is not None:
        prometheus.require_target(server, target, now)
        prometheus.require_our_ledger(server, target, ledger_start(ledger), now)
    live = _until(options, server, target, ledger.zone, now)
    past = Past(ledger, end if live is None else min(end, live), session.settings.metrics.history)
    span = _span(options, past, ledger.zone, session, live)
    notes: tuple[str, ...] = ()
    if server is not None:
        notes = _require_retention(options, server, span, now, ledger.zone)
        prometheus.require_seam(server, target, past, now)
    return Task(past, span, target, ledger.zone, server, notes)


def ledger_start(ledger: LedgerReader) -> int | None:
    """Start of the first local day with bytes in the ledger (UTC seconds), None before there is one."""
    used = ledger.days(date.min, date.max, ledger.every_interface())
    day = min((day for day, moved in used.items() if moved.total), default=None)
    return None if day is None else day_start(day, ledger.zone)


def _server(options: BackfillOptions) -> MetricServer | None:
    if options.to is not None:
        return MetricServer(options.to, "--to")
    return None if options.prometheus is None else MetricServer(options.prometheus, "--prometheus")


def _until(
    options: BackfillOptions, server: MetricServer | None, target: Labels, zone: ZoneInfo, now: float
) -> int | None:
    """End of the samples from `--until` or the first live sample; None without either."""
    if options.until is not None:
        return options.until.start(zone)
    if server is None:
        return None
    return prometheus.live_since(server, target, now)


def _span(options: BackfillOptions, past: Past, zone: ZoneInfo, session: Session, live: int | None) -> Span:
    span = past.span
    if options.first is not None:
        span = Span(max(span.start, options.first.start(zone)), span.end)
    if span.start < span.end:
        return span
    if options.first is None and live is None:
        raise click.ClickException(
            f"{session.settings.ledger.path} holds nothing to tell yet: leave `netledger run` counting, and ask again"
        )
    ended = "" if live is None else f" before {iso(live, zone)}, where the live samples begin or --until ends it"
    raise click.ClickException(f"the ledger holds nothing to tell from {iso(span.start, zone)}{ended}")


def _require_retention(
    options: BackfillOptions, server: MetricServer, span: Span, now: float, zone: ZoneInfo
) -> tuple[str, ...]:
    """Raise where the server would delete the samples at once; returns a note where it will within a year."""
    is_victoria = options.to is not None
    found = victoria.retention(server) if is_victoria else prometheus.retention(server)
    flag = "-retentionPeriod" if is_victoria else "--storage.tsdb.retention.time"
    if found.seconds is None:
        return (f"{server.url} does not say how long it keeps samples: see to {flag}",) if not found.text else ()
    keeping = f"{flag}={recommended(span.start, now)}"
    left = found.seconds - (now - span.start)
    if left < 0:
        first = day_of(now - found.seconds, zone) + ONE_DAY
        raise click.ClickException(
            f"{server.url} keeps {found.text}, and the history reaches back {days_since(span.start, now)} days, to "
            f"{iso(span.start, zone)}: it would delete that at once. Start it with {keeping} first, or write less: "
            f"--from {first.isoformat()}"
        )
    if left < SOON_SECONDS:
        days = int(left) // DAY_SECONDS
        length = counted(days, "day", "days")
        return (f"{server.url} keeps {found.text}: the oldest samples go in {length}; {keeping} keeps them",)
    return ()
