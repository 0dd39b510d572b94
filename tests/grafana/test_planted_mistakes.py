"""The checks find what they are there for: a good dashboard keeps every rule, and each planted mistake breaks one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.grafana.dashboard_files import Dashboard, Place
from tests.grafana.findings import RULES, Exclusion, broken_rules, needless, not_excluded, told
from tests.grafana.good_dashboard import good_dashboard
from tests.grafana.planted_mistakes import CONVENTIONS, IDS, LAYOUT, LINTER, METRICS, TYPES, Mistake
from tests.grafana.type_checks import TypeFinding, require_compiler, type_findings

if TYPE_CHECKING:
    from pathlib import Path

MISTAKES = (*LINTER, *METRICS, *IDS, *LAYOUT, *CONVENTIONS)


def test_a_good_dashboard_keeps_every_rule() -> None:
    findings = broken_rules(Dashboard(good_dashboard()))

    assert not findings, told(findings)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_a_planted_mistake_is_found(mistake: Mistake) -> None:
    tree = good_dashboard()
    mistake.plant(tree)

    findings = broken_rules(Dashboard(tree))

    assert mistake.rule in {finding.rule for finding in findings}, told(findings)


def test_every_rule_is_shown_to_find_something() -> None:
    assert set(RULES) == {mistake.rule for mistake in MISTAKES}


@pytest.fixture(scope="module")
def findings_of_types(tmp_path_factory: pytest.TempPathFactory) -> list[TypeFinding]:
    """What the compiler says of all mistakes: it is started once."""
    require_compiler()
    folder = tmp_path_factory.mktemp("mistakes")
    _write(folder, "good", good_dashboard())
    for number, mistake in enumerate(TYPES):
        tree = good_dashboard()
        mistake.plant(tree)
        _write(folder, f"mistake-{number}", tree)
    return type_findings(sorted(folder.glob("*.json")))


def test_a_good_dashboard_has_grafanas_types(findings_of_types: list[TypeFinding]) -> None:
    found = [finding for finding in findings_of_types if finding.file.endswith("good.json")]

    assert not found, told(found)


@pytest.mark.parametrize("number", range(len(TYPES)), ids=lambda number: TYPES[number].what)
def test_a_planted_mistake_of_types_is_found_where_it_is(number: int, findings_of_types: list[TypeFinding]) -> None:
    found = [finding for finding in findings_of_types if finding.file.endswith(f"mistake-{number}.json")]

    assert TYPES[number].rule in {finding.place for finding in found}, told(found)


@pytest.mark.parametrize(
    ("place", "is_needed"),
    [
        (Place(""), True),
        (Place("netledger / Example"), True),
        (Place("netledger / Example", "Left"), True),
        (Place("netledger / Example", "Used"), False),
        (Place("netledger / Other"), False),
    ],
)
def test_an_exclusion_covers_its_place_and_nothing_else(place: Place, is_needed: bool) -> None:  # noqa: FBT001
    tree = good_dashboard()
    LINTER[-1].plant(tree)
    tree["panels"][1]["fieldConfig"]["defaults"]["unit"] = "furlongs"
    exclusion = Exclusion("panel-units-rule", place, "an example")

    findings = broken_rules(Dashboard(tree))

    left = {finding.rule for finding in not_excluded(findings, [exclusion])}
    assert left == ({"uneditable-dashboard"} if is_needed else {"uneditable-dashboard", "panel-units-rule"})
    assert needless([exclusion], findings) == ([] if is_needed else [exclusion])


def _write(folder: Path, name: str, tree: object) -> None:
    (folder / f"{name}.json").write_text(json.dumps(tree), encoding="utf-8")
