"""What `netledger audit` says of what it found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from exporter.cli import audit as command
from reports.ledger.reader import Incident
from reports.usage.audit import Audit, AuditLine
from tests.exporter.cli.small_ledger import NOON, ZONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.exporter.cli.calls import Commands

GOOD = AuditLine("eth0", True, NOON, (700, 30), (700, 30), (0, 0), 13)  # noqa: FBT003 - a row
GONE = GOOD._replace(device="ppp0", waiting=None)
LOST = GOOD._replace(ledger=(699, 30))
DOUBT = Incident(NOON, "in doubt", "eth0", 5, "it could have gone round more often")
VERDICTS = {
    "Every byte is accounted for.": Audit([GOOD, GONE], [], []),
    "All else is accounted for.": Audit([GOOD], [], [DOUBT]),
    "The ledger and the kernel differ.": Audit([LOST, GONE], [], []),
    "The ledger has no counter to compare with yet.": Audit([], [], []),
    "Nothing could be compared: the counters are gone, by a restart or in another network namespace.": Audit(
        [GONE], [], [DOUBT]
    ),
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_last_line_says_what_was_found(verdict: str, drawn: Callable[[Callable[[], None]], str]) -> None:
    text = drawn(lambda: command._print(VERDICTS[verdict], ZONE, [], {}))

    assert " ".join(text.split()).endswith(verdict)


def test_a_line_of_the_table_is_one_interface(
    drawn: Callable[[Callable[[], None]], str], columns: Callable[[int], None]
) -> None:
    columns(120)

    rows = drawn(lambda: command._print(Audit([GOOD, GONE, LOST], [], []), ZONE, [], {})).splitlines()

    told = [line.split() for line in rows if line.strip().startswith(("eth0", "ppp0"))]
    assert told == [
        ["eth0", "2026-06-12", "12:00", "730", "730", "0", "13", "0"],
        ["ppp0", "2026-06-12", "12:00", "730", "730", "0", "gone", "0"],
        ["eth0", "2026-06-12", "12:00", "730", "729", "0", "13", "1"],
    ]


def test_of_another_boot_nothing_is_compared(commands: Commands) -> None:
    done = commands("audit")

    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1].startswith("Nothing could be compared")
    assert {row["waiting_bytes"] for row in json.loads(commands("audit", "--json").stdout)["interfaces"]} == {None}


def test_one_interface_of_it(commands: Commands) -> None:
    assert [row["interface"] for row in commands.json("audit", "--interface", "wg0")["interfaces"]] == ["wg0"]
