"""What the rules find, and what is excepted from them with a reason, in the form of dashboard-linter's .lint file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import yaml

from tests.grafana.convention_rules import CONVENTION_RULES
from tests.grafana.dashboard_files import ROOT, Place
from tests.grafana.id_rules import ID_RULES
from tests.grafana.layout_rules import LAYOUT_RULES
from tests.grafana.linter_rules import LINTER_RULES
from tests.grafana.metric_rules import METRIC_RULES
from tests.grafana.sql_rules import SQL_RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.grafana.dashboard_files import Dashboard
    from tests.grafana.linter_rules import Rule

RULES: dict[str, Rule] = {**LINTER_RULES, **METRIC_RULES, **ID_RULES, **LAYOUT_RULES, **CONVENTION_RULES}
RULES_OF_SQL: dict[str, Rule] = {**SQL_RULES, **ID_RULES, **LAYOUT_RULES, **CONVENTION_RULES}
"""Those of a dashboard that asks the mirror."""
RULES_OF_RUNNING = (
    "query-fails",
    "query-empty",
    "query-not-a-number",
    "legend-empty",
    "legend-ambiguous",
    "field-missing",
    "variable-empty",
)
"""What only a server finds."""

LINT_FILE = ROOT / "grafana" / "checks" / ".lint"


class Finding(NamedTuple):
    """One thing that breaks a rule."""

    rule: str
    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.place}: {self.message}"


class Exclusion(NamedTuple):
    """A place (or all that stand in it) that may break a rule."""

    rule: str
    place: Place
    reason: str

    def covers(self, finding: Finding) -> bool:
        wanted, found = self.place, finding.place
        return (
            self.rule == finding.rule
            and wanted.dashboard in ("", found.dashboard)
            and wanted.panel in ("", found.panel)
            and wanted.target in (None, found.target)
        )


def read_exclusions(path: Path = LINT_FILE) -> tuple[Exclusion, ...]:
    """Those of the .lint file; a rule without entries is excluded everywhere."""
    rules = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("exclusions") or {}
    return tuple(
        Exclusion(rule, _place(entry), str(what.get("reason") or ""))
        for rule, what in rules.items()
        for entry in what.get("entries") or [{}]
    )


def broken_rules(dashboard: Dashboard, rules: Mapping[str, Rule] = RULES) -> list[Finding]:
    """Everything that a dashboard does not keep of the rules that need no server."""
    return [Finding(name, *found) for name, rule in rules.items() for found in rule(dashboard)]


def not_excluded(findings: Iterable[Finding], exclusions: Iterable[Exclusion]) -> list[Finding]:
    known = tuple(exclusions)
    return [finding for finding in findings if not any(each.covers(finding) for each in known)]


def needless(exclusions: Iterable[Exclusion], findings: Iterable[Finding]) -> list[Exclusion]:
    """Exclusions that nothing needs any more."""
    found = tuple(findings)
    return [each for each in exclusions if not any(each.covers(finding) for finding in found)]


def told(findings: Iterable[object]) -> str:
    """One a line, for an assertion's message."""
    return "\n".join(["", *map(str, findings)])


def _place(entry: dict[str, str]) -> Place:
    target = entry.get("targetIdx")
    return Place(entry.get("dashboard", ""), entry.get("panel", ""), None if target is None else int(target))
