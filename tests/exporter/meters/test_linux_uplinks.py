"""Which devices count: route tables as the kernel writes them, links, and the decision."""

from __future__ import annotations

import pytest

from exporter.metering.counters.readings import Link
from exporter.metering.samples import MeterError
from exporter.meters.interfaces.linux.uplinks import (
    KernelRoute,
    decide_uplinks,
    parse_ipv4_routes,
    parse_ipv6_routes,
    parse_pppoe,
)

IPV4_HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
NO_ADDRESS = "0" * 32
GATEWAY_V6 = "fe80000000000000000000000000000a"


def v4(device: str, destination: str = "00000000", mask: str = "00000000", flags: str = "0003") -> str:
    return f"{device}\t{destination}\t010200C0\t{flags}\t0\t0\t0\t{mask}\t0\t0\t0   \n"


def v6(device: str, destination: str = NO_ADDRESS, length: str = "00", *, gateway: str = GATEWAY_V6) -> str:
    zero = f"{NO_ADDRESS} 00"
    return f"{destination} {length} {zero} {gateway} 00000400 00000002 00000000 00000003 {device:>8}\n"


def link(name: str, kind: str = "ethernet", *lower: str, is_up: bool = True) -> Link:
    return Link(
        name=name,
        index=len(name),
        kind=kind,
        is_up=is_up,
        is_physical=kind in {"ethernet", "wlan", "dsa"},
        is_loopback=kind == "loopback",
        lower=lower,
    )


def virtual(name: str, kind: str, *lower: str, is_up: bool = True) -> Link:
    return link(name, kind, *lower, is_up=is_up)._replace(is_physical=False)


LOOPBACK = link("lo", "loopback")
ETH0, WLAN0 = link("eth0"), link("wlan0", "wlan")
HALVES = v4("tun0", mask="00000080") + v4("tun0", "00000080", "00000080")
TO_SERVER = v4("eth0", "0A0A0A0A", "FFFFFFFF", "0007")
LAN = v4("eth0", "000200C0", "00FFFFFF", "0001")


@pytest.mark.parametrize(
    ("links", "ipv4", "ipv6", "uplinks"),
    [
        pytest.param([ETH0], v4("eth0") + LAN, "", {"eth0"}, id="one default route"),
        pytest.param([ETH0, WLAN0], v4("eth0") + v4("wlan0"), "", {"eth0", "wlan0"}, id="two default routes"),
        pytest.param([ETH0, WLAN0], v4("wlan0") + LAN, "", {"wlan0"}, id="cable without a default route"),
        pytest.param([ETH0, WLAN0], "", v6("wlan0"), {"wlan0"}, id="IPv6 only"),
        pytest.param([ETH0, WLAN0], v4("eth0"), v6("wlan0"), {"eth0", "wlan0"}, id="one family each"),
        pytest.param(
            [ETH0, WLAN0],
            v4("eth0", flags="0203") + v4("wlan0"),
            "",
            {"wlan0"},
            id="a rejected default route",
        ),
        pytest.param([ETH0, WLAN0], v4("eth0", flags="0002") + v4("wlan0"), "", {"wlan0"}, id="a route that is not up"),
        pytest.param([ETH0], v4("lo") + v4("eth0"), v6("lo"), {"eth0"}, id="default routes to loopback"),
        pytest.param([ETH0], v4("gone0") + v4("eth0"), "", {"eth0"}, id="a device that has just vanished"),
        pytest.param(
            [ETH0, WLAN0, virtual("wg0", "wireguard")],
            v4("wg0") + TO_SERVER,
            "",
            {"eth0"},
            id="VPN with a host route to its server",
        ),
        pytest.param(
            [ETH0, link("wlan0", "wlan", is_up=False), virtual("wg0", "wireguard")],
            v4("wg0"),
            v6("wg0", gateway=NO_ADDRESS),
            {"eth0"},
            id="VPN without one: hardware that is up",
        ),
        pytest.param(
            [ETH0, WLAN0, virtual("tun0", "tun")],
            HALVES + v4("eth0"),
            "",
            {"eth0"},
            id="OpenVPN beside the default",
        ),
        pytest.param(
            [ETH0, WLAN0, virtual("tun0", "tun")],
            HALVES + TO_SERVER,
            "",
            {"eth0"},
            id="OpenVPN in place of the default",
        ),
        pytest.param(
            [ETH0, WLAN0, virtual("tun0", "tun")],
            v4("tun0", mask="00000080") + v4("wlan0"),
            "",
            {"wlan0"},
            id="half of the addresses is no default",
        ),
        pytest.param(
            [ETH0, WLAN0, virtual("tun0", "tun")],
            TO_SERVER,
            v6("tun0", "2" + "0" * 31, "03"),
            {"eth0"},
            id="a VPN's route to all global IPv6 addresses",
        ),
        pytest.param(
            [link("eth0"), link("eth1"), virtual("ppp0", "ppp", "eth1")], v4("ppp0"), "", {"eth1"}, id="PPPoE"
        ),
        pytest.param(
            [ETH0, virtual("vmbr0", "bridge", "eth0", "tap100i0"), virtual("tap100i0", "tap")],
            v4("vmbr0"),
            "",
            {"eth0"},
            id="bridge with an enslaved card",
        ),
        pytest.param(
            [ETH0, virtual("vmbr0", "bridge", "eth0"), virtual("wg0", "wireguard"), WLAN0],
            v4("wg0") + TO_SERVER.replace("eth0", "vmbr0"),
            "",
            {"eth0"},
            id="VPN over a bridge",
        ),
        pytest.param(
            [
                ETH0,
                link("eth1"),
                virtual("bond0", "bond", "eth0", "eth1"),
                virtual("bond0.7", "vlan", "bond0"),
            ],
            v4("bond0.7"),
            "",
            {"eth0", "eth1"},
            id="vlan over bond",
        ),
        pytest.param(
            [ETH0, virtual("docker0", "bridge", "veth1"), virtual("veth1", "veth"), virtual("veth2", "veth")],
            v4("eth0") + v4("docker0", "000011AC", "0000FFFF", "0001"),
            "",
            {"eth0"},
            id="docker host",
        ),
        pytest.param([virtual("eth0", "veth")], v4("eth0"), "", {"eth0"}, id="container"),
        pytest.param(
            [virtual("eth0", "veth"), virtual("tun0", "tun")],
            v4("tun0") + TO_SERVER,
            "",
            {"eth0"},
            id="VPN in a container",
        ),
        pytest.param([virtual("tun0", "tun")], v4("tun0"), "", {"tun0"}, id="nothing but a tunnel"),
        pytest.param(
            [ETH0, link("wlan0", "wlan", is_up=False), virtual("veth1", "veth")],
            LAN,
            "",
            {"eth0"},
            id="no default route",
        ),
        pytest.param(
            [virtual("eth0", "veth"), virtual("docker0", "bridge", "veth1"), virtual("veth1", "veth")],
            "",
            "",
            {"eth0"},
            id="container without a default route",
        ),
        pytest.param([], "", "", set(), id="nothing but loopback"),
        pytest.param([ETH0, virtual("ppp0", "ppp")], v4("ppp0") + LAN, "", {"ppp0"}, id="serial modem"),
        pytest.param(
            [ETH0, virtual("ppp0", "ppp")],
            v4("ppp0") + LAN + v4("eth0", "0000000A", "000000FF", "0003"),
            "",
            {"ppp0"},
            id="serial modem, and a net behind a router of the LAN",
        ),
        pytest.param([ETH0, virtual("ppp0", "ppp")], v4("ppp0") + TO_SERVER, "", {"eth0"}, id="L2TP"),
        pytest.param(
            [ETH0, virtual("ppp0", "ppp")], v4("ppp0") + v4("eth0"), "", {"eth0"}, id="L2TP beside the default"
        ),
        pytest.param([virtual("ppp0", "ppp")], v4("ppp0"), "", {"ppp0"}, id="a modem and no card"),
        pytest.param(
            [
                virtual("br0", "bridge", "ct-of-late", "up0"),
                virtual("up0", "veth"),
                virtual("ct-of-late", "veth"),
            ],
            v4("br0"),
            "",
            {"up0"},
            id="a container that bridges a nested one to its own card",
        ),
        pytest.param(
            [ETH0, link("wlan\u3000\u2028\x85\x1c", "wlan")],
            v4("wlan\u3000\u2028\x85\x1c"),
            v6("wlan\u3000\u2028\x85\x1c"),
            {"wlan\u3000\u2028\x85\x1c"},
            id="a name of what Unicode takes for white space",
        ),
        pytest.param([link("\\xe9"), WLAN0], v4("\udce9"), v6("\udce9"), {"\\xe9"}, id="a name that is no UTF-8"),
        pytest.param(
            [ETH0, link("wan", "dsa", "eth0"), link("lan1", "dsa", "eth0")],
            v4("wan"),
            "",
            {"wan"},
            id="switch",
        ),
        pytest.param(
            [ETH0, link("wan", "dsa", "eth0"), link("lan1", "dsa", "eth0", is_up=False)],
            "",
            "",
            {"wan"},
            id="switch without routes: its conduit is not counted again",
        ),
        pytest.param(
            [link("eth0", "ethernet", "enP1s1"), link("enP1s1")],
            v4("eth0"),
            "",
            {"eth0"},
            id="synthetic card with an SR-IOV partner",
        ),
        pytest.param(
            [virtual("a", "bridge", "b"), virtual("b", "vlan", "a"), ETH0],
            v4("a"),
            "",
            {"eth0"},
            id="a loop of devices",
        ),
    ],
)
def test_uplinks(links: list[Link], ipv4: str, ipv6: str, uplinks: set[str]) -> None:
    routes = [*parse_ipv4_routes(IPV4_HEADER + ipv4, "route"), *parse_ipv6_routes(ipv6, "ipv6_route")]

    decided = decide_uplinks(routes, {link.name: link for link in [LOOPBACK, *links]})

    assert decided == uplinks


def aside(device: str, *, has_gateway: bool = True) -> KernelRoute:
    """A default route in a table that a rule, a mark or a VRF leads to."""
    return KernelRoute(device, is_ipv6=False, destination=0, length=0, has_gateway=has_gateway, is_main=False)


@pytest.mark.parametrize(
    ("links", "ipv4", "others", "uplinks"),
    [
        pytest.param([ETH0, link("eth1")], LAN, [aside("eth1")], {"eth1"}, id="none in the main table"),
        pytest.param([ETH0, link("eth1")], v4("eth0"), [aside("eth1")], {"eth0", "eth1"}, id="a second uplink"),
        pytest.param(
            [ETH0, link("eth1"), virtual("wg0", "wireguard")],
            v4("eth0") + v4("eth1", "0000000A", "000000FF", "0003"),
            [aside("wg0", has_gateway=False)],
            {"eth0"},
            id="a VPN's own table adds nothing",
        ),
        pytest.param(
            [ETH0, virtual("wg0", "wireguard")],
            TO_SERVER,
            [aside("wg0", has_gateway=False)],
            {"eth0"},
            id="nothing but a VPN's own table",
        ),
        pytest.param(
            [ETH0, virtual("eth0.7", "vlan", "eth0"), link("eth1")],
            LAN,
            [aside("eth0.7"), aside("eth1")],
            {"eth0", "eth1"},
            id="two VRFs, one on a vlan",
        ),
        pytest.param(
            [virtual("eth0", "veth"), virtual("eth1", "veth")],
            v4("eth0"),
            [aside("eth1")],
            {"eth0", "eth1"},
            id="a container with two networks",
        ),
        pytest.param(
            [ETH0, virtual("ppp0", "ppp")],
            v4("eth0"),
            [aside("ppp0")],
            {"eth0"},
            id="PPP beside the default may run through it",
        ),
    ],
)
def test_default_routes_of_other_tables_lead_outside_too(
    links: list[Link], ipv4: str, others: list[KernelRoute], uplinks: set[str]
) -> None:
    routes = [*parse_ipv4_routes(IPV4_HEADER + ipv4, "route"), *others]

    assert decide_uplinks(routes, {one.name: one for one in links}) == uplinks


def test_a_big_endian_machines_second_half_is_a_half_too() -> None:
    routes = parse_ipv4_routes(IPV4_HEADER + v4("tun0", "80000000", "80000000"), "route")

    assert routes == [KernelRoute("tun0", is_ipv6=False, destination=1, length=1, has_gateway=True)]


@pytest.mark.parametrize("line", ["eth0\t0000", "eth0 x y z 0 0 0 m 0 0 0", "\0\0\0", v4("eth0")[:-25]])
def test_a_garbled_ipv4_route_names_its_file(line: str) -> None:
    with pytest.raises(MeterError, match=r"^/proc/net/route: not a route: "):
        parse_ipv4_routes(IPV4_HEADER + line, "/proc/net/route")


@pytest.mark.parametrize("line", ["00", v6("eth0")[:60], v6("eth0", "x" * 32), v6("eth0", length="ff")])
def test_a_garbled_ipv6_route_names_its_file(line: str) -> None:
    with pytest.raises(MeterError, match=r"^/proc/net/ipv6_route: not a route: "):
        parse_ipv6_routes(line, "/proc/net/ipv6_route")


@pytest.mark.parametrize(
    ("text", "devices"),
    [
        ("", ()),
        ("Id       Address              Device\n", ()),
        (
            (
                "Id       Address              Device\n"
                "0000000A 02:00:00:00:00:01        eth1\n"
                "0000000B 02:00:00:00:00:02        eth1\n"
                "0000000C 02:00:00:00:00:03        eth2\n"
            ),
            ("eth1", "eth2"),
        ),
    ],
)
def test_pppoe_sessions_name_the_devices_under_them(text: str, devices: tuple[str, ...]) -> None:
    assert parse_pppoe(text) == devices
