"""Questions to a running Prometheus: how long it keeps samples, and where the live series begin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exporter.backfill.labels import selector
from exporter.backfill.retention import ServerRetention, prometheus_seconds
from reports.calendar.days import Span

if TYPE_CHECKING:
    from exporter.backfill.server import MetricServer
    from reports.past.samples import Labels, Past

MARK = "netledger_last_sample_timestamp_seconds"
"""A gauge of every scraped netledger, never backfilled; its value is no later than the scrape."""

LEDGER_START = "netledger_ledger_start_timestamp_seconds"
"""Start of the first day of a ledger; it differs between machines."""

EVER = "100y"
SEAM_SECONDS = 2 * 86_400
"""Every counter has a sample within this time before the end of the past."""
MOST_TARGETS = 5
"""Targets that an error lists."""


class UnknownTargetError(click.ClickException):
    """The server scrapes netledger under other labels; the text names them."""


class SeamError(click.ClickException):
    """The live counters begin below the end of the past; the text has the remedy."""


def retention(server: MetricServer) -> ServerRetention:
    """The server's retention; raises MetricServerError."""
    text = str(server.get("/api/v1/status/runtimeinfo").get("storageRetention", ""))
    return ServerRetention(text, prometheus_seconds(text))


def require_target(server: MetricServer, target: Labels, now: float) -> None:
    """Raise UnknownTargetError where the server scrapes netledger under other labels only."""
    known = server.get("/api/v1/series", **{"match[]": MARK}, start=0, end=now)
    targets = sorted({tuple(sorted((k, v) for k, v in labels.items() if k != "__name__")) for labels in known})
    if targets and tuple(sorted(target)) not in targets:
        texts = [" ".join(f"--label {name}={value}" for name, value in labels) for labels in targets[:MOST_TARGETS]]
        raise UnknownTargetError(
            f"{server.url} knows no netledger with {_text(target)}, "
            f"and the past would not join its series: use {', or '.join(texts)}"
        )


def require_our_ledger(server: MetricServer, target: Labels, begins: int | None, now: float) -> None:
    """Raise UnknownTargetError where the target's ledger begins on another day than ours (UTC seconds)."""
    found = server.query(f"last_over_time({selector(target, LEDGER_START)}[{EVER}])", now)
    starts = {int(value) for _, value in found}
    if begins is not None and starts and begins not in starts:
        raise UnknownTargetError(
            f"what {server.url} scrapes with {_text(target)} is another ledger: it begins on "
            f"another day than this one. Name the target of this machine with --label instance=..."
        )


def live_since(server: MetricServer, target: Labels, now: float) -> int | None:
    """Time of the server's oldest sample of this target (UTC seconds), None without one."""
    found = server.query(f"min(min_over_time({selector(target, MARK)}[{EVER}]))", now)
    return int(found[0][1]) if found else None


def first_values(server: MetricServer, target: Labels, name: str, since: int, now: float) -> dict[str, float]:
    """The first value of a counter after `since`, by device."""
    reach = f"[{max(int(now) - since, 1)}s]"
    found = server.query(f"min by (device) (min_over_time({selector(target, name)}{reach}))", now)
    return {labels.get("device", ""): value for labels, value in found}


def require_seam(server: MetricServer, target: Labels, past: Past, now: float) -> None:
    """Raise SeamError where a live counter begins below the past: history was added, or more interfaces count."""
    for family in past.families(Span(max(past.span.start, past.horizon - SEAM_SECONDS), past.horizon + 1)):
        if family.kind != "counter":
            continue
        first = first_values(server, target, family.name, past.horizon, now)
        for series in family.series:
            device, last = dict(series.labels).get("device", ""), series.values[-1]
            if first.get(device, last) < float(last):
                owner = device or "the machine"
                cause = ("" if device else "more interfaces count, or ") + "history was added since"
                raise SeamError(
                    f"{family.name} of {owner} begins with {first[device]:.0f} in {server.url}, and the ledger had "
                    f"counted {last} by then: {cause}, and Prometheus would see a counter reset. "
                    "Delete its live samples of netledger first, or give another --label instance"
                )


def _text(target: Labels) -> str:
    return " ".join(f"{name}={value}" for name, value in target)
