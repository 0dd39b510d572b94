"""SQL stands in the rooms named ledger, in the stores of meters, and where databases of other programs are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("exporter/ledger/", "reports/ledger/", "exporter/importing/", "exporter/mirror/")
SQL = re.compile(
    r"\b(SELECT\s+\S.*\bFROM\b|SELECT [a-z*]|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|PRAGMA \w|"
    r"CREATE (TEMP )?(TABLE|VIEW|INDEX)|DROP (TABLE|VIEW)|GROUP BY|ORDER BY)"
    r"|\bexecute(many|script)?\("
)
FILES = [
    path
    for path in sorted([*ROOT.glob("exporter/**/*.py"), *ROOT.glob("reports/**/*.py")])
    if not str(path.relative_to(ROOT)).startswith(ROOMS) and not path.match("meters/*/*store.py")
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_outside_the_ledgers_rooms_has_no_sql(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert [line for line in text.splitlines() if SQL.search(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        'query = "SELECT day FROM interface_by_day"',
        "rows = connection.execute(query)",
        'f"PRAGMA user_version = {number}"',
        '"UPDATE incident SET seen = 1"',
    ],
)
def test_sql_is_recognized(line: str) -> None:
    assert SQL.search(line)
