"""The way of measuring: the best that opens, and the reasons why no better one did."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from exporter.meters.applications.settings import Applications
from exporter.meters.applications.sources import MODULES, SYSTEMS, ChosenSource, open_source
from exporter.meters.applications.traffic import Backend
from exporter.settings.tree import Settings

REFUSED, WORKING = "tests.meters.ways.refused", "tests.meters.ways.working"
OFF = Settings(applications=Applications(meter="off"))
REASON = "the kernel refused it (Operation not permitted)"

CASES = {
    "the best works": ("auto", {"ebpf": WORKING, "sock_diag": WORKING}, Backend("ebpf")),
    "the second works": ("auto", {"ebpf": REFUSED, "sock_diag": WORKING}, Backend("ebpf", f"ebpf: {REASON}")),
    "none works": (
        "auto",
        {"ebpf": REFUSED, "sock_diag": REFUSED},
        Backend("none", f"ebpf: {REASON}; sock_diag: {REASON}"),
    ),
    "the named one alone is tried": (
        "ebpf",
        {"ebpf": REFUSED, "sock_diag": WORKING},
        Backend("none", f"ebpf: {REASON}"),
    ),
    "one of another system": ("nettop", {}, Backend("none", "nettop: this netledger does not have it")),
    "off": ("off", {"ebpf": WORKING}, Backend("none", "applications.meter is off")),
}


@pytest.mark.parametrize(("meter", "modules", "backend"), CASES.values(), ids=CASES)
def test_the_best_way_that_works_is_taken_and_says_why(meter: str, modules: dict[str, str], backend: Backend) -> None:
    settings = Settings(applications=Applications(meter=meter))  # type: ignore[arg-type]

    source = open_source(settings, modules, "linux")

    assert source.backend == backend
    assert list(source.read()) == []
    source.close()


def test_a_service_that_follows_with_another_way_or_other_networks_has_another_source() -> None:
    chosen = ChosenSource(OFF)
    first = chosen.follow(OFF)

    assert chosen.follow(Settings(applications=Applications(meter="off", most=7))) is first
    networks: dict[str, tuple[IPv4Network | IPv6Network, ...]] = {"office": (ip_network("10.20.0.0/16"),)}
    assert chosen.follow(Settings(applications=Applications(meter="off"), networks=networks)) is not first
    assert chosen.follow(Settings(applications=Applications(meter="nettop"))).backend.reason.startswith("nettop: ")
    chosen.close()


def test_an_unknown_system_has_no_way() -> None:
    assert open_source(Settings(), MODULES, "plan9").backend == Backend("none", "no way of measuring is known on plan9")


def test_every_way_of_the_table_is_one_of_a_system() -> None:
    assert set(MODULES) <= {way for ways in SYSTEMS.values() for way in ways}
