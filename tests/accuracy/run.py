"""`make accuracy`: the experiment of docs/accuracy.md, as a Markdown table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.accuracy.contestants import missing_programs
from tests.accuracy.experiment import Experiment, Pace, Standing
from tests.end_to_end.world import World
from tests.privileges import reason_against_namespaces

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGIN, END = "<!-- table: written by make accuracy -->", "<!-- end of the table -->"
HEAD = """\
| after | truth, bytes | netledger, month gauge | `increase(node_network_*)` | vnStat |
|---|---:|---:|---:|---:|
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it, print the table, and where `--output` is given put it between that document's markers."""
    options = _parser().parse_args(arguments)
    if reason := reason_against_namespaces():
        sys.stderr.write(f"{reason}\n")
        return 2
    if lacking := missing_programs():
        sys.stderr.write(f"install these Debian packages first: {' '.join(lacking)}\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="netledger-accuracy-") as name, World(Path(name)) as world:
        standings = Experiment(world, Path(name), Pace(outage=options.outage)).run()
    shown = table(standings)
    sys.stdout.write(shown)
    if options.output:
        _replace(options.output, shown)
    return int(standings[-1].netledger != standings[-1].truth)


def table(standings: Sequence[Standing]) -> str:
    """Totals after each stage, and beside each how far it is from the truth."""
    rows = (
        f"| {standing.stage} | {standing.truth:,} | {_told(standing.netledger, standing)} "
        f"| {_told(standing.increase, standing)} | {_told(standing.vnstat, standing)} |\n"
        for standing in standings
    )
    return HEAD + "".join(rows)


def _told(amount: float, standing: Standing) -> str:
    difference = round(amount) - standing.truth
    return f"{round(amount):,} ({difference:+,})" if difference else f"{round(amount):,} (**0**)"


def _replace(output: Path, shown: str) -> None:
    text = output.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{output} has no place for the table: expected {BEGIN!r} and {END!r}")
    output.write_text(f"{before}{BEGIN}\n\n{shown}\n{END}{after}", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="document whose table is written anew")
    parser.add_argument("--outage", type=float, default=Pace().outage, help="seconds of the last stage")
    return parser


if __name__ == "__main__":
    sys.exit(main())
