"""`make bench`: measure every figure that the project promises, and print them as a Markdown table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import (
    commands,
    crowds,
    exports,
    ingest,
    kernel_counts,
    live_page,
    log_lines,
    middlewares,
    mirroring,
    other_meters,
    peers,
    questions,
    request_bytes,
    request_questions,
    resting,
    scrapes,
    socket_polls,
    spans,
    starts,
    wrapups,
)
from tests.bench.document import MarkerError, renewed, replaced
from tests.bench.machine import this_machine
from tests.bench.settings import Bench
from tests.bench.table import page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.bench.rows import Row

FIGURES: Mapping[str, Callable[[Bench], list[Row]]] = {
    "resting": resting.measure,
    "scrapes": scrapes.measure,
    "crowds": crowds.measure,
    "starts": starts.measure,
    "commands": commands.measure,
    "questions": questions.measure,
    "request questions": request_questions.measure,
    "request bytes": request_bytes.measure,
    "other meters": other_meters.measure,
    "kernel counts": kernel_counts.measure,
    "ingest": ingest.measure,
    "middlewares": middlewares.measure,
    "spans": spans.measure,
    "log lines": log_lines.measure,
    "sockets": socket_polls.measure,
    "exports": exports.measure,
    "page": live_page.measure,
    "wrapups": wrapups.measure,
    "mirror": mirroring.measure,
    "peers": peers.measure,
}
DISK_FOLDER = "/var/tmp"  # noqa: S108 - /tmp is often memory, and writing there says nothing about disks


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and where `--output` is given write; returns the exit code."""
    options = _parser().parse_args(arguments)
    machine = this_machine()
    with tempfile.TemporaryDirectory(prefix="netledger-bench-", dir=options.folder) as folder:
        bench = Bench(Path(folder), minutes=options.minutes)
        rows = _measured(bench.quick() if options.quick else bench, options.only or list(FIGURES))
    figures = page(machine, rows, f"{datetime.now(UTC):%Y-%m-%d}")
    sys.stdout.write(figures)
    return (
        _write(options.output, figures, [row.figure for row in rows] if options.only else None) if options.output else 0
    )


def _measured(bench: Bench, names: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        sys.stderr.write(f"measuring {name} ...\n")
        rows += FIGURES[name](bench)
    return rows


def _write(output: Path, figures: str, names: Sequence[str] | None) -> int:
    """Replace all figures, or those of these names."""
    try:
        text = output.read_text(encoding="utf-8")
        new = replaced(text, figures) if names is None else renewed(text, figures, names)
        output.write_text(new, encoding="utf-8")
    except (OSError, MarkerError) as error:
        sys.stderr.write(f"{output} is unchanged: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(FIGURES), help="measure this alone; may be repeated")
    parser.add_argument("--quick", action="store_true", help="shorter and fewer windows")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long before memory is read (default: 1)")
    parser.add_argument("--output", type=Path, help="document whose part between the markers is replaced")
    parser.add_argument("--folder", default=DISK_FOLDER, help=f"where ledgers are made (default: {DISK_FOLDER})")
    return parser


if __name__ == "__main__":
    sys.exit(main())
