"""What a running Prometheus says of itself and of our series: how long it keeps, and where the live ones begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from exporter.backfill.labels import selector
from exporter.backfill.retention import prometheus_seconds
from reports.calendar.spans import Span

if TYPE_CHECKING:
    from exporter.backfill.server import MetricServer
    from reports.past.samples import Labels, Past

MARK = "netledger_last_sample_timestamp_seconds"
"""A series of each scraped netledger that is never backfilled; its value is no later than the scrape."""

LEDGER_START = "netledger_ledger_start_timestamp_seconds"
"""When the first day of a ledger began: what tells one machine's from another's."""

EVER = "100y"
SEAM_SECONDS = 2 * 86_400
"""So far before the end of the past every counter has a sample."""
MOST_TOLD = 5


class ServerRetention(NamedTuple):
    """What the server says, and the seconds it comes to (None: it forgets nothing for its age)."""

    told: str
    seconds: float | None


class UnknownTargetError(click.ClickException):
    """The server scrapes netledger under other labels; the text names them."""


class SeamError(click.ClickException):
    """The live counters begin below the end of the past; the text says what to do."""


def retention(server: MetricServer) -> ServerRetention:
    """Ask how long samples are kept; raises MetricServerError."""
    told = str(server.json("/api/v1/status/runtimeinfo").get("storageRetention", ""))
    return ServerRetention(told, prometheus_seconds(told))


def require_target(server: MetricServer, target: Labels, now: float) -> None:
    """Raise UnknownTargetError where it knows netledger, and not by these labels."""
    known = server.json("/api/v1/series", **{"match[]": MARK}, start=0, end=now)
    targets = sorted({tuple(sorted((k, v) for k, v in labels.items() if k != "__name__")) for labels in known})
    if targets and tuple(sorted(target)) not in targets:
        texts = [" ".join(f"--label {name}={value}" for name, value in labels) for labels in targets[:MOST_TOLD]]
        raise UnknownTargetError(
            f"{server.url} knows no netledger with {' '.join(f'{k}={v}' for k, v in target)}, "
            f"and the past would not join its series: use {', or '.join(texts)}"
        )


def require_our_ledger(server: MetricServer, target: Labels, begins: int | None, now: float) -> None:
    """Raise UnknownTargetError where the target is of a ledger that begins on another day than ours (UTC seconds)."""
    query = f"last_over_time({selector(target, LEDGER_START)}[{EVER}])"
    found = server.json("/api/v1/query", query=query, time=now)["result"]
    told = {int(float(one["value"][1])) for one in found}
    if begins is not None and told and begins not in told:
        raise UnknownTargetError(
            f"what {server.url} scrapes with {' '.join(f'{k}={v}' for k, v in target)} is another ledger: it begins on "
            f"another day than this one. Name the target of this machine with --label instance=..."
        )


def live_since(server: MetricServer, target: Labels, now: float) -> int | None:
    """When it took its first sample of us that it still has (UTC seconds); None before there is one."""
    return _least(server, f"min(min_over_time({selector(target, MARK)}[{EVER}]))", now)


def first_values(server: MetricServer, target: Labels, name: str, since: int, now: float) -> dict[str, float]:
    """The value with which a counter begins after `since`, by device."""
    reach = f"[{max(int(now) - since, 1)}s]"
    query = f"min by (device) (min_over_time({selector(target, name)}{reach}))"
    found = server.json("/api/v1/query", query=query, time=now)["result"]
    return {one["metric"].get("device", ""): float(one["value"][1]) for one in found}


def require_seam(server: MetricServer, target: Labels, past: Past, now: float) -> None:
    """Raise SeamError where a live counter begins below the past: history was added to the ledger since."""
    for family in past.families(Span(max(past.span.start, past.horizon - SEAM_SECONDS), past.horizon + 1)):
        if family.kind != "counter":
            continue
        begun = first_values(server, target, family.name, past.horizon, now)
        for series in family.series:
            device, last = dict(series.labels).get("device", ""), series.values[-1]
            if begun.get(device, last) < float(last):
                whose = device or "the machine"
                raise SeamError(
                    f"{family.name} of {whose} begins with {begun[device]:.0f} in {server.url}, and the ledger had "
                    f"counted {last} by then: history was added since, and Prometheus would see a counter reset. "
                    "Delete its live samples of netledger first, or give another --label instance"
                )


def _least(server: MetricServer, query: str, now: float) -> int | None:
    found = server.json("/api/v1/query", query=query, time=now)["result"]
    return int(float(found[0]["value"][1])) if found else None
