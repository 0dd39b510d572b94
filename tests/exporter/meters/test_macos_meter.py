"""The interface meter of macOS, from what its commands print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporter.metering.counters.readings import Counts, Epoch, Link
from exporter.metering.samples import MeterError
from exporter.meters.commands import run_command
from exporter.meters.interfaces.macos import (
    open_reader as open_macos_reader,
)
from exporter.meters.interfaces.macos import (
    parse_hardware_ports,
    parse_links,
    parse_routes,
    survey_macos,
)
from exporter.meters.interfaces.surveyed import Survey, SurveyedInterfaceMeter, widen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psutil._ntuples import snetio

PRINTED = Path(__file__).parents[2] / "fixtures/macos"
BOOT_ID = "5F0A1C6E-0000-4000-8000-00000000000A"


def printing(**instead: str) -> Callable[[Sequence[str]], str]:
    """Commands that print the files of a Mac on Wi-Fi, or others."""
    files = {
        "kern.bootsessionuuid": "",
        "-listallhardwareports": "hardware-ports.txt",
        "-ibn": "netstat-ibn.txt",
        "inet": "routes-inet.txt",
        "inet6": "routes-inet6.txt",
        **instead,
    }

    def run(command: Sequence[str]) -> str:
        file = files[command[-1]]
        return (PRINTED / file).read_text(encoding="utf-8") if file else BOOT_ID + "\n"

    return run


def columns(received: int, sent: int) -> snetio:
    return (sent, received, 1, 2, 3, 4, 5, 6)  # type: ignore[return-value]


def test_a_survey_knows_links_and_the_uplink() -> None:
    survey = survey_macos(printing())

    kinds = {link.name: link.kind for link in survey.links.values()}
    assert survey.boot_id == BOOT_ID
    assert survey.uplinks == {"en0"}
    assert survey.links["en0"] == Link(
        "en0", 11, "wlan", is_up=True, is_physical=True, address="02:00:00:00:00:11", mtu=1500
    )
    assert survey.links["lo0"].is_loopback
    assert not survey.links["en5"].is_up
    assert {name for name, link in survey.links.items() if link.is_physical} == {"en0", "en5"}
    assert (kinds["utun4"], kinds["bridge0"], kinds["gif0"]) == ("tun", "bridge", "gif")


def test_under_a_full_tunnel_the_hardware_counts() -> None:
    assert survey_macos(printing(inet="routes-inet-vpn.txt")).uplinks == {"en0"}


def test_hardware_ports_by_device() -> None:
    text = (PRINTED / "hardware-ports.txt").read_text(encoding="utf-8")

    assert parse_hardware_ports(text) == {
        "en5": "Ethernet Adapter (en5)",
        "bridge0": "Thunderbolt Bridge",
        "en0": "Wi-Fi",
    }


def test_routes_that_reject_lead_nowhere() -> None:
    routes = parse_routes("default 192.0.2.1 UGRSc en0\ndefault 192.0.2.1 UGBSc en1\ndefault link#3 UCS en2\n")

    assert (set(routes.defaults), set(routes.gateways)) == ({"en2"}, set())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Name Mtu Network Address Ipkts\n",
        "en0 1500 <Link#11> 1 2 3\n",
        "en0 1500 <Link#11> 02:00:00:00:00:11 1 0 many 1 0 5 0\n",
        "en0 1500 x <Link#11> 1 0 2 1 0 5 0\n",
    ],
)
def test_garbage_of_netstat_names_it(text: str) -> None:
    with pytest.raises(MeterError, match=r"netstat -ibn: "):
        parse_links(text)


@pytest.mark.parametrize(
    ("raw", "known", "whole"),
    [
        (5, 3, 5),
        (3, 3, 3),
        (10, 2**32 - 6, 2**32 + 10),
        (2**32 - 1, 2**32 - 6, 2**32 - 1),
        (30277303935 % 2**32 + 100, 30277303935, 30277304035),
        pytest.param(7, 9, 9, id="a little behind, as the kernel rounds"),
        pytest.param(2**32 + 50, 20, 2**32 + 50, id="a system that shows all bits"),
    ],
)
def test_a_counter_of_which_32_bits_are_shown_goes_on_from_its_whole(raw: int, known: int, whole: int) -> None:
    assert widen(raw, known) == whole


def test_readings_are_whole_where_psutil_sees_32_bits() -> None:
    whole_received, whole_sent = 30277303935, 5212532863
    shown = [
        {"en0": columns(whole_received % 2**32, whole_sent % 2**32)},
        {
            "en0": columns((whole_received + 2**31) % 2**32, (whole_sent + 9) % 2**32 - 2),
            "new0": columns(1, 1),
        },
        {"en0": columns((whole_received + 2**32) % 2**32, (whole_sent + 20) % 2**32)},
    ]
    meter = SurveyedInterfaceMeter(survey=lambda: survey_macos(printing()), counters=lambda: shown.pop(0))
    meter.refresh_links()

    looks = [meter.scan() for _ in range(2)]
    meter.refresh_links()
    looks.append(meter.scan())

    counts = [look.readings[0].counts for look in looks]
    assert counts[0] == Counts(whole_received, whole_sent, 2, 1, 3, 4, 5, 6)
    assert [count.transmit_bytes - whole_sent for count in counts] == [0, 7, 20]
    assert [count.receive_bytes for count in counts] == sorted(count.receive_bytes for count in counts)
    assert [len(look.readings) for look in looks] == [1, 1, 1]
    assert looks[0].readings[0].epoch == Epoch(BOOT_ID, 0, 11)


def test_a_meter_without_a_survey_says_why() -> None:
    def run(command: Sequence[str]) -> str:
        raise MeterError(f"{command[0]}: gone")

    meter = open_macos_reader(run)

    with pytest.raises(MeterError, match="/usr/sbin/sysctl: gone"):
        meter.scan()


def test_a_survey_that_fails_leaves_the_last_one() -> None:
    answers: list[Survey | MeterError] = [survey_macos(printing()), MeterError("gone")]

    def survey() -> Survey:
        answer = answers.pop(0)
        if isinstance(answer, MeterError):
            raise answer
        return answer

    meter = SurveyedInterfaceMeter(survey=survey, counters=lambda: {"en0": columns(1, 1)})
    meter.refresh_links()

    with pytest.raises(MeterError, match="gone"):
        meter.refresh_links()

    assert meter.scan().uplinks == {"en0"}


@pytest.mark.parametrize("command", [("/nonexistent/netstat",), ("false",)])
def test_a_command_that_fails_is_named(command: Sequence[str]) -> None:
    with pytest.raises(MeterError, match=command[0]):
        run_command(command)
