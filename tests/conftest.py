"""What all tests share: golden files, and no test left out unseen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import settings

pytest_plugins = ["tests.worlds.database_fixtures"]

# How long one example takes is up to what else the machine does.
settings.register_profile("netledger", deadline=None)
settings.load_profile("netledger")

# Files whose tests wait for minutes: begun last, each would be waited for alone.
BOOTS = {"test_a_real_boot.py", "test_a_fresh_debian.py", "test_an_update_in_a_real_boot.py"}
LONGEST_FIRST = (
    "test_the_whole_stack.py",
    "test_kill_at_any_instant.py",
    "test_power_cuts.py",
    "test_update_end_to_end.py",
    "test_any_order_of_events.py",
    "test_accuracy_experiment.py",
    "test_backfill_into_prometheus.py",
    "test_a_ledger_that_cannot_be_written.py",
    "test_restarts_within_one_boot.py",
    "test_interfaces_that_come_and_go.py",
    "test_page_moves.py",
    "test_page_looks.py",
    "test_every_place_tells_the_same.py",
    "test_dashboard_queries.py",
)
GOLDEN = Path(__file__).parent / "golden"


class Golden(Protocol):
    """Compares with a file of tests/golden, or writes it."""

    def __call__(self, name: str, actual: str | bytes) -> None:
        """Fail where `actual` differs from the golden file `name`; with --update-golden, replace it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden from what the tests get now")
    parser.addoption("--boot", action="store_true", help="tests in a Debian that boots, too: it takes minutes to make")
    parser.addoption("--no-skips", action="store_true", help="a test that is skipped fails the run")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Tests that boot a machine only where they are asked for."""
    return True if collection_path.name in BOOTS and not config.getoption("--boot") else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, the others after them in their order."""
    ranks = {name: rank for rank, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.name, len(ranks)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """More workers than cores: two thirds of the suite is waiting."""
    return (os.cpu_count() or 1) + 2


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI nothing may be left out: what a machine lacks must be installed there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("--no-skips") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """The promise that an output is: `golden("metrics.txt", page)`."""
    is_update = bool(request.config.getoption("--update-golden"))

    def compare(name: str, actual: str | bytes) -> None:
        path = GOLDEN / name
        content = actual.encode() if isinstance(actual, str) else actual
        if is_update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            return
        assert path.exists(), f"there is no tests/golden/{name} yet: pytest --update-golden writes it"
        # As lines, so that pytest shows which of them differ.
        assert content.decode().split("\n") == path.read_bytes().decode().split("\n")

    return compare
