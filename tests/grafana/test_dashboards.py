"""The dashboards that are shipped: generated from the code, of Grafana's types, by the rules, and linked to."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reports.text import grafana_links
from tests.grafana import grafana_ids
from tests.grafana.convention_rules import UIDS
from tests.grafana.dashboard_files import FOLDER, ROOT, Dashboard, load
from tests.grafana.findings import (
    RULES,
    RULES_OF_RUNNING,
    RULES_OF_SQL,
    broken_rules,
    needless,
    not_excluded,
    read_exclusions,
    told,
)
from tests.grafana.type_checks import CHECKS, require_compiler, type_findings

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = ROOT / "grafana" / "import"


def test_the_committed_dashboards_are_what_the_code_generates() -> None:
    pytest.importorskip("grafana_foundation_sdk", reason="generating needs grafana-foundation-sdk: .[test]")

    done = subprocess.run(
        [sys.executable, "-m", "grafana.generate", "--check"], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert done.returncode == 0, done.stderr


def test_every_dashboard_is_there(shipped: tuple[Dashboard, ...]) -> None:
    assert sorted(dashboard.uid for dashboard in shipped) == sorted(UIDS)
    assert [dashboard.path.stem for dashboard in shipped if dashboard.path] == [each.uid for each in shipped]


@pytest.mark.parametrize("rule", RULES)
def test_the_dashboards_keep_the_rule(rule: str, dashboards: tuple[Dashboard, ...]) -> None:
    found = [finding for dashboard in dashboards for finding in broken_rules(dashboard, {rule: RULES[rule]})]

    left = not_excluded(found, read_exclusions())
    assert not left, told(left)


@pytest.mark.parametrize("rule", RULES_OF_SQL)
def test_the_dashboard_of_the_mirror_keeps_the_rule(rule: str, machines: Dashboard) -> None:
    found = broken_rules(machines, {rule: RULES_OF_SQL[rule]})

    assert not found, told(found)


def test_every_exclusion_has_a_reason_and_names_a_rule() -> None:
    exclusions = read_exclusions()

    assert not [each for each in exclusions if len(each.reason) < len("a reason that says why")]
    assert {each.rule for each in exclusions} <= {*RULES, *RULES_OF_RUNNING}


def test_no_exclusion_is_left_that_nothing_needs(dashboards: tuple[Dashboard, ...]) -> None:
    found = [finding for dashboard in dashboards for finding in broken_rules(dashboard)]

    left = needless((each for each in read_exclusions() if each.rule in RULES), found)
    assert not left, told(left)


def test_the_dashboards_have_grafanas_types(shipped: tuple[Dashboard, ...]) -> None:
    require_compiler()

    found = type_findings(dashboard.path for dashboard in shipped if dashboard.path)

    assert not found, told(found)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_copy_for_import_by_hand_is_the_same_dashboard(path: Path) -> None:
    shipped, copy = (json.loads(file.read_text(encoding="utf-8")) for file in (path, IMPORT / path.name))

    asked = {each["name"] for each in copy.pop("__inputs")}
    kinds = {each["id"] for each in copy.pop("__requires") if each["type"] == "panel"}

    assert asked == {"DS_PROMETHEUS" if load(path).source == "prometheus" else "DS_POSTGRESQL"}
    assert kinds == {panel.type for panel in load(path).panels}
    for tree in (shipped, copy):
        tree["templating"]["list"] = [each for each in tree["templating"]["list"] if each["type"] != "datasource"]
    assert copy.pop("editable") is True
    assert copy == {key: value for key, value in shipped.items() if key != "editable"}


def test_every_dashboard_marks_what_happened(dashboards: tuple[Dashboard, ...]) -> None:
    wanted = {
        "netledger_plan_cycle_start_timestamp_seconds",
        "netledger_plan_threshold_reached",
        "netledger_gap_seconds_total",
        "netledger_counter_resets_total",
    }

    for dashboard in dashboards:
        asked = " ".join(annotation.expression for annotation in dashboard.annotations)
        assert wanted <= set(re.findall(r"netledger_\w+", asked)), dashboard.place


def test_a_link_to_netledger_leads_to_a_page_that_it_has(shipped: tuple[Dashboard, ...]) -> None:
    """As the documents tell of it: `GET /reports` or `/reports`."""
    told = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    paths = {path for each in shipped for path in re.findall(r'"https?://\$\{[^}]+\}(/[\w/-]*)', json.dumps(each.raw))}

    assert paths
    assert not {path for path in paths if f"`{path}`" not in told}


def test_a_link_between_dashboards_sets_variables_that_the_other_has(shipped: tuple[Dashboard, ...]) -> None:
    by_uid = {dashboard.uid: {variable.name for variable in dashboard.variables} for dashboard in shipped}
    urls = {url for each in shipped for url in re.findall(r'"(/d/[^"]+)"', json.dumps(each.raw))}

    assert urls
    assert not {url for url in urls if not _set_by(url) <= by_uid[re.split("[/?]", url)[2]]}


def test_the_checks_install_from_the_registry_of_whoever_runs_them() -> None:
    text = (CHECKS / "package-lock.json").read_text(encoding="utf-8")
    lock = json.loads(text)

    assert "resolved" not in text
    assert "://" not in text
    assert lock["packages"]["node_modules/@grafana/schema"]["version"] == grafana_ids.version()


def test_a_deep_link_leads_to_a_dashboard_and_sets_variables_that_it_has(dashboards: tuple[Dashboard, ...]) -> None:
    by_uid = {dashboard.uid: dashboard for dashboard in dashboards}
    wanted = {
        grafana_links.OVERVIEW: {"instance"},
        grafana_links.INTERFACES: {"instance", "device"},
        grafana_links.APPLICATIONS: {"instance", "application"},
        grafana_links.REQUESTS: {"instance", "service"},
        grafana_links.PLANS: {"instance", "plan"},
        grafana_links.HEALTH: {"instance"},
    }

    # A deep link is about one machine, which the fleet's dashboard is not
    assert wanted.keys() == by_uid.keys() - {"netledger-fleet"}
    assert not {
        uid: missing
        for uid, names in wanted.items()
        if (missing := names - {variable.name for variable in by_uid[uid].variables})
    }


def _set_by(url: str) -> set[str]:
    """Variables that an address sets: by var-NAME= or ${NAME:queryparam}."""
    named = re.findall(r"var-(\w+)=|\$\{(\w+):queryparam\}", url)
    return {plain or passed for plain, passed in named if not passed.startswith("__")}
