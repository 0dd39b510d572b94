"""Checks of the interface meter: what it reads, what it cannot see, and which interfaces count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.samples import MeterError
from exporter.meters.findings import MeterReport
from exporter.meters.interfaces.counting import CountingRules
from exporter.meters.interfaces.counting_reasons import judge_interfaces
from exporter.meters.interfaces.findings import find
from exporter.meters.interfaces.readers import open_reader
from exporter.terminal.printing import TextTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.metering.counters.readings import Scan
    from exporter.settings.tree import Settings
    from reports.ledger.reader import LedgerReader

COLUMNS = ("Interface", "Kind", "Counted", "Why")


class InterfaceFacts(NamedTuple):
    """One scan of the interface meter, or the `problem` that prevents it.

    `source` names the counters. `ever_uplinks` are the uplinks that the ledger remembers.
    """

    scan: Scan | None = None
    rules: CountingRules = CountingRules()
    ever_uplinks: frozenset[str] = frozenset()
    source: str = "the system's own counters"
    announces_links: bool = False
    problem: str = ""
    default_routes: frozenset[str] = frozenset()
    other_namespaces: int = 0


def check(settings: Settings, ledger: LedgerReader | None, _running: Mapping[str, object] | None) -> MeterReport:
    """Findings about interfaces, and each interface with the reason why it counts or does not."""
    return interface_report(_examine(settings, ledger, Path("/proc")))


def interface_report(facts: InterfaceFacts) -> MeterReport:
    """The report of these facts."""
    verdicts = judge_interfaces(facts)
    rows = [(one.name, one.kind, "yes" if one.is_counted else "no", one.reason) for one in verdicts]
    document = [
        {
            "interface": one.name,
            "kind": one.kind,
            "up": one.is_up,
            "metered": one.is_metered,
            "counted": one.is_counted,
            "reason": one.reason,
        }
        for one in verdicts
    ]
    table = TextTable("Interfaces", COLUMNS, rows, left=frozenset(range(len(COLUMNS))))
    return MeterReport(list(find(facts, verdicts)), table, {"interfaces": document})


def _examine(settings: Settings, ledger: LedgerReader | None, proc: Path) -> InterfaceFacts:
    interfaces = settings.interfaces
    known = () if ledger is None else ledger.interfaces()
    facts = InterfaceFacts(
        rules=CountingRules(interfaces.include, interfaces.exclude, interfaces.counted),
        ever_uplinks=frozenset(held.device for held in known if held.is_uplink),
    )
    if (proc / "net/dev").exists():
        facts = facts._replace(source=f"the kernel's counters ({proc}/net/dev)")
    try:
        meter = open_reader()
        try:
            return facts._replace(
                scan=meter.scan(),
                default_routes=meter.default_devices(),
                announces_links=meter.announces_links,
                other_namespaces=_other_namespaces(proc),
            )
        finally:
            meter.close()
    except MeterError as error:
        return facts._replace(problem=str(error))


def _other_namespaces(proc: Path) -> int:
    """Network namespaces of the processes that this user may see, without its own."""
    names = set()
    for link in (*proc.glob("[0-9]*/ns/net"), proc / "self/ns/net"):
        try:
            names.add(link.readlink().name)
        except OSError:
            continue
    return max(len(names) - 1, 0)
