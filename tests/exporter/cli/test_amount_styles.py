"""Bytes in units of 1000 or 1024, and speeds in bits or bytes, by option or by setting."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Golden
    from tests.exporter.cli.calls import Commands

PRINTING = (
    (),
    ("today",),
    ("yesterday",),
    ("week",),
    ("month",),
    ("year",),
    ("range", "--from", "2026-06-09", "--to", "2026-06-12"),
    ("summary",),
    ("minutes", "--step", "15m"),
    ("hours",),
    ("hours", "--map"),
    ("days",),
    ("months",),
    ("years",),
    ("top", "--last", "3"),
    ("records",),
    ("plan",),
    ("forecast",),
    ("interfaces",),
    ("cost", "--per-gb", "1"),
)


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_every_command_that_prints_amounts_prints_them_in_both_units(
    arguments: tuple[str, ...], commands: Commands
) -> None:
    decimal, binary = commands(*arguments).stdout, commands(*arguments, "--units", "binary").stdout

    assert "MB" in decimal or "GB" in decimal
    assert "MiB" in binary or "GiB" in binary
    assert not re.findall(r"\d [kMGT]B", binary)


@pytest.mark.parametrize("arguments", [(), ("week",), ("today",), ("records",), ("days",)], ids=" ".join)
def test_speeds_are_in_bits_or_bytes(arguments: tuple[str, ...], commands: Commands) -> None:
    bits, speeds = commands(*arguments).stdout, commands(*arguments, "--rate", "bytes").stdout

    assert "bit/s" in bits
    assert "B/s" not in bits
    assert "B/s" in speeds
    assert "bit/s" not in speeds


def test_the_settings_decide_unless_an_option_does(commands: Commands) -> None:
    Path(commands.environ["NETLEDGER_CONFIG"]).write_text("display: {units: binary, rate: bytes}\n", encoding="utf-8")

    assert "KiB/s" in commands("week").stdout
    assert "kB/s" in commands("week", "--units", "decimal").stdout
    assert "kbit/s" in commands("--rate", "bits", "week").stdout
    assert "kbit/s" in commands("--rate", "bits").stdout


def test_a_style_that_there_is_not_is_refused(commands: Commands) -> None:
    done = commands("week", "--units", "nibbles")

    assert done.exit_code == 2
    assert "'nibbles' is not one of 'decimal', 'binary'" in done.stderr


def test_json_is_the_same_in_every_style(commands: Commands) -> None:
    assert commands.json("week", "--units", "binary") == commands.json("week")


def test_one_line_has_the_fields_of_vnstat(commands: Commands, golden: Golden) -> None:
    golden("commands/oneline.txt", commands("--oneline").stdout)

    fields = commands("--oneline").stdout.rstrip("\n").split(";")
    today, month, ever = commands.json("today"), commands.json("month"), commands.json("summary")
    sides = ("bytes_received", "bytes_sent", "total_bytes")
    assert (len(fields), fields[:3], fields[7]) == (15, ["1", "total", "2026-06-12"], "2026-06")
    assert list(map(int, fields[3:6])) == [today[side] for side in sides]
    assert list(map(int, fields[8:11])) == [month["summary"][side] for side in sides]
    assert list(map(int, fields[12:])) == [ever[side] for side in sides]
    assert commands("--oneline", "--interface", "wg0", "--interface", "eth0").stdout.split(";")[1] == "wg0+eth0"


def test_options_of_the_whole_belong_to_no_command(commands: Commands) -> None:
    done = commands("--interface", "eth0", "week")

    assert done.exit_code == 2
    assert "--interface, --scope: write them behind week" in done.stderr
