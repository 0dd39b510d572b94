"""What a command loads: what it needs. Modules that only others need would cost each call their milliseconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.exporter.cli.calls import Commands

ROOT = Path(__file__).parents[3]
CALL = """
import sys
from exporter.cli import main
sys.argv[0] = "netledger"
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""
HELP = (("--help",), ("--version",))
READING = ((), ("today",), ("today", "--json"), ("week", "--json"), ("days",), ("status",), ("plan",), ("apps",))
OF_QUESTIONS = (
    *("msgspec", "sqlite3", "decimal", "zoneinfo"),
    *("exporter.session.session", "exporter.ledger", "exporter.meters", "exporter.settings.tree"),
    *("reports.calendar", "reports.ledger", "reports.usage", "reports.formats"),
)
OF_OTHERS = (
    *("babel", "rich", "jinja2", "markupsafe", "aiohttp", "asyncio", "prometheus_client", "packaging", "csv"),
    *("ssl", "email", "http", "urllib.request", "urllib3", "multiprocessing", "concurrent", "xml", "tempfile"),
    *("psycopg", "psutil", "resvg_py", "exporter.web", "exporter.service", "exporter.metering", "exporter.metrics"),
    *("exporter.importing", "exporter.updating", "exporter.installing", "exporter.backfill", "exporter.archive"),
    *(
        "exporter.doctor",
        "exporter.mirror.address",
        "exporter.ledger.opening",
        "exporter.ledger.writing",
        "exporter.ledger.upkeep",
    ),
    *(
        "exporter.meters.registry",
        "exporter.tls",
        "exporter.billing",
        "exporter.terminal.screen",
        "exporter.mirror.address",
    ),
    *("reports.pictures", "reports.charts", "reports.templates", "reports.export", "reports.past"),
)
"""Modules and packages that no command of `READING` needs, in a pipe and without a locale."""


def loaded(commands: Commands, *words: str) -> set[str]:
    """The modules that a call has loaded at its end, all packages they are in among them."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith("NETLEDGER_")}
    done = subprocess.run(
        [sys.executable, "-c", CALL, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**settings, **commands.environ},
        timeout=60,
    )
    *said, modules = done.stderr.splitlines()
    assert (done.returncode in {0, 3}, said) == (True, [])
    return set(modules.split())


@pytest.mark.parametrize("words", HELP, ids=" ".join)
def test_help_loads_nothing_that_answers_a_question(words: tuple[str, ...], commands: Commands) -> None:
    assert loaded(commands, *words).isdisjoint({*OF_QUESTIONS, *OF_OTHERS})


def test_usage_loads_nothing_of_applications(commands: Commands) -> None:
    found = loaded(commands, "today")

    assert found.isdisjoint({"exporter.session.application_tables", "reports.usage.applications"})


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_command_that_reads_loads_nothing_that_only_others_need(words: tuple[str, ...], commands: Commands) -> None:
    found = loaded(commands, *words)

    assert found.intersection(OF_OTHERS) == set()
    assert set(OF_QUESTIONS) - found <= {"reports.usage", "reports.formats"}


def test_only_a_locale_loads_babel(commands: Commands) -> None:
    Path(commands.environ["NETLEDGER_CONFIG"]).write_text("display: {locale: de}\n", encoding="utf-8")

    assert "babel" in loaded(commands, "today")
