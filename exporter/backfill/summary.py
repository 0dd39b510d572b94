"""The summary of a backfill as text and JSON, with the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from exporter.backfill.retention import days_since, recommended
from exporter.terminal.printing import CONTROL, print_json
from reports.calendar.days import iso
from reports.text.amounts import counted, human_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from exporter.backfill.planning import BackfillOptions, Task
    from exporter.backfill.promtool import Block


class Summary(NamedTuple):
    """Number of samples, their bytes (0 where unknown), and the blocks."""

    samples: int
    size: int
    blocks: Sequence[Block] = ()


def print_summary(options: BackfillOptions, task: Task, summary: Summary, now: float) -> None:
    """Print it, to standard error where the samples go to standard output."""
    if options.as_json:
        print_json(_answer(options, task, summary, now))
        return
    is_piped = options.output is None and options.into is None and options.to is None
    for line in _lines(options, task, summary, now):
        click.echo(line.translate(CONTROL), err=is_piped)


def _answer(options: BackfillOptions, task: Task, summary: Summary, now: float) -> dict[str, Any]:
    return {
        "format": options.form,
        "into": str(options.into) if options.into else None,
        "output": str(options.output) if options.output else None,
        "to": task.server.url if options.to and task.server else None,
        "labels": dict(task.target),
        "from": iso(task.span.start, task.zone),
        "last": iso(task.past.horizon, task.zone),
        "samples": summary.samples,
        "bytes": summary.size,
        "blocks": [
            {"block": block.path.name, "samples": block.samples, "bytes": block.size} for block in summary.blocks
        ],
        "days": days_since(task.span.start, now),
        "retention": recommended(task.span.start, now),
        "notes": list(task.notes),
    }


def _lines(options: BackfillOptions, task: Task, summary: Summary, now: float) -> list[str]:
    size = f" ({human_bytes(summary.size)})" if summary.size else ""
    blocks = f" in {counted(len(summary.blocks), 'block', 'blocks')}" if summary.blocks else ""
    labels = " ".join(f'{name}="{value}"' for name, value in task.target)
    place = task.server.url if options.to and task.server else str(options.into or options.output or "standard output")
    kept = recommended(task.span.start, now)
    lines = [
        f"{place}: {summary.samples:,} samples{blocks}{size}",
        f"  from {iso(task.span.start, task.zone)} to {iso(task.past.horizon, task.zone)}, {labels}",
    ]
    if options.form == "openmetrics" and task.server is None:
        days = days_since(task.span.start, now)
        least = counted(days, "day", "days")
        lines.append(f"  Prometheus keeps them with --storage.tsdb.retention.time={kept}; {least} is the least")
    if options.into is not None:
        lines.append(_next_step(options.into))
    return lines


def _next_step(folder: Path) -> str:
    if any((folder / name).exists() for name in ("wal", "chunks_head")):
        return "  A running Prometheus takes the blocks in within two minutes, one that stands when it starts"
    return f"  With that set, move them into its data folder: mv {folder}/* /var/lib/prometheus/metrics2/"
