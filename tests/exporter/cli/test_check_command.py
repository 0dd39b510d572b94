"""`netledger check` answers as a monitoring plugin: a line with performance data, and an exit code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from exporter.ledger.locks.lock import LedgerLock
from tests.exporter.cli.calls import Commands
from tests.exporter.cli.small_ledger import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.exporter.cli.service_process import Service

PLUGIN_LINE = re.compile(
    r"NETLEDGER (OK|WARNING|CRITICAL|UNKNOWN): [^|\n]+"
    r"( \| \w+=\d+B;\d*;\d+;0( \w+=\d+B;\d*;\d+;0)*)?\n"
)
"""Section "Performance data" of the guidelines: 'label'=value[UOM];[warn];[crit];[min];[max]."""


@pytest.fixture
def counting(ledger: Path) -> Iterator[Commands]:
    """Commands at noon on the small ledger, of which a service says that it runs: 898 MB today."""
    lock = LedgerLock(ledger)
    lock.acquire()
    yield Commands(ledger)
    lock.release()


@pytest.mark.parametrize(
    ("arguments", "state"),
    [
        (("--limit", "1 GB"), 0),
        (("--limit", "898285713 B"), 0),  # the range 0 to the limit holds it
        (("--limit", "898285712 B"), 2),
        (("--limit", "1 GB", "--warning", "80%"), 1),
        (("--limit", "1 GB", "--warning", "890 MB"), 1),
        (("--limit", "1 GB", "--warning", "90 %"), 0),
        (("--limit", "800 MB", "--warning", "50%"), 2),
        (("--limit", "800 MB", "--direction", "rx"), 0),
        (("--limit", "100 MB", "--direction", "tx"), 2),
        (("--limit", "500 MB", "--interface", "wlan0", "--warning", "10%"), 1),
        (("--limit", "500 GB", "--estimate"), 0),
        (("--limit", "900 MB", "--estimate"), 2),
        (("--limit", "0"), 2),
    ],
)
def test_the_exit_code_is_that_of_the_state(counting: Commands, arguments: tuple[str, ...], state: int) -> None:
    done = counting("check", "--period", "day", *arguments)

    assert (done.exit_code, done.stderr) == (state, "")
    assert PLUGIN_LINE.fullmatch(done.stdout)


def test_the_line_has_amounts_and_thresholds_in_bytes(counting: Commands) -> None:
    used = counting("check", "--period", "day", "--limit", "1 GB", "--warning", "80%").stdout
    ahead = counting("check", "--limit", "50 GB", "--estimate", "--units", "binary").stdout

    assert used == (
        "NETLEDGER WARNING: 898.29 MB used of 1.00 GB (89.8 %) in 2026-06-12, all counted interfaces"
        " | total=898285713B;800000000;1000000000;0\n"
    )
    assert ahead == (
        "NETLEDGER OK: 2.97 GiB used, 37.53 GiB expected of 46.57 GiB (80.6 %) in 2026-06, all counted interfaces"
        " | total=3190285711B;;50000000000;0 total_estimate=40294678546B;;50000000000;0\n"
    )


def test_a_cycle_is_held_against_the_cap_of_its_plan(counting: Commands) -> None:
    plans = [{"name": "home|x", "cap": "1 TB"}, {"name": "tight", "cap": "10 MB"}]
    Path(counting.environ["NETLEDGER_CONFIG"]).write_text(yaml.safe_dump({"plans": plans}), encoding="utf-8")

    first, tight = counting("check", "--period", "cycle"), counting("check", "--period=cycle", "--plan=tight")

    assert (first.exit_code, tight.exit_code) == (0, 2)
    assert "of 1.00 TB (0.3 %) in the cycle of plan home/x until 2026-06-30" in first.stdout
    assert PLUGIN_LINE.fullmatch(first.stdout)


def test_a_running_service_is_asked(service: Service) -> None:
    service.start()

    done = service.command("check", "--period", "year", "--limit", "0", "--estimate")

    assert (done.code, done.stderr) == (2, "")
    assert PLUGIN_LINE.fullmatch(done.stdout)


def test_no_service_means_that_nothing_is_known_but_what_is_over(ledger: Path) -> None:
    commands = Commands(ledger)

    fine, over = (commands("check", "--period", "day", "--limit", limit) for limit in ("1 TB", "1 MB"))

    assert (fine.exit_code, over.exit_code) == (3, 2)
    assert fine.stdout.startswith("NETLEDGER UNKNOWN: netledger is not running; 898.29 MB used of 1.00 TB")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "--limit: is missing"),
        (("--limit", "500"), "has no unit"),
        (("--limit", "1 GB", "--warning", "x"), "'x' is not a size such as 400 MB or 1 GiB, or 80%"),
        (("--limit", "1 GB", "--period", "fortnight"), "'fortnight' is not one of"),
        (("--limit", "1 GB", "--interface", "eth9"), "the ledger knows no 'eth9'"),
        (("--limit", "1 GB", "--nonsense"), "No such option '--nonsense'"),
        (("--limit", "1 GB", "--plan", "home"), "--plan: is of --period cycle alone"),
        (("--limit", "1 GB", "--period", "cycle", "--plan", "nope"), "nope"),
        (("--limit", "1 GB", "--period", "cycle", "--interface", "eth0"), "a cycle is of what its plan covers"),
        (("--limit", "1 GB", "--period", "cycle", "--estimate", "--direction", "rx"), "the forecast of a cycle"),
        (("--period", "cycle"), "--limit: is missing"),
    ],
)
def test_a_wrong_call_is_unknown_and_not_critical(arguments: tuple[str, ...], problem: str, commands: Commands) -> None:
    done = commands("check", *arguments)

    assert done.exit_code == 3
    assert PLUGIN_LINE.fullmatch(done.stdout)
    assert problem in done.stdout


def test_without_a_ledger_it_is_unknown(tmp_path: Path) -> None:
    done = Commands(tmp_path / "nothing.db", NETLEDGER_SERVER_PORT="1")("check", "--limit", "1 GB")

    assert (done.exit_code, done.stdout.count("\n")) == (3, 1)
    assert done.stdout.startswith("NETLEDGER UNKNOWN: there is no ledger at")


def test_a_ledger_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"no ledger" * 100)

    done = Commands(tmp_path / "broken.db")("check", "--limit", "1 GB")

    assert done.exit_code == 3
    assert PLUGIN_LINE.fullmatch(done.stdout)


def test_settings_that_are_wrong_are_unknown(ledger: Path) -> None:
    done = Commands(ledger, NETLEDGER_SERVER_PORT="x")("check", "--limit", "1 GB")

    assert done.exit_code == 3
    assert PLUGIN_LINE.fullmatch(done.stdout)


def test_an_empty_ledger_is_unknown(tmp_path: Path, empty_ledger: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(empty_ledger.read_bytes())

    for options in ((), ("--estimate",), ("--period", "cycle")):
        done = Commands(path, NOON)("check", "--limit", "1 GB", *options)
        assert done.exit_code == 3
        assert done.stdout.startswith("NETLEDGER UNKNOWN: nothing is counted yet")


def test_json_has_the_same(commands: Commands) -> None:
    done = commands("check", "--period", "day", "--limit", "1 MB", "--json")

    assert done.exit_code == 2
    assert '"status": "critical"' in done.stdout
    assert '"used_bytes": 898285713' in done.stdout


def test_help_is_no_state(commands: Commands) -> None:
    done = commands("check", "--help")

    assert done.exit_code == 0
    assert done.stdout.startswith("Usage:")
