"""What `netledger doctor` says of the application meter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from exporter.doctor.checks import ClockFacts, Facts, LedgerFacts, ServiceFacts
from exporter.doctor.findings import diagnose
from exporter.meters.applications.checks import ApplicationFacts, application_report, backend_of, check
from exporter.meters.applications.settings import Applications
from exporter.meters.applications.traffic import Backend
from exporter.meters.findings import is_well
from exporter.settings.tree import Settings
from reports.ledger.reader import Bytes
from reports.ledger.shape import IMPORTED
from reports.usage.applications import ApplicationUsage

if TYPE_CHECKING:
    from tests.conftest import Golden

PYTHON = Path("/opt/netledger/bin/python3.11")
BUSIEST = (
    ApplicationUsage("firefox", Bytes(12_000_000_000, 340_000_000), {}, {}),
    ApplicationUsage("shop/api\x1b[31m", Bytes(500, 7), {}, {}),
)
CASES = {
    "ebpf": ApplicationFacts(Backend("ebpf"), is_running=True, busiest=BUSIEST),
    "without all capabilities": ApplicationFacts(
        Backend("ebpf", "", ("sockets older than netledger may be (unknown): their owners need CAP_SYS_PTRACE",)),
        is_running=True,
    ),
    "sock_diag": ApplicationFacts(
        Backend(
            "sock_diag",
            "ebpf: eBPF needs CAP_BPF and CAP_NET_ADMIN",
            ("UDP and QUIC are not seen: only TCP sockets have counters.",),
        )
    ),
    "nettop": ApplicationFacts(Backend("nettop", "", ("Bytes are payload.",))),
    "none": ApplicationFacts(Backend("none", "ebpf: no cgroup 2 is mounted; sock_diag: the kernel refused")),
    "off": ApplicationFacts(Backend("none", "applications.meter is off")),
}


def facts(found: ApplicationFacts) -> Facts:
    report = application_report(found._replace(python=PYTHON))
    ledger = LedgerFacts(Path("/ledger.db"), free_bytes=10**12, zone="UTC", keeps_backups=False)
    clock = ClockFacts(1_781_245_800, "UTC", is_auto=True)
    return Facts((report,), ledger, ServiceFacts(77, "http://127.0.0.1:7373"), clock)


def test_the_findings_are_the_promised_ones(golden: Golden) -> None:
    lines = []
    for name, found in CASES.items():
        (report,) = facts(found).meters
        lines += [f"# {name}", msgspec.json.encode(report.document).decode()]
        lines += [" | ".join(row) for row in report.table.rows]
        lines += [f"{each.level}: {each.text} {each.remedy}".rstrip() for each in report.findings]

    golden("applications/doctor.txt", "\n".join([*lines, ""]))


def test_no_way_of_measuring_is_a_problem() -> None:
    assert all(is_well(diagnose(facts(found))) for found in CASES.values())


def test_the_running_service_says_how_it_measures() -> None:
    running = {"backend": "ebpf", "reason": "", "limits": ["a", "b"]}

    assert backend_of(running) == Backend("ebpf", "", ("a", "b"))
    (first, *_) = check(Settings(), None, running).findings
    assert first.text == "The service measures applications by ebpf."
    assert backend_of({"limits": 7}) == Backend("none", "", ())


def test_without_a_service_it_is_tried() -> None:
    settings = Settings(applications=Applications(meter="nettop"))

    texts = [finding.text for finding in check(settings, None, None).findings]

    assert len(texts) == 1
    assert texts[0].startswith("For this user netledger measures ")


def test_imported_applications_are_marked() -> None:
    brought = BUSIEST[1]._replace(scopes={IMPORTED: BUSIEST[1].bytes})
    table = application_report(ApplicationFacts(Backend("ebpf"), busiest=(BUSIEST[0], brought))).table

    assert [row[0].endswith("*") for row in table.rows] == [False, True]
    assert table.title == "Busiest applications this month (* imported)"
