"""`netledger doctor`: what is measured, how, what is not visible, and what to do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from exporter.doctor.checks import examine
from exporter.doctor.findings import FACT, PROBLEM, diagnose
from exporter.session.reading import Answer, reading
from exporter.terminal.printing import CONTROL, Table, print_table, say

if TYPE_CHECKING:
    from exporter.doctor.findings import Diagnosis, Finding
    from exporter.session.session import Session

TOPICS = {
    "meter": "How it is measured",
    "counting": "What counts",
    "limits": "What is not visible",
    "ledger": "Ledger",
    "service": "Service",
    "clock": "Clock",
}


@click.command()
@reading("Print JSON.")
def doctor(session: Session) -> Answer:
    """Say what is measured, how, what is not visible, and what to do (exit code 1: something needs attention)."""
    diagnosis = diagnose(examine(session))
    return Answer(_document(diagnosis), partial(_print, diagnosis), int(not diagnosis.is_well))


def _document(diagnosis: Diagnosis) -> dict[str, object]:
    return {
        "well": diagnosis.is_well,
        "findings": [finding._asdict() for finding in diagnosis.findings],
        "interfaces": [
            {
                "interface": verdict.name,
                "kind": verdict.kind,
                "up": verdict.is_up,
                "metered": verdict.is_metered,
                "counted": verdict.is_counted,
                "reason": verdict.reason,
            }
            for verdict in diagnosis.interfaces
        ],
    }


def _print(diagnosis: Diagnosis) -> None:
    rows = [
        (verdict.name, verdict.kind, "yes" if verdict.is_counted else "no", verdict.reason)
        for verdict in diagnosis.interfaces
    ]
    if rows:
        columns = ("Interface", "Kind", "Counted", "Why")
        print_table(Table("Interfaces", columns, rows, left=frozenset(range(4))))
    for topic, title in TOPICS.items():
        findings = [finding for finding in diagnosis.findings if finding.topic == topic]
        if findings:
            click.echo()
            click.secho(title, bold=True)
            for finding in findings:
                say(_line(finding), "    ")
    problems = sum(finding.level == PROBLEM for finding in diagnosis.findings)
    things = "One thing needs" if problems == 1 else f"{problems} things need"
    click.echo()
    click.echo("All is well." if diagnosis.is_well else f"{things} attention (marked !).")


def _line(finding: Finding) -> str:
    mark = "!" if finding.level == PROBLEM else "-" if finding.level == FACT else "~"
    text = f"{finding.text} {finding.remedy}".rstrip().translate(CONTROL)
    return f"  {mark} {text}"
