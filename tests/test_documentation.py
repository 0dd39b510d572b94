"""What the documents promise is what the code has: every command, setting, endpoint and metric is written down."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import click
import pytest
import yaml

from exporter.cli.root import COMMANDS, SUBCOMMANDS, netledger
from exporter.ledger.schema import apply_migrations
from exporter.metrics.tables import HistogramTable
from exporter.settings.tree import Settings, keys
from exporter.web.server import documented
from tests.fixtures.metrics_states import all_families

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
OTHER_PATHS = (
    "/",
    "/dashboard",
    "/metrics",
    "/-/healthy",
    "/-/ready",
    "/api/openapi.json",
    "/api/docs",
    "/api/live/stream",
    "/api/export",
    "/api/export/llm",
)


def _commands() -> list[str]:
    found = []
    context = click.Context(netledger)
    for name in COMMANDS:
        command = netledger.get_command(context, name)
        subcommands = sorted(command.commands) if isinstance(command, click.Group) else []
        found.extend([name, *(f"{name} {sub}" for sub in subcommands)])
    return [*found, *(" ".join(words) for words in SUBCOMMANDS)]


@pytest.mark.parametrize("command", _commands())
def test_a_command_is_documented(command: str) -> None:
    assert f"`netledger {command}" in (DOCS / "cli.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", keys())
def test_a_setting_is_documented(key: str) -> None:
    assert f"`{key}`" in (DOCS / "configuration.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in keys() if name != "ledger.path"])
def test_a_default_is_documented_as_the_file_takes_it(name: str) -> None:
    key = keys()[name]
    (cell,) = re.findall(
        rf"^\| `{re.escape(name)}` \| (.*?)\|", (DOCS / "configuration.md").read_text(encoding="utf-8"), re.MULTILINE
    )

    raw = yaml.safe_load(cell.strip().strip("`") or "null")

    value = key.value(Settings())
    assert (key.rule.read(raw) if raw is not None else type(value)() if value is not None else None) == value


@pytest.mark.parametrize("path", [*OTHER_PATHS, *(route.path for route in documented())])
def test_an_endpoint_is_documented(path: str) -> None:
    assert f"`{path}`" in (DOCS / "api.md").read_text(encoding="utf-8")


def _metric_names() -> list[str]:
    histograms = [table.name for table in all_families().tables if isinstance(table, HistogramTable)]
    tables = (table for table in all_families().tables if not isinstance(table, HistogramTable))
    return sorted({*histograms, *(column.name for table in tables for column in table.columns)})


@pytest.mark.parametrize("name", _metric_names())
def test_a_metric_is_documented(name: str) -> None:
    assert f"`{name}`" in (DOCS / "metrics.md").read_text(encoding="utf-8")


def test_every_metric_in_the_documents_exists() -> None:
    told = set(re.findall(r"`(netledger_[a-z_]+)`", (DOCS / "metrics.md").read_text(encoding="utf-8")))

    assert told <= {*_metric_names(), "netledger_ledger_commit_duration_seconds"}


def _tables_and_views() -> list[str]:
    connection = sqlite3.connect(":memory:")
    apply_migrations(connection, 0)
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE '%sqlite\\_%' ESCAPE '\\'"
        )
    ]
    connection.close()
    return names


@pytest.mark.parametrize("name", _tables_and_views())
def test_a_table_or_view_of_the_ledger_is_documented(name: str) -> None:
    assert f"`{name}`" in (DOCS / "ledger.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")]))
def test_a_link_between_documents_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert not [link for link in links if not (page.parent / link).exists()]
