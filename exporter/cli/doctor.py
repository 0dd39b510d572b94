"""`netledger doctor`: what is measured, how, what is not visible, and what to do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from exporter.doctor.checks import examine
from exporter.doctor.findings import diagnose
from exporter.meters.findings import FACT, PROBLEM, is_well
from exporter.session.reading import CommandAnswer, reading
from exporter.terminal.printing import CONTROL, print_sentence, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.doctor.checks import Facts
    from exporter.meters.findings import Finding
    from exporter.session.session import Session

TOPICS = {
    "meter": "How it is measured",
    "counting": "What counts",
    "limits": "What is not visible",
    "applications": "Applications",
    "requests": "Requests",
    "ledger": "Ledger",
    "service": "Service",
    "mirror": "Mirror",
    "clock": "Clock",
    "plans": "Plans",
}


@click.command()
@reading("Print JSON.")
def doctor(session: Session) -> CommandAnswer:
    """Say what is measured, how, what is not visible, and what to do (exit code 1: something needs attention)."""
    facts = examine(session)
    findings = diagnose(facts)
    document: dict[str, object] = {"well": is_well(findings), "findings": [finding._asdict() for finding in findings]}
    for meter in facts.meters:
        document |= meter.document
    return CommandAnswer(document, partial(_print, facts, findings), int(not is_well(findings)))


def _print(facts: Facts, findings: Sequence[Finding]) -> None:
    for meter in facts.meters:
        if meter.table.rows:
            print_table(meter.table)
    for topic, title in TOPICS.items():
        if of_topic := [finding for finding in findings if finding.topic == topic]:
            click.echo()
            click.secho(title, bold=True)
            for finding in of_topic:
                print_sentence(_line(finding), "    ")
    problems = sum(finding.level == PROBLEM for finding in findings)
    things = "One thing needs" if problems == 1 else f"{problems} things need"
    click.echo()
    click.echo(f"{things} attention (marked !)." if problems else "All is well.")


def _line(finding: Finding) -> str:
    mark = "!" if finding.level == PROBLEM else "-" if finding.level == FACT else "~"
    text = f"{finding.text} {finding.remedy}".rstrip().translate(CONTROL)
    return f"  {mark} {text}"
