"""The interface meter of Windows, from the JSON of its PowerShell script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from exporter.metering.counters.readings import Link
from exporter.metering.samples import MeterError
from exporter.meters.interfaces.readers import open_reader
from exporter.meters.interfaces.windows import parse_survey, survey_windows

SURVEY = (Path(__file__).parents[2] / "fixtures/windows/survey.json").read_text(encoding="utf-8")


def told(*routes: tuple[int, str, str]) -> str:
    """The fixture with other routes: (index, prefix, next hop)."""
    survey: dict[str, Any] = json.loads(SURVEY)
    keys = ("ifIndex", "DestinationPrefix", "NextHop")
    survey["routes"] = [dict(zip(keys, route, strict=True)) for route in routes]
    return json.dumps(survey)


def test_adapters_and_the_loopback_are_links() -> None:
    links, uplinks = parse_survey(SURVEY)

    assert uplinks == {"Ethernet"}
    assert links["Ethernet"] == Link(
        "Ethernet",
        12,
        "ethernet",
        is_up=True,
        is_physical=True,
        speed=125_000_000,
        address="02:00:00:00:00:aa",
        mtu=1500,
    )
    assert (links["Wi-Fi"].kind, links["Wi-Fi"].is_up, links["Wi-Fi"].speed) == ("wlan", False, None)
    assert (links["Büro-VPN"].is_physical, links["Büro-VPN"].speed) == (False, None)
    assert links["Loopback Pseudo-Interface 1"] == Link(
        "Loopback Pseudo-Interface 1",
        1,
        "loopback",
        is_up=True,
        is_physical=False,
        is_loopback=True,
        mtu=65536,
    )


@pytest.mark.parametrize(
    ("routes", "uplinks"),
    [
        pytest.param([(17, "::/0", "fe80::1")], {"Wi-Fi"}, id="IPv6"),
        pytest.param([(12, "0.0.0.0/0", "192.0.2.1"), (17, "0.0.0.0/0", "192.0.2.1")], {"Ethernet", "Wi-Fi"}, id="two"),
        pytest.param([(30, "0.0.0.0/0", "192.0.2.1")], {"Ethernet"}, id="virtual switch over a card"),
        pytest.param(
            [(41, "0.0.0.0/0", "0.0.0.0"), (17, "198.51.100.7/32", "192.0.2.1")],
            {"Wi-Fi"},
            id="VPN with a route to its server",
        ),
        pytest.param([(41, "0.0.0.0/0", "0.0.0.0"), (12, "0.0.0.0/0", "192.0.2.1")], {"Ethernet"}, id="VPN and card"),
        pytest.param([(1, "0.0.0.0/0", "0.0.0.0")], {"Ethernet"}, id="loopback leads nowhere"),
        pytest.param([], {"Ethernet"}, id="none: hardware that is up"),
    ],
)
def test_uplinks(routes: list[tuple[int, str, str]], uplinks: set[str]) -> None:
    assert parse_survey(told(*routes))[1] == uplinks


def test_without_hardware_the_device_with_the_route_counts() -> None:
    survey: dict[str, Any] = json.loads(told((30, "0.0.0.0/0", "192.0.2.1")))
    survey["adapters"] = survey["adapters"][2:]
    survey["interfaces"] = survey["interfaces"][1:]

    assert parse_survey(json.dumps(survey))[1] == {"vEthernet (Extern)"}


@pytest.mark.parametrize("text", ["", "[]", "{}", "Get-NetAdapter : not recognized", SURVEY[:-20], '{"adapters": 5}'])
def test_garbage_of_powershell_names_it(text: str) -> None:
    with pytest.raises(MeterError, match="powershell Get-NetAdapter: "):
        parse_survey(text)


def test_a_survey_carries_the_boot() -> None:
    survey = survey_windows(lambda _: "\ufeff" + SURVEY, lambda: "boot-42")

    assert (survey.boot_id, survey.wide_bytes) == ("boot-42", {})


def test_a_system_without_a_meter_is_told_so() -> None:
    with pytest.raises(MeterError, match="no interface meter for aix"):
        open_reader(platform="aix")
