"""What all tests share: golden files, and no test left out unseen."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

GOLDEN = Path(__file__).parent / "golden"


class Golden(Protocol):
    """Compares with a file of tests/golden, or writes it."""

    def __call__(self, name: str, actual: str | bytes) -> None:
        """Fail where `actual` differs from the golden file `name`; with --update-golden, replace it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden from what the tests get now")
    parser.addoption("--no-skips", action="store_true", help="a test that is skipped fails the run")


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
