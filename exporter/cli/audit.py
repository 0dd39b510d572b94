"""`netledger audit`: the proof that the ledger holds what the kernel counted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from exporter.ledger.opening.inspection import ledger_faults
from exporter.metering.samples import MeterError
from exporter.meters.interfaces.kernel_counters import read_kernel_counters
from exporter.session.client import ServiceError
from exporter.session.reading import CommandAnswer, reading
from exporter.terminal.amounts import count_text
from exporter.terminal.dates import time_text
from exporter.terminal.options import interface_option
from exporter.terminal.printing import TextTable, print_table
from reports.calendar.days import iso
from reports.ledger.interface_names import devices_of, interface_label
from reports.usage.audit import audit as compare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from exporter.session.session import Session
    from reports.usage.audit import Audit, KernelCounter


@click.command()
@reading("Print JSON.")
@interface_option("Only this one.")
def audit(session: Session, *, interfaces: Sequence[str]) -> CommandAnswer:
    """Prove the ledger against the kernel's counters (exit code 1 on a difference).

    For each interface: what the kernel's counter gained since its epoch began, what the ledger gained since the
    same instant, what was discarded as impossible, and the difference, which must be 0. The ledger is also
    compared with itself, as `netledger ledger verify` does.
    """
    session.require_ledger()
    _post_everything(session)
    kernel = _kernel_counters()
    with session.read_posted() as ledger:
        found, zone, faults = (
            compare(ledger, kernel, session.now()),
            ledger.zone,
            ledger_faults(session.settings.ledger.path),
        )
    aliases = session.settings.interfaces.names
    chosen = devices_of(interfaces, [line.device for line in found.lines], aliases)
    lines = [line for line in found.lines if not interfaces or line.device in chosen]
    doubts = [incident for incident in found.doubts if not interfaces or incident.subject in chosen]
    found = found._replace(lines=lines, doubts=doubts)
    document = {**_document(found, zone), "faults": faults}
    return CommandAnswer(document, partial(_print, found, zone, faults, aliases), int(bool(found.difference or faults)))


def _post_everything(session: Session) -> None:
    if session.client is None:
        return
    try:
        session.client.post("/api/commit")
    except ServiceError as error:
        click.echo(f"without what is not posted yet: {error}", err=True)


def _kernel_counters() -> dict[str, KernelCounter]:
    try:
        return read_kernel_counters()
    except MeterError as error:
        raise click.ClickException(f"the kernel's counters cannot be read: {error}") from error


def _document(found: Audit, zone: ZoneInfo) -> dict[str, object]:
    return {
        "difference": found.difference,
        "interfaces": [
            {
                "interface": line.device,
                "counted": line.is_counted,
                "since": iso(line.since, zone),
                "kernel_bytes_received": line.kernel[0],
                "kernel_bytes_sent": line.kernel[1],
                "ledger_bytes_received": line.ledger[0],
                "ledger_bytes_sent": line.ledger[1],
                "discarded_bytes": sum(line.discarded),
                "waiting_bytes": line.waiting,
                "difference": line.difference,
            }
            for line in found.lines
        ],
        "gaps": [
            {"from": iso(gap.began, zone), "to": iso(gap.ended, zone), "cause": gap.cause, "bytes": gap.bytes}
            for gap in found.gaps
        ],
        "in_doubt": [
            {
                "interface": incident.subject,
                "at": iso(incident.at, zone),
                "bytes": incident.bytes,
                "reason": incident.detail,
            }
            for incident in found.doubts
        ],
    }


def _print(found: Audit, zone: ZoneInfo, faults: list[str], aliases: Mapping[str, str]) -> None:
    rows = [
        (
            interface_label(line.device, aliases),
            _when(line.since, zone),
            count_text(sum(line.kernel)),
            count_text(sum(line.ledger)),
            count_text(sum(line.discarded)),
            "gone" if line.waiting is None else count_text(line.waiting),
            count_text(line.difference),
        )
        for line in found.lines
    ]
    columns = ("Interface", "Since", "Kernel", "Ledger", "Discarded", "Waiting", "Difference")
    title = f"Bytes received and sent ({zone.key})"
    gaps = [
        f"Gap ({gap.cause}): {_when(gap.began, zone)} to {_when(gap.ended, zone)}, "
        f"{count_text(gap.bytes)} bytes counted across it."
        for gap in found.gaps
    ]
    doubts = [
        f"In doubt: {incident.subject} at {_when(incident.at, zone)}, "
        f"{count_text(incident.bytes)} bytes counted ({incident.detail})."
        for incident in found.doubts
    ]
    notes = [*gaps, *doubts, *(f"Wrong in the ledger: {fault}." for fault in faults)]
    print_table(TextTable(title, columns, rows, left=frozenset({0, 1})), [*notes, _verdict(found, faults)])


def _verdict(found: Audit, faults: list[str]) -> str:
    if not found.lines and not faults:
        return "The ledger has no counter to compare with yet."
    if faults:
        return "The ledger contradicts itself."
    if found.difference:
        return "The ledger and the kernel differ."
    if all(line.waiting is None for line in found.lines):
        return "Nothing could be compared: the counters are gone, by a restart or in another network namespace."
    return "All else is accounted for." if found.doubts else "Every byte is accounted for."


def _when(instant: int, zone: ZoneInfo) -> str:
    return time_text(iso(instant, zone))
