"""Which Linux devices carry the machine's traffic to the outside: routes parsed, and the decision, pure.

The kernel takes any byte into a name but NUL, a slash, a colon and its own white space: rows are cut where it writes
a tab, a blank or a new line, never where Unicode sees white space or the end of a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.samples import MeterError
from exporter.meters.interfaces.linux.facts import printable_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.metering.counters.readings import Link

_RTF_UP = 0x1
_RTF_GATEWAY = 0x2
_RTF_REJECT = 0x200
_IPV4_COLUMNS = 11
_IPV6_COLUMNS = 10
_NO_GATEWAY = "0" * 32
_IPV6_WIDE_LENGTHS = frozenset({"00", "01", "03", "04"})
"""As the file writes them: a default route, or what VPNs set in its place."""
_OUTWARD_VIRTUAL_KINDS = frozenset({"ethernet", "wlan", "veth", "macvlan", "ipvlan"})
"""How a container or a namespace without hardware reaches the outside."""


class KernelRoute(NamedTuple):
    """One usable route and device: `destination` is its leading bits, `length` their number.

    `is_main`: in the table that all traffic asks, not in one that a rule, a mark or a VRF leads to.
    """

    device: str
    is_ipv6: bool
    destination: int
    length: int
    has_gateway: bool
    is_main: bool = True


def parse_ipv4_routes(text: str, source: str) -> list[KernelRoute]:
    """Read /proc/net/route, of which a multipath route shows its first next hop only; raises MeterError."""
    routes = []
    for line in filter(None, text.split("\n")[1:]):
        columns = line.split("\t")
        if len(columns) != _IPV4_COLUMNS:
            raise MeterError(f"{source}: not a route: {line.strip()!r}")
        try:
            address, mask, flags = int(columns[1], 16), int(columns[7], 16), int(columns[3], 16)
        except ValueError as error:
            raise MeterError(f"{source}: not a route: {line.strip()!r}") from error
        if not flags & _RTF_UP or flags & _RTF_REJECT:
            continue
        length = mask.bit_count()
        # the file writes addresses in the machine's byte order; one bit is the same either way
        leading = int(address != 0) if length == 1 else address
        routes.append(
            KernelRoute(
                printable_name(columns[0]),
                is_ipv6=False,
                destination=leading,
                length=length,
                has_gateway=flags & _RTF_GATEWAY != 0,
            )
        )
    return routes


def parse_ipv6_routes(text: str, source: str) -> list[KernelRoute]:
    """Read the default, near-default and gateway routes of /proc/net/ipv6_route; raises MeterError."""
    routes = []
    for line in filter(None, text.split("\n")):
        columns = line.split(" ", _IPV6_COLUMNS - 1)
        if len(columns) != _IPV6_COLUMNS:
            raise MeterError(f"{source}: not a route: {line.strip()!r}")
        has_gateway = columns[4] != _NO_GATEWAY
        if columns[1] not in _IPV6_WIDE_LENGTHS and not has_gateway:
            continue
        try:
            length, flags = int(columns[1], 16), int(columns[8], 16)
            destination = int(columns[0], 16) >> (128 - length)
        except ValueError as error:
            raise MeterError(f"{source}: not a route: {line.strip()!r}") from error
        if not flags & _RTF_UP or flags & _RTF_REJECT:
            continue
        device = printable_name(columns[9].strip(" "))
        routes.append(
            KernelRoute(device, is_ipv6=True, destination=destination, length=length, has_gateway=has_gateway)
        )
    return routes


def parse_pppoe(text: str) -> tuple[str, ...]:
    """The Ethernet devices under PPPoE sessions, from /proc/net/pppoe."""
    rows = ([column for column in line.split(" ") if column] for line in text.split("\n")[1:])
    return tuple(dict.fromkeys(printable_name(columns[2]) for columns in rows if len(columns) == 3))  # noqa: PLR2004 - id, address, device


def decide_uplinks(routes: Iterable[KernelRoute], links: Mapping[str, Link]) -> frozenset[str]:
    """Names of devices whose bytes are the machine's traffic with the outside, each byte on one of them.

    With a default route: the hardware under its device; for a tunnel without visible hardware under it, the
    hardware with a gateway route (to the tunnel's server), else all hardware that is up. A modem's PPP device has no
    hardware under it: without a route to a server it counts itself. Default routes of other tables than the main one
    count as well, those of tunnels only where there is no other. Without a default route: the hardware that is up.
    Where no hardware is visible (container, namespace): the device with the route; without a route, what is up, no
    port of a bridge, and of a kind that can lead outside (veth, macvlan).
    """
    routes = [route for route in routes if route.device in links and not links[route.device].is_loopback]
    carriers = default_carriers(routes, links)
    if not carriers:
        return _hardware_up(links) or _outward(links)
    return frozenset().union(*(_beneath(device, routes, links) for device in carriers))


def default_carriers(routes: Iterable[KernelRoute], links: Mapping[str, Link]) -> set[str]:
    """Devices with a default route in the main table, and those of other tables that do not tunnel through them."""
    routes = list(routes)
    main = _everywhere(route for route in routes if route.is_main)
    others = _everywhere(route for route in routes if not route.is_main) - main
    return main | {device for device in others if not main or _stands_on_its_own(device, links)}


def _stands_on_its_own(device: str, links: Mapping[str, Link]) -> bool:
    return bool(_hardware_under(device, links)) or links[device].kind in _OUTWARD_VIRTUAL_KINDS | {"ppp"}


def _everywhere(routes: Iterable[KernelRoute]) -> set[str]:
    """Devices with a default route, or with a set of routes that VPNs use in its place."""
    covered: dict[tuple[str, bool], set[tuple[int, int]]] = {}
    for route in routes:
        covered.setdefault((route.device, route.is_ipv6), set()).add((route.destination, route.length))
    return {device for (device, is_ipv6), prefixes in covered.items() if _cover_all(prefixes, is_ipv6=is_ipv6)}


def _cover_all(prefixes: set[tuple[int, int]], *, is_ipv6: bool) -> bool:
    """Whether they lead everywhere: a default, two halves, or (IPv6) all global addresses, 2000::/3."""
    if (0, 0) in prefixes or {(0, 1), (1, 1)} <= prefixes:
        return True
    return is_ipv6 and ((1, 3) in prefixes or {(2, 4), (3, 4)} <= prefixes)


def _beneath(device: str, routes: Iterable[KernelRoute], links: Mapping[str, Link]) -> frozenset[str]:
    """The hardware that carries what is routed to this device."""
    if links[device].is_physical:
        return frozenset({device})
    under = _hardware_under(device, links)
    if under:
        return under
    is_modem = links[device].kind == "ppp"
    gateways = {route.device for route in routes if route.has_gateway and (not is_modem or _leads_to_a_server(route))}
    if not any(link.is_physical for link in links.values()):
        return _outward_gateways(device, gateways, links)
    leading = frozenset().union(*(_hardware_under(gateway, links) for gateway in gateways))
    return leading or (frozenset() if is_modem else _hardware_up(links)) or frozenset({device})


def _leads_to_a_server(route: KernelRoute) -> bool:
    """To one address, as PPTP and L2TP set it, or to all: a route to a net behind a neighbour carries no tunnel."""
    return route.length in {0, 1, 128 if route.is_ipv6 else 32}


def _outward_gateways(device: str, gateways: set[str], links: Mapping[str, Link]) -> frozenset[str]:
    """A VPN inside a container leaves by the device it stands on, else by the one with the route to its server."""
    if links[device].kind in _OUTWARD_VIRTUAL_KINDS:
        return frozenset({device})
    under = frozenset(name for name in _stack_under(device, links) if links[name].kind in _OUTWARD_VIRTUAL_KINDS)
    if links[device].kind == "bridge" and under:
        # the others lead to containers inside this one, which are made later
        under = frozenset({min(under, key=lambda name: links[name].index)})
    leading = frozenset(name for name in gateways if links[name].kind in _OUTWARD_VIRTUAL_KINDS)
    return under or leading or frozenset({device})


def _hardware_under(device: str, links: Mapping[str, Link]) -> frozenset[str]:
    """This device if it is hardware, else the hardware anywhere in the stack under it."""
    return frozenset(name for name in _stack_under(device, links) if links[name].is_physical)


def _stack_under(device: str, links: Mapping[str, Link]) -> set[str]:
    """This device and those that it stands on, as deep as the first hardware."""
    seen: set[str] = set()
    waiting = [device]
    while waiting:
        name = waiting.pop()
        link = links.get(name)
        if link is None or name in seen:
            continue
        seen.add(name)
        if not link.is_physical:
            waiting.extend(link.lower)
    return seen


def _hardware_up(links: Mapping[str, Link]) -> frozenset[str]:
    """Hardware that is up, but for what other hardware counts too (a switch's conduit, SR-IOV partner)."""
    counted_above = {lower for link in links.values() if link.is_physical for lower in link.lower}
    return frozenset(
        link.name
        for link in links.values()
        if link.is_physical and link.is_up and not link.is_loopback and link.name not in counted_above
    )


def _outward(links: Mapping[str, Link]) -> frozenset[str]:
    """Virtual devices that can lead outside: up, and not the port of a bridge or bond."""
    if any(link.is_physical for link in links.values()):
        return frozenset()
    ports = {lower for link in links.values() for lower in link.lower}
    return frozenset(
        link.name
        for link in links.values()
        if link.is_up and not link.is_loopback and link.kind in _OUTWARD_VIRTUAL_KINDS and link.name not in ports
    )
