"""`make accuracy`: the experiments of docs/accuracy.md, as Markdown tables."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.accuracy import applications
from tests.accuracy.contestants import missing_programs
from tests.accuracy.experiment import Experiment, Pace, Standing
from tests.end_to_end.world import World
from tests.privileges import reason_against_namespaces

if TYPE_CHECKING:
    from collections.abc import Sequence

COUNTERS = ("<!-- table: written by make accuracy -->", "<!-- end of the table -->")
APPLICATIONS = ("<!-- applications: written by make accuracy -->", "<!-- end of applications -->")
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
    if options.only != "applications" and (lacking := missing_programs()):
        sys.stderr.write(f"install these Debian packages first: {' '.join(lacking)}\n")
        return 2
    results = []
    if options.only != "applications":
        with tempfile.TemporaryDirectory(prefix="netledger-accuracy-") as name, World(Path(name)) as world:
            standings = Experiment(world, Path(name), Pace(outage=options.outage)).run()
        results.append(standings[-1].netledger == standings[-1].truth)
        _show(table(standings), COUNTERS, options.output)
    if options.only != "interfaces":
        counted = applications.measure()
        results.append(all(standing.ebpf == standing.truth for standing in counted))
        _show(applications.table(counted), APPLICATIONS, options.output)
    return int(not all(results))


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


def _show(shown: str, markers: tuple[str, str], output: Path | None) -> None:
    """Print a table, and put it between its markers in the document, if there is one."""
    sys.stdout.write(f"{shown}\n")
    if output is None:
        return
    text = output.read_text(encoding="utf-8")
    before, begin, rest = text.partition(markers[0])
    _, end, after = rest.partition(markers[1])
    if not begin or not end:
        raise SystemExit(f"{output} has no place for the table: expected {markers[0]!r} and {markers[1]!r}")
    output.write_text(f"{before}{begin}\n\n{shown}\n{end}{after}", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="document whose tables are written anew")
    parser.add_argument("--only", choices=("interfaces", "applications"), help="one of the two experiments")
    parser.add_argument("--outage", type=float, default=Pace().outage, help="seconds of the last stage")
    return parser


if __name__ == "__main__":
    sys.exit(main())
