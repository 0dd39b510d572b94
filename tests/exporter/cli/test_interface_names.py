"""Interfaces are asked for by their own name, by that of the settings, and by patterns: in the file and over REST."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reports.ledger.interface_names import UnknownInterfaceError, devices_of, interface_label
from tests.exporter.cli.service_process import fetch

if TYPE_CHECKING:
    from tests.exporter.cli.calls import Commands
    from tests.exporter.cli.service_process import Service

NAMES = {"eth0": "fibre", "wlan0": "home wifi"}
KNOWN = ("eth0", "eth1", "wlan0", "wg0")


@pytest.fixture
def named(commands: Commands) -> Commands:
    settings = {"interfaces": {"names": NAMES}}
    Path(commands.environ["NETLEDGER_CONFIG"]).write_text(json.dumps(settings), encoding="utf-8")
    return commands


@pytest.mark.parametrize(
    ("given", "devices"),
    [
        (["eth0"], ["eth0"]),
        (["fibre"], ["eth0"]),
        (["fibre", "eth0"], ["eth0"]),
        (["eth*"], ["eth0", "eth1"]),
        (["*wifi", "wg?"], ["wlan0", "wg0"]),
        (["[ew]*0"], ["eth0", "wg0", "wlan0"]),
    ],
)
def test_a_name_an_alias_and_a_pattern_mean_devices(given: list[str], devices: list[str]) -> None:
    assert devices_of(given, KNOWN, NAMES) == devices


def test_an_interface_whose_name_is_another_ones_alias_is_itself() -> None:
    assert devices_of(["eth1"], KNOWN, {"eth0": "eth1"}) == ["eth1"]


def test_what_means_no_device_is_refused_with_all_names() -> None:
    for name in ("eth9", "usb*"):
        with pytest.raises(UnknownInterfaceError, match="known are eth0, eth1, fibre, home wifi, wg0, wlan0"):
            devices_of([name], KNOWN, NAMES)


def test_a_pattern_that_is_too_long_means_nothing() -> None:
    with pytest.raises(UnknownInterfaceError):
        devices_of(["*" * 65], KNOWN, NAMES)


def test_a_label_has_both_names() -> None:
    assert interface_label("eth0", NAMES) == "fibre (eth0)"
    assert interface_label("wg0", NAMES) == "wg0"


@pytest.mark.parametrize("command", ["today", "week", "days", "summary", "records", "cost"])
def test_every_command_takes_aliases_and_patterns(command: str, named: Commands) -> None:
    options = ("--per-gb", "1") if command == "cost" else ()

    by_name = named.json(command, "--interface", "eth0", *options)
    assert named.json(command, "--interface", "fibre", *options) == by_name
    assert named.json(command, "--interface", "eth?", *options) == by_name
    both = named.json(command, "--interface", "eth0", "--interface", "wlan0", *options)
    assert named.json(command, "--interface", "fibre", "--interface", "home*", *options) == both


def test_tables_show_both_names(named: Commands) -> None:
    assert "fibre (eth0)" in named("interfaces").stdout
    assert "wlan0" not in named("interfaces", "--interface", "fibre").stdout
    assert "fibre (eth0)" in named("records").stdout
    assert [row.get("alias") for row in named.json("interfaces")["interfaces"]] == ["fibre", "home wifi", None]


def test_exports_take_them(named: Commands) -> None:
    assert named("export", "--interface", "fibre").stdout == named("export", "--interface", "eth0").stdout


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        ({"eth0": "fibre", "wlan0": "fibre"}, "fibre is the name of eth0 already"),
        ({"eth0": "wlan0", "wlan0": "wifi"}, "wlan0 is another interface"),
        ({"eth0": "a*"}, "is no such name"),
        ({"eth0": " "}, "is empty"),
        ({"eth 0": "fibre"}, "has a space, comma or slash"),
        ({"eth0": "x" * 33}, "is no such name"),
    ],
)
def test_names_that_cannot_be_meant_are_refused(commands: Commands, names: dict[str, str], problem: str) -> None:
    settings = {"interfaces": {"names": names}}
    Path(commands.environ["NETLEDGER_CONFIG"]).write_text(json.dumps(settings), encoding="utf-8")

    done = commands("today")

    assert done.exit_code == 1
    assert "interfaces.names" in done.stderr
    assert problem in done.stderr


def test_the_service_has_them_too(service: Service) -> None:
    service.configure(interfaces={"names": NAMES})
    url = service.start()

    rows = {row["interface"]: row.get("alias") for row in fetch(url, "/api/interfaces")["interfaces"]}
    assert {name: rows[name] for name in ("eth0", "wlan0", "wg0")} == {**NAMES, "wg0": None}
    assert fetch(url, "/api/summary?interface=fibre") == fetch(url, "/api/summary?interface=eth0")
    assert fetch(url, "/api/summary?interface=fibre&interface=wg*") == fetch(
        url, "/api/summary?interface=eth0&interface=wg0"
    )
    assert "total_bytes" in fetch(url, "/api/live?interface=fibre")
    for command in ("interfaces", "audit"):
        assert "fibre (eth0)" in service.command(command).stdout
    assert "eth0" not in service.command("audit", "--interface", "home wifi").stdout
    with urllib.request.urlopen(url) as page:  # noqa: S310 - of the service itself
        assert ">fibre (eth0)</bdi>" in page.read().decode()


def test_seconds_of_live_are_measured_by_sums(service: Service) -> None:
    service.start()

    table, document = service.command("live", "--seconds", "1"), service.command("live", "--seconds", "1", "--json")

    moved = json.loads(document.stdout)
    assert (table.code, table.stderr, document.code) == (0, "", 0)
    assert [line.split()[0] for line in table.stdout.splitlines()] == ["Received", "Moved", "Average", "Highest"]
    assert 1 <= moved["seconds"] < 30
    assert moved["total_bytes"] == moved["bytes_received"] + moved["bytes_sent"]
    assert moved["average_total_bytes_per_second"] == round(moved["total_bytes"] / moved["seconds"])
