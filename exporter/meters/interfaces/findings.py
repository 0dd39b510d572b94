"""Findings about interfaces for `netledger doctor`; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.meters.findings import FACT, LIMIT, PROBLEM, Finding
from exporter.meters.interfaces.counting_reasons import guesses
from reports.text.amounts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.meters.interfaces.checks import InterfaceFacts
    from exporter.meters.interfaces.counting_reasons import InterfaceVerdict

WIDE_BITS = 64


def find(facts: InterfaceFacts, verdicts: Sequence[InterfaceVerdict]) -> Iterator[Finding]:
    """Findings about counters, the machine's total, and limits of what is visible."""
    yield from _of_counters(facts)
    yield from _of_counting(facts, verdicts)
    yield from _of_limits(facts)


def _of_counters(facts: InterfaceFacts) -> Iterator[Finding]:
    scan = facts.scan
    if scan is None:
        yield Finding("meter", PROBLEM, f"The counters cannot be read: {facts.problem}.", "Mount /proc and /sys.")
        return
    bits = min((reading.counter_bits for reading in scan.readings), default=WIDE_BITS)
    yield Finding("meter", FACT, f"Bytes are {facts.source} of {counted(len(scan.links), 'interface', 'interfaces')}.")
    yield Finding("meter", FACT, f"The counters are {bits} bits wide.")
    if facts.announces_links:
        yield Finding("meter", FACT, "The kernel announces interfaces that come, go and are renamed.")
    else:
        yield Finding(
            "meter",
            LIMIT,
            "The kernel does not announce interfaces here: "
            "the last bytes of one that vanishes between two samples are not seen.",
        )
    yield Finding("meter", FACT, f"This boot is {scan.boot_id}, the network namespace {scan.namespace}.")


def _of_counting(facts: InterfaceFacts, verdicts: Sequence[InterfaceVerdict]) -> Iterator[Finding]:
    if facts.scan is None:
        return
    total = [verdict.name for verdict in verdicts if verdict.is_counted]
    if total:
        yield Finding("counting", FACT, f"The machine's total is {' + '.join(total)}.")
        for text, remedy in guesses(facts, total):
            yield Finding("counting", LIMIT, text, remedy)
    else:
        remedy = "Connect the machine, or set interfaces.counted."
        yield Finding("counting", PROBLEM, "No interface counts for the machine's total.", remedy)


def _of_limits(facts: InterfaceFacts) -> Iterator[Finding]:
    if facts.scan is not None:
        links = facts.scan.links.values()
        if not any(link.is_physical for link in links):
            yield Finding(
                "limits",
                LIMIT,
                "No hardware is visible: inside a container or a network namespace only its own traffic is seen; "
                "run netledger on the host to see the machine's.",
            )
        if not facts.default_routes:
            yield Finding(
                "limits",
                LIMIT,
                "There is no default route: what is up counts until there is one, or what interfaces.counted names.",
            )
    if facts.other_namespaces:
        others = counted(facts.other_namespaces, "other network namespace", "other network namespaces")
        yield Finding(
            "limits",
            LIMIT,
            f"Interfaces inside {others} are not seen, but what they move through this one is.",
        )
