"""The interface meter of macOS: what sysctl, netstat and networksetup print, parsed.

Since macOS 13 the kernel shows programs other than its own only the low 32 bits of its byte counters; netstat
still prints them whole, and the meter continues from there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.counters.readings import Link
from exporter.metering.samples import MeterError
from exporter.meters.commands import run_command
from exporter.meters.interfaces.surveyed import Survey, SurveyedInterfaceMeter, decide_uplinks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BOOT_ID = ("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")
_LINKS = ("/usr/sbin/netstat", "-ibn")
_ROUTES = (("/usr/sbin/netstat", "-rn", "-f", "inet"), ("/usr/sbin/netstat", "-rn", "-f", "inet6"))
_PORTS = ("/usr/sbin/networksetup", "-listallhardwareports")

_LINK_NUMBER = re.compile(r"<Link#(\d+)>")
_COUNT_COLUMNS = 7
"""Ipkts Ierrs Ibytes Opkts Oerrs Obytes Coll; the address before them may be missing."""
_ROUTE_COLUMNS = 4
_KINDS = {
    "lo": "loopback",
    "en": "ethernet",
    "utun": "tun",
    "ipsec": "tun",
    "bridge": "bridge",
    "vlan": "vlan",
    "bond": "bond",
    "ppp": "ppp",
    "gif": "gif",
    "stf": "sit",
    "awdl": "wlan",
    "llw": "wlan",
    "ap": "wlan",
    "anpi": "anpi",
    "feth": "veth",
    "vmenet": "veth",
    "pdp_ip": "wwan",
}


class _Row(NamedTuple):
    name: str
    ifindex: int
    is_up: bool
    mtu: int
    address: str
    received: int
    sent: int


class _Routes(NamedTuple):
    defaults: frozenset[str]
    gateways: frozenset[str]


def open_reader(run: Callable[[Sequence[str]], str] = run_command) -> SurveyedInterfaceMeter:
    """The meter of this Mac, surveyed once; a survey that fails is raised by its first scan."""
    meter = SurveyedInterfaceMeter(survey=lambda: survey_macos(run))
    try:
        meter.refresh_links()
    except MeterError:
        # scan() raises it, and the next survey may succeed
        return meter
    return meter


def survey_macos(run: Callable[[Sequence[str]], str]) -> Survey:
    """Ask the system's commands for links and routes; raises MeterError."""
    boot_id = run(_BOOT_ID).strip()
    if not boot_id:
        raise MeterError(f"{' '.join(_BOOT_ID)}: printed nothing")
    ports = parse_hardware_ports(run(_PORTS))
    rows = parse_links(run(_LINKS))
    links = {row.name: _link(row, ports) for row in rows}
    tables = [parse_routes(run(command)) for command in _ROUTES]
    defaults = frozenset().union(*(table.defaults for table in tables))
    gateways = frozenset().union(*(table.gateways for table in tables))
    wide = {row.name: (row.received, row.sent) for row in rows}
    return Survey(boot_id, links, decide_uplinks(defaults, gateways, links), wide)


def parse_hardware_ports(text: str) -> dict[str, str]:
    """Names of ports ("Wi-Fi") by device ("en0"), as networksetup prints them."""
    ports: dict[str, str] = {}
    port = ""
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        if key == "Hardware Port":
            port = value.strip()
        elif key == "Device" and port:
            ports[value.strip()] = port
            port = ""
    return ports


def parse_links(text: str) -> list[_Row]:
    """Read `netstat -ibn`, of which one row an interface has the whole counts; raises MeterError."""
    rows = [_row(line.split(), line) for line in text.splitlines() if _LINK_NUMBER.search(line)]
    if not rows:
        raise MeterError(f"{' '.join(_LINKS)}: lists no interface")
    return rows


def _row(columns: list[str], line: str) -> _Row:
    number = _LINK_NUMBER.fullmatch(columns[2]) if len(columns) >= _COUNT_COLUMNS + 3 else None
    counts = columns[-_COUNT_COLUMNS:]
    if number is None or not all(column.isdigit() for column in (columns[1], counts[2], counts[5])):
        raise MeterError(f"{' '.join(_LINKS)}: not an interface: {line!r}")
    has_address = len(columns) > _COUNT_COLUMNS + 3
    return _Row(
        name=columns[0].rstrip("*"),
        ifindex=int(number[1]),
        is_up=not columns[0].endswith("*"),
        mtu=int(columns[1]),
        address=columns[3] if has_address else "",
        received=int(counts[2]),
        sent=int(counts[5]),
    )


def parse_routes(text: str) -> _Routes:
    """Read `netstat -rn`: devices with a usable default route (scoped ones too), and with any gateway."""
    defaults, gateways = set(), set()
    for line in text.splitlines():
        columns = line.split()
        if len(columns) < _ROUTE_COLUMNS or not columns[2].startswith("U"):
            continue
        destination, _, flags, device = columns[:_ROUTE_COLUMNS]
        if "R" in flags or "B" in flags:
            continue
        if destination == "default":
            defaults.add(device)
        if "G" in flags:
            gateways.add(device)
    return _Routes(frozenset(defaults), frozenset(gateways))


def _link(row: _Row, ports: dict[str, str]) -> Link:
    stem = row.name.rstrip("0123456789")
    kind = _KINDS.get(stem, "other")
    port = ports.get(row.name, "")
    return Link(
        name=row.name,
        index=row.ifindex,
        kind="wlan" if port in {"Wi-Fi", "AirPort"} else kind,
        is_up=row.is_up,
        is_physical=kind in {"ethernet", "wwan"} or (bool(port) and kind == "other"),
        is_loopback=kind == "loopback",
        address=row.address,
        mtu=row.mtu,
    )
