"""Findings of the checks of `netledger doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exporter.terminal.printing import TextTable

FACT, LIMIT, PROBLEM = "fact", "limit", "problem"


class Finding(NamedTuple):
    """One sentence about one topic: a fact, a limit of what can be measured, or a problem with its remedy."""

    topic: str
    level: str
    text: str
    remedy: str = ""


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether none of them is a problem."""
    return all(finding.level != PROBLEM for finding in findings)


class MeterReport(NamedTuple):
    """Findings of a meter's checks, and its subjects: as a table, and as a part of the JSON document."""

    findings: Sequence[Finding]
    table: TextTable
    document: Mapping[str, object]
