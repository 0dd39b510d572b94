"""Each rule is tested by promtool, firing and not, and each test fails when its rule is broken."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.prometheus.rule_files import (
    CASES,
    ROOT,
    RULES,
    SUBJECTS,
    alerts,
    documented_metrics,
    groups,
    held,
    known_metrics,
    label_names,
    load,
    metric_names,
    needs_promtool,
    promtool,
    queries_in,
    recorded,
    rules,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

pytestmark = pytest.mark.prometheus

ALERTS = alerts()
GROUPS = {
    "plans": ("plans", "forecast", "absent_machines"),
    "service": ("service",),
    "interfaces": ("discards", "resets"),
    "application-growth": ("growth",),
    "applications": ("applications",),
    "requests": ("requests",),
    "request-silence": ("silence",),
    "monitors": ("monitors",),
    "ledger": ("ledger",),
    "mirror": ("mirror",),
}
"""Groups of alerts, and the files of their cases."""

ANNOTATIONS = ("summary", "description", "runbook_url")
NAME = lambda rule: rule.get("alert") or rule.get("record")  # noqa: E731 - ids of cases


def cases(group: str) -> list[dict[str, Any]]:
    tests = [test for name in GROUPS[group] for test in load(CASES / f"{name}.yml")["tests"]]
    return [case for test in tests for case in test.get("alert_rule_test", ())]


@needs_promtool
@pytest.mark.parametrize("path", sorted(RULES.glob("*.yml")), ids=lambda path: path.stem)
def test_promtool_takes_the_rules(path: Path) -> None:
    code, said = promtool("check", "rules", path)

    assert code == 0, said


@needs_promtool
@pytest.mark.parametrize("path", sorted(CASES.glob("*.yml")), ids=lambda path: path.stem)
def test_rules_do_what_their_cases_say(path: Path) -> None:
    code, said = promtool("test", "rules", path)

    assert code == 0, said


@pytest.mark.parametrize("rule", ALERTS, ids=NAME)
def test_an_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not(rule: dict[str, Any]) -> None:
    expected = [case["exp_alerts"] for group in GROUPS for case in cases(group) if case["alertname"] == rule["alert"]]

    assert any(expected)
    assert not all(expected)


# Every breakage, and what a case that notices it finds: where no alert was expected one, or none where one was.
UNEXPECTED, MISSING, EITHER = r"exp:\[\]", r"exp:\[.*?got:\[\]", r""


def never(rule: dict[str, Any]) -> None:
    rule["expr"] = f"({rule['expr']}) and on () vector(1) == 0"


def always(rule: dict[str, Any]) -> None:
    rule["expr"] = "vector(1)"


def impatient(rule: dict[str, Any]) -> None:
    rule.pop("for", None)


def forgetful(rule: dict[str, Any]) -> None:
    """A scrape that fails, as at a restart, ends the alert."""
    rule["expr"] = re.sub(r"last_over_time\((\w+(?:\{[^{}]*\})?)\[\d+m\]\)", r"\1", rule["expr"])


def misspelt(rule: dict[str, Any]) -> None:
    rule["expr"] = rule["expr"].replace("netledger_", "netleger_").replace("up{", "upp{")


@needs_promtool
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("breakage", "found"),
    [(never, MISSING), (always, UNEXPECTED), (impatient, UNEXPECTED), (forgetful, MISSING), (misspelt, EITHER)],
    ids=["never", "always", "impatient", "forgetful", "misspelt"],
)
def test_a_case_fails_for_every_alert_that_is_broken(
    tmp_path: Path, group: str, breakage: Callable[[dict[str, Any]], None], found: str
) -> None:
    part = groups()[f"netledger-{group}"]
    broken = [rule for rule in part["rules"] if "alert" in rule]
    whole = [dict(rule) for rule in broken]
    for rule in broken:
        breakage(rule)
    names = {rule["alert"] for rule, was in zip(broken, whole, strict=True) if rule != was}
    if not names:
        # Rules of their own hold the state of plans, tested below; those of windows need none.
        of_windows = {"interfaces", "application-growth", "requests", "request-silence"}
        assert group in of_windows or (group, breakage) == ("plans", forgetful)
        assert breakage in {forgetful, impatient}
        return

    code, said = play(part, GROUPS[group], tmp_path)

    assert code == 1
    failures = [failure for failure in said.split("alertname: ")[1:] if re.search(found, failure, re.DOTALL)]
    assert {failure.partition(",")[0] for failure in failures} == names


def play(group: dict[str, Any], names: Iterable[str], folder: Path) -> tuple[int, str]:
    """What promtool says of a group alone: rules of others would only take their time."""
    (folder / "alerts.yml").write_text(yaml.safe_dump({"groups": [group]}), encoding="utf-8")
    for name in names:
        tests = load(CASES / f"{name}.yml") | {"rule_files": ["alerts.yml"]}
        (folder / f"{name}-cases.yml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    return promtool("test", "rules", *sorted(folder.glob("*-cases.yml")))


@needs_promtool
@pytest.mark.parametrize(
    ("part", "instead"),
    [
        (r" or last_over_time\(.*", ""),
        (r" unless on \(job, instance\) min_over_time\(up\[10m\]\) == 1", ""),
        (r" and on \(job, instance, plan\) .*", ""),
        (r"\[10m\]", "[1m]"),
    ],
    ids=["held", "while the machine is off", "until the cycle ends", "over a restart"],
)
@pytest.mark.parametrize("rule", held()[1:], ids=NAME)
def test_what_holds_the_state_of_a_plan_is_needed(
    tmp_path: Path, rule: dict[str, Any], part: str, instead: str
) -> None:
    group = groups()["netledger-plans"]
    (broken,) = (held for held in group["rules"] if held.get("record") == rule["record"])
    broken["expr"] = re.sub(part, instead, rule["expr"])
    assert broken["expr"] != rule["expr"]

    code, said = play(group, ("plans", "forecast", "absent_machines"), tmp_path)

    assert code == 1, said


@pytest.mark.parametrize("rule", recorded(), ids=NAME)
def test_a_recorded_series_has_a_case_and_a_name_of_level_metric_and_operation(rule: dict[str, Any]) -> None:
    tests = [test for name in ("recording", "days", "requests") for test in load(CASES / f"{name}.yml")["tests"]]
    asked = {name for test in tests for case in test.get("promql_expr_test", ()) for name in metric_names(case["expr"])}

    assert rule["record"] in asked
    assert re.fullmatch(r"instance(_[a-z]+)?:netledger_[a-z_]+:[a-z]+(_[a-z]+)?(\d+[mhd])?", rule["record"])
    assert "labels" not in rule


@pytest.mark.parametrize("rule", ALERTS + rules("record"), ids=NAME)
def test_a_rule_asks_only_for_metrics_and_labels_that_are_documented(rule: dict[str, Any]) -> None:
    asked = [rule["expr"], *(query for text in rule.get("annotations", {}).values() for query in queries_in(text))]
    labels = set().union(*documented_metrics().values()) | {"job", "instance", "always_on", "forwards"}

    for expression in asked:
        assert metric_names(expression)
        assert metric_names(expression) <= known_metrics()
        assert label_names(expression) <= labels
    for text in rule.get("annotations", {}).values():
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= labels


@pytest.mark.parametrize(
    ("expression", "metrics", "labels"),
    [
        ("netleger_gap_open == 1", {"netleger_gap_open"}, set()),
        ('rate(a_total{x="b{c}", y!~"z"}[5m] offset 1d) > 10e9', {"a_total"}, {"x", "y"}),
        ("sum by (job, x) (a) / on (y) group_left (z) b:c:d", {"a", "b:c:d"}, {"job", "x", "y", "z"}),
        ("a unless b or absent(c) and timestamp(d) - 5", {"a", "b", "c", "d"}, set()),
    ],
)
def test_metrics_and_labels_are_found_in_an_expression(expression: str, metrics: set[str], labels: set[str]) -> None:
    assert metric_names(expression) == metrics
    assert label_names(expression) == labels


@pytest.mark.parametrize("rule", ALERTS, ids=NAME)
def test_an_alert_says_how_bad_it_is_what_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"] == {"severity": rule["labels"]["severity"]}
    assert rule["labels"]["severity"] in {"info", "warning", "critical"}
    assert tuple(rule["annotations"]) == ANNOTATIONS
    assert "netledger" in rule["annotations"]["description"] or "`" in rule["annotations"]["description"]
    # Absence and many are of no single machine; every other alert says which one it is of.
    of_all = {"NetledgerAbsent", "NetledgerManyDown"}
    assert ("$labels.instance" in rule["annotations"]["summary"]) != (rule["alert"] in of_all)


@pytest.mark.parametrize("name", SUBJECTS)
def test_every_alert_says_why_it_waits_or_does_not(name: str) -> None:
    lines = (RULES / f"{name}.yml").read_text(encoding="utf-8").splitlines()
    begins = [number for number, line in enumerate(lines) if "- alert:" in line]
    unexplained = [lines[number] for number in begins if not lines[number - 1].lstrip().startswith("#")]

    assert unexplained == []


@needs_promtool
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("service", "last_over_time(netledger_gap_open[5m]) == 1", "last_over_time(netledger_gap_open[5m) == 1"),
        ("ledger", "for: 10m", "for: 10 minutes"),
        ("service", "{{ $labels.meter }}", "{{ $labels.meter }"),
        ("interfaces", "max_over_time(", "maximum_over_time("),
    ],
)
def test_promtool_refuses_a_planted_mistake(tmp_path: Path, name: str, good: str, bad: str) -> None:
    shutil.copy(RULES / f"{name}.yml", tmp_path)
    path = tmp_path / f"{name}.yml"
    text = path.read_text(encoding="utf-8")
    assert good in text
    path.write_text(text.replace(good, bad), encoding="utf-8")

    code, _ = promtool("check", "rules", path)

    assert code != 0


def test_every_recorded_series_and_alert_is_documented_with_its_severity() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`(instance\w*:\w+:\w+)`", page))
    both = told | {name.replace("_receive_", "_transmit_") for name in told}
    rows = re.findall(r"^\| (`Netledger.*?) \| (.*?) \|", page, re.MULTILINE)
    severities: dict[str, str] = {}
    for names, words in rows:
        alerts, levels = names.split("`")[1::2], words.split(", ")
        severities.update(zip(alerts, levels * len(alerts) if len(levels) == 1 else levels, strict=True))

    assert both == {rule["record"] for rule in rules("record")}
    assert severities == {rule["alert"]: rule["labels"]["severity"] for rule in ALERTS}
