"""What a command cannot use ends it with one sentence that names the field, its value and the rule."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.cli.calls import Commands

REFUSED: dict[tuple[str, ...], str] = {
    ("cost", "--per-gb", "1_0"): "--per-gb: '1_0' is not a price; use a number such as 7.50",
    ("cost", "--per-gb", "\N{ARABIC-INDIC DIGIT SEVEN}"): "is not a price; use a number such as 7.50",
    ("cost", "--per-gb", "-0"): "--per-gb: '-0' is not a price",
    ("cost", "--per-gb", "1234567890"): "at most nine digits on either side of the point",
    ("cost", "--per-gb", "0.1234567891"): "at most nine digits on either side of the point",
    ("month", "2026-13"): "month: '2026-13' is not a month: write YYYY-MM",
    ("year", "1969"): "year: '1969' is not a year: write YYYY, from 1970 to 2200",
    ("range", "--from", "2026-06-31", "--to", "2026-07-01"): "from: '2026-06-31' is not a date",
    ("range", "--from", "2026-06-30", "--to", "x"): "to: 'x' is not a date: write YYYY-MM-DD",
    ("plan", ""): "plan: there is no ''; use default",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_it_is_refused_by_its_name_with_the_rule(arguments: tuple[str, ...], commands: Commands) -> None:
    done = commands(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert REFUSED[arguments] in done.stderr


@pytest.mark.parametrize("price", ["0", "0.123456789", "999999999.999999999"])
def test_a_price_of_many_digits_is_told_as_it_was_given(price: str, commands: Commands) -> None:
    done = commands("cost", "--per-gb", price)

    told = float(done.stdout.splitlines()[-1].split()[0])
    assert (done.exit_code, told) == (0, float(price))
    assert "e+" not in done.stdout


@pytest.mark.parametrize("command", [("export",), ("report", "--year", "2026")], ids=" ".join)
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "force"])
def test_a_name_that_no_file_can_have_is_no_traceback(
    command: tuple[str, ...], force: tuple[str, ...], commands: Commands, tmp_path: Path
) -> None:
    path = tmp_path / ("n" * 300)

    done = commands(*command, *force, "--output", str(path))

    assert (done.exit_code, done.stdout) == (1, "")
    assert f"cannot write {path}: File name too long" in done.stderr


def test_a_dash_is_the_pipe_and_no_file(commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    done = commands("export", "--format", "csv", "--output", "-")

    assert done.stdout == commands("export", "--format", "csv").stdout
    assert not os.path.lexists("-")
