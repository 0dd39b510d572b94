"""The rules of a dashboard of the mirror find what they are there for: mistakes in the one that is shipped."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import pytest

from tests.grafana.dashboard_files import Dashboard
from tests.grafana.findings import RULES_OF_SQL, broken_rules, told
from tests.grafana.sql_mistakes import MISTAKES, panel
from tests.grafana.sql_rules import SQL_RULES
from tests.grafana.type_checks import require_compiler, type_findings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.grafana.good_dashboard import Tree
    from tests.grafana.planted_mistakes import Mistake


@pytest.fixture
def tree(machines: Dashboard) -> Tree:
    """The shipped dashboard, to be broken."""
    return copy.deepcopy(dict(machines.raw))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_a_planted_mistake_is_found(mistake: Mistake, tree: Tree) -> None:
    mistake.plant(tree)

    findings = broken_rules(Dashboard(tree), RULES_OF_SQL)

    assert mistake.rule in {finding.rule for finding in findings}, told(findings)


def test_every_rule_is_shown_to_find_something() -> None:
    assert {mistake.rule for mistake in MISTAKES} == set(SQL_RULES)


def test_a_query_that_the_data_source_does_not_save_has_not_its_type(machines: Dashboard, tmp_path: Path) -> None:
    require_compiler()
    for number, keys in enumerate(OTHER_QUERIES):
        tree = copy.deepcopy(dict(machines.raw))
        panel(tree, "Today")["targets"][0].update(keys)
        (tmp_path / f"{number}.json").write_text(json.dumps(tree), encoding="utf-8")

    found = type_findings(sorted(tmp_path.glob("*.json")))

    assert {(finding.file[-6:-5], finding.place) for finding in found} == {(str(n), "Today") for n in range(4)}


OTHER_QUERIES: tuple[dict[str, object], ...] = (
    {"format": "logs"},
    {"rawSQL": "SELECT 1"},
    {"datasource": {"type": "postgres", "uid": "x"}},
    {"expr": "up"},
)
