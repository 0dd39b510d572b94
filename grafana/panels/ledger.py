"""The ledger over time: commits, size, rows, the disk below it; of many machines, the highest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.colours import always
from grafana.kit.panels import Frame, lengths, ranking, trend
from grafana.kit.queries import highest, now, of, over_time, rate

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.bargauge import Panel as Lengths
    from grafana_foundation_sdk.builders.timeseries import Panel

MACHINE = "{{instance}}"


def commits(frame: Frame) -> Panel:
    """How long commits take."""
    buckets = f"sum by (instance, le) ({rate('netledger_ledger_commit_duration_seconds_bucket')})"
    slowest = f"max_over_time(histogram_quantile(0.99, {buckets})[$__range:$__interval] @ end())"
    targets = (
        over_time(highest(f"histogram_quantile(0.5, {buckets})", slowest, "instance"), f"{MACHINE} half"),
        over_time(highest(f"histogram_quantile(0.99, {buckets})", slowest, "instance"), f"{MACHINE} 99 of 100", "B"),
    )
    return trend(frame, "s", *targets).min(0).fill_opacity(0).legend(ranking())


def size(frame: Frame) -> Panel:
    """Size of the ledger's files."""
    return _machines(frame, "decbytes", of("netledger_ledger_size_bytes"))


def rows_by_table(frame: Frame) -> Lengths:
    """Rows of each table, all machines together."""
    counts = f"sort_desc(sum by (table) ({of('netledger_ledger_rows')}))"
    return lengths(frame, "locale", now(counts, "{{table}}")).min(0).color_scheme(always("blue"))


def disk(frame: Frame) -> Panel:
    """How full the ledger's file system is."""
    free, whole = of("netledger_ledger_disk_free_bytes"), of("netledger_ledger_disk_size_bytes")
    return _machines(frame, "percentunit", f"1 - {free} / {whole}").max(1)


def unposted(frame: Frame) -> Panel:
    """Bytes that are in memory only."""
    return _machines(frame, "decbytes", of("netledger_ledger_unposted_bytes"))


def commit_age(frame: Frame) -> Panel:
    """Time since the last commit, when scraped."""
    committed = of("netledger_ledger_last_commit_timestamp_seconds")
    return _machines(frame, "s", f"timestamp({committed}) - {committed}").axis_soft_max(15)


def _machines(frame: Frame, unit: str, expression: str) -> Panel:
    return trend(frame, unit, over_time(highest(f"({expression})"), MACHINE)).min(0).fill_opacity(0).legend(ranking())
