"""Whoever is called at night finds the section, and what it says to type exists."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from exporter.cli.root import SUBCOMMANDS, netledger
from exporter.settings.tree import keys
from tests.prometheus.rule_files import ROOT, alerts, known_metrics, metric_names, needs_promtool, promtool

if TYPE_CHECKING:
    from pathlib import Path

HOME = "https://github.com/netledger/netledger/blob/main/"
PAGE = "docs/runbooks.md"
TEXT = (ROOT / PAGE).read_text(encoding="utf-8")
ALERTS = alerts()
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
COMMANDS = sorted(set(re.findall(r"`(netledger [^`]+)`", TEXT + "".join(str(alert) for alert in ALERTS))))
QUERIES = [line for block in re.findall(r"```promql\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
PARTS = ("**Means**", "**Does not mean**", "**Check**", "**Do**")


def anchors(text: str) -> set[str]:
    """By GitHub's rules: lower case, punctuation dropped, spaces as hyphens; a second one of a name gets a number."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        base = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        name, number = base, 0
        while name in found:
            number += 1
            name = f"{base}-{number}"
        found.add(name)
    return found


def test_anchors_are_those_of_github() -> None:
    text = "# Cap at 80 %, or more!\n## Foo_bar `x`\n### a-b\n## a-b\n"

    assert anchors(text) == {"cap-at-80--or-more", "foo_bar-x", "a-b", "a-b-1"}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_the_runbook_of_an_alert_is_a_section_that_exists(alert: dict[str, Any]) -> None:
    page, _, anchor = alert["annotations"]["runbook_url"].partition("#")

    assert page == HOME + PAGE
    assert anchor == alert["alert"].lower()
    assert anchor in anchors(TEXT)


def test_every_section_is_of_an_alert_in_their_order() -> None:
    assert list(SECTIONS) == [alert["alert"] for alert in ALERTS]


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_says_what_it_means_and_does_not_where_to_look_and_what_to_do(name: str) -> None:
    places = [SECTIONS[name].find(part) for part in PARTS]

    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_a_section_tells_the_severity_of_its_alert(alert: dict[str, Any]) -> None:
    told = re.findall(r"\bSeverity\s+(\w+)", SECTIONS[alert["alert"]])

    assert told == [alert["labels"]["severity"]]


def test_links_within_the_page_lead_to_a_section() -> None:
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors(TEXT)


def test_links_to_sections_of_other_pages_lead_somewhere() -> None:
    for page, anchor in re.findall(r"\]\(([a-z]+\.md)#([^)]+)\)", TEXT):
        assert anchor in anchors((ROOT / "docs" / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_that_is_named_exists_with_its_options(line: str) -> None:
    command: click.Command | None = netledger
    context = click.Context(netledger)
    words = shlex.split(re.sub(r"\{\{.*?\}\}|NAME", "eth0", line))[1:]
    if tuple(words[:2]) in SUBCOMMANDS:
        _, command, words = netledger.resolve_command(context, words)
    for word in words:
        if word.startswith("--"):
            assert command is not None
            assert word in {option for parameter in command.params for option in parameter.opts}
        elif isinstance(command, click.Group):
            command = command.get_command(context, word)
            assert command is not None, word


@pytest.mark.parametrize("line", ["netledger statsu", "netledger ledger verfy", "netledger audit --device eth0"])
def test_a_command_that_does_not_exist_would_be_noticed(line: str) -> None:
    with pytest.raises(AssertionError):
        test_a_command_that_is_named_exists_with_its_options(line)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_metrics_that_exist(query: str) -> None:
    assert metric_names(query)
    assert metric_names(query) <= known_metrics()


@needs_promtool
@pytest.mark.prometheus
def test_every_query_is_one(tmp_path: Path) -> None:
    asked = [{"record": f"query_{number}", "expr": query} for number, query in enumerate(QUERIES)]
    path = tmp_path / "queries.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": asked}]}), encoding="utf-8")

    code, said = promtool("check", "rules", path)

    assert code == 0, said


def test_settings_that_are_named_exist() -> None:
    named = set(re.findall(r"`((?:server|auth|interfaces|ledger|metrics)\.[a-z_]+)`", TEXT))

    assert named
    assert named <= set(keys())
