"""Checks of the application meter: how it measures here, what it cannot see, and what would change that."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.sources import OFF, open_source
from exporter.meters.applications.state import NO_BACKEND
from exporter.meters.applications.traffic import Backend
from exporter.meters.findings import FACT, LIMIT, Finding, MeterReport
from exporter.terminal.imported import marked, marked_title
from exporter.terminal.printing import TextTable
from reports.calendar.days import day_of
from reports.calendar.period import Period
from reports.text.amounts import human_bytes
from reports.usage.applications import applications

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exporter.settings.tree import Settings
    from reports.ledger.reader import LedgerReader
    from reports.usage.applications import ApplicationUsage

TOPIC = "applications"
COLUMNS = ("Application", "Received", "Sent", "Total")
MOST_ROWS = 10
CAPABILITIES = ("CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON", "CAP_SYS_PTRACE", "CAP_DAC_READ_SEARCH")
"""What eBPF needs: to load and attach, for names of processes, for owners of sockets that are older than netledger."""


class ApplicationFacts(NamedTuple):
    """How applications are measured: by the running service, or else as it would be for this user.

    `python` is the interpreter that a capability would be given to. `busiest` are the applications of this month.
    """

    backend: Backend
    is_running: bool = False
    python: Path = Path(sys.executable)
    busiest: tuple[ApplicationUsage, ...] = ()


def check(settings: Settings, ledger: LedgerReader | None, running: Mapping[str, object] | None) -> MeterReport:
    """Findings about the way of measuring, and the busiest applications of this month."""
    facts = ApplicationFacts(
        _backend(settings) if running is None else backend_of(running),
        running is not None,
        Path(sys.executable).resolve(),
        () if ledger is None else _busiest(ledger, time.time()),
    )
    return application_report(facts)


def application_report(facts: ApplicationFacts) -> MeterReport:
    """The report of these facts."""
    rows = [
        (marked(each.name, each.imported_bytes), *map(human_bytes, (*each.bytes[:2], each.bytes.total)))
        for each in facts.busiest
    ]
    name, reason, limits = facts.backend
    document = {"backend": name, "reason": reason, "limits": list(limits)}
    title = marked_title("Busiest applications this month", sum(each.imported_bytes for each in facts.busiest))
    table = TextTable(title, COLUMNS, rows)
    return MeterReport(list(_find(facts)), table, {"application_meter": document})


def backend_of(running: Mapping[str, object]) -> Backend:
    """The backend as /api/health has it."""
    limits = running.get("limits")
    texts = tuple(map(str, limits)) if isinstance(limits, list) else ()
    return Backend(str(running.get("backend", NO_BACKEND)), str(running.get("reason", "")), texts)


def remedy_of(backend: Backend, python: Path) -> str:
    """What gives the meter what it lacks; "" where capabilities would change nothing."""
    if not any("CAP_" in text for text in (backend.reason, *backend.limits)):
        return ""
    capabilities = ",".join(CAPABILITIES).lower()
    return (
        "`netledger service install --applications` has a service of the system run with them; "
        f"in another unit of systemd: AmbientCapabilities={' '.join(CAPABILITIES)}. "
        f"Without systemd: sudo setcap {capabilities}+ep {python}, "
        "which gives them to every program that this interpreter runs."
    )


def _find(facts: ApplicationFacts) -> Iterator[Finding]:
    backend = facts.backend
    if backend.reason == OFF:
        yield Finding(TOPIC, FACT, "Applications are not measured: applications.meter is off.")
        return
    who = "The service measures" if facts.is_running else "For this user netledger measures"
    if backend.name == NO_BACKEND:
        yield Finding(TOPIC, LIMIT, f"{who} no applications: {backend.reason}.")
    else:
        yield Finding(TOPIC, FACT, f"{who} applications by {backend.name}.")
        if backend.reason:
            yield Finding(TOPIC, LIMIT, f"No better way works here: {backend.reason}.")
    for text in backend.limits:
        yield Finding(TOPIC, LIMIT, _sentence(text))
    if remedy := remedy_of(backend, facts.python):
        yield Finding(TOPIC, LIMIT, "Capabilities would change that.", remedy)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _backend(settings: Settings) -> Backend:
    source = open_source(settings)
    source.close()
    return source.backend


def _busiest(ledger: LedgerReader, now: float) -> tuple[ApplicationUsage, ...]:
    today = day_of(int(now), ledger.zone)
    period = Period.month(today.year, today.month, ledger.zone)
    return tuple(applications(ledger, period, now, limit=MOST_ROWS).applications)
