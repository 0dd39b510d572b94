"""Worlds for tests of the reports: real ledgers with chosen rows."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.schema import migrate
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from zoneinfo import ZoneInfo


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated ledger without a row, to be copied."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    migrate(path)
    return path


@pytest.fixture
def new_ledger(template: Path, tmp_path: Path) -> Callable[[ZoneInfo], WrittenLedger]:
    """Make ledgers in a zone, each in a folder of its own."""
    numbers = count()

    def make(zone: ZoneInfo) -> WrittenLedger:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return WrittenLedger(folder, template, zone)

    return make
