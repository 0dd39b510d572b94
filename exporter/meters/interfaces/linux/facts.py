"""What Linux's sysfs knows of an interface beside its counts: hardware, speed, what it is stacked on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.counters.readings import Link
from exporter.metering.samples import MeterError

if TYPE_CHECKING:
    from pathlib import Path

_BYTES_PER_MEGABIT = 125_000
_IFF_UP = 0x1
_IFF_LOOPBACK = 0x8
_IFF_TAP = 0x2
_ARPHRD_ETHER = 1
_KINDS_BY_HARDWARE_TYPE = {
    _ARPHRD_ETHER: "ethernet",
    32: "infiniband",
    512: "ppp",
    768: "ipip",
    769: "ip6tnl",
    772: "loopback",
    776: "sit",
    778: "gre",
    801: "wlan",
    802: "wlan",
    803: "wlan",
    65534: "tun",
}
_KIND_BY_NAME = re.compile(r"(veth|ifb|dummy|tap|macvlan|ipvlan|vxlan)[0-9a-f]*")
"""What no file of sysfs says of a virtual Ethernet device; the kernel's own default names."""
_XEN_BACKEND = re.compile(r"vif-\d+-\d+")
"""A guest's network card as its host sees it (xenbus): no hardware of this machine."""
_PARAVIRTUAL = frozenset(
    {"virtio", "vmbus", "xen", "virtio_net", "hv_netvsc", "vmxnet3", "ena", "gve", "mana", "netfront"}
)
"""Buses and drivers of cards that a hypervisor makes: they move what memory can, whatever speed is written on them."""
_STATES = {"up": True, "unknown": None}


class Hardware(NamedTuple):
    """What sysfs alone knows; speed in bytes per second, None where unknown.

    `lower` is given for devices without hardware: netlink does not say on which one a vxlan stands.
    """

    kind: str = ""
    is_physical: bool = False
    speed: int | None = None
    lower: tuple[str, ...] = ()
    is_speed_a_label: bool = False


def read_text(path: Path) -> str:
    """Read a file that must be there; raises MeterError naming it."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise MeterError(f"{path}: {error.strerror}") from error


def printable_name(name: str) -> str:
    """The name as everybody can write it: the kernel takes bytes that are no UTF-8, a database and JSON do not."""
    return name if name.isascii() else name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def read_optional(path: Path) -> str:
    """Read a file, stripped; empty where it is missing or refused (speed of a link that is down)."""
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return ""


def read_index(folder: Path) -> int:
    """The interface's index, 0 where it has just vanished; raises MeterError on garbage."""
    text = read_optional(folder / "ifindex")
    if text and not text.isdigit():
        raise MeterError(f"{folder / 'ifindex'}: not an index: {text!r}")
    return int(text or 0)


def kind_of(driver: str, device_type: str, hardware_type: int) -> str:
    """The kernel's word for a device: its link driver's, else udev's, else that of its kind of address."""
    if driver == "tun" and hardware_type == _ARPHRD_ETHER:
        return "tap"
    return driver or device_type or _KINDS_BY_HARDWARE_TYPE.get(hardware_type, "other")


def read_hardware(folder: Path, index: int) -> Hardware:
    """Read what only sysfs knows; nothing if the folder shows another namespace's device of that name.

    Physical is what has a device of its own. Some such have lower devices all the same: the ports of a switch
    (DSA), or a synthetic card that counts its SR-IOV partner's traffic too (Hyper-V).
    """
    if read_index(folder) != index:
        return Hardware()
    kind = _device_type(read_optional(folder / "uevent"))
    if not _has_device(folder):
        return Hardware(kind, lower=_lower(folder))
    speed = _speed(read_optional(folder / "speed"))
    return Hardware(kind, is_physical=True, speed=speed, is_speed_a_label=_is_paravirtual(folder))


def read_link(folder: Path, pppoe: tuple[str, ...]) -> Link | None:
    """Read a link from sysfs alone, None if it has vanished; raises MeterError on garbage."""
    index = read_index(folder)
    if not index:
        return None
    hardware = read_hardware(folder, index)
    flags = _number(folder / "flags", 16)
    kind = hardware.kind or _virtual_kind(folder, is_physical=hardware.is_physical)
    lower = _lower(folder)
    return Link(
        name=printable_name(folder.name),
        index=index,
        kind=kind,
        is_up=_is_up(folder, flags),
        is_physical=hardware.is_physical,
        is_loopback=flags & _IFF_LOOPBACK != 0 or kind == "loopback",
        speed=hardware.speed,
        is_speed_a_label=hardware.is_speed_a_label,
        address=read_optional(folder / "address"),
        mtu=_number(folder / "mtu", 10),
        lower=lower or (pppoe if kind == "ppp" else ()),
    )


def _virtual_kind(folder: Path, *, is_physical: bool) -> str:
    hardware_type = _number(folder / "type", 10)
    if (folder / "wireless").exists() or (folder / "phy80211").exists():
        return "wlan"
    if (folder / "tun_flags").exists():
        return "tap" if _number(folder / "tun_flags", 16) & _IFF_TAP else "tun"
    by_name = _KIND_BY_NAME.fullmatch(folder.name)
    if by_name and not is_physical and hardware_type == _ARPHRD_ETHER:
        return by_name[1]
    # the other end of a veth pair; vlan and macvlan have a lower device
    if hardware_type == _ARPHRD_ETHER and not is_physical and _points_elsewhere(folder) and not _lower(folder):
        return "veth"
    return kind_of("", "", hardware_type)


def _points_elsewhere(folder: Path) -> bool:
    return _number(folder / "iflink", 10) not in {0, read_index(folder)}


def _is_up(folder: Path, flags: int) -> bool:
    state = _STATES.get(read_optional(folder / "operstate"), False)
    if state is not None:
        return state
    return flags & _IFF_UP != 0 and read_optional(folder / "carrier") != "0"


def _has_device(folder: Path) -> bool:
    device = folder / "device"
    try:
        target = device.readlink().name
    except OSError:
        return device.exists()
    return not _XEN_BACKEND.fullmatch(target)


def _is_paravirtual(folder: Path) -> bool:
    for link in ("subsystem", "driver"):
        try:
            if (folder / "device" / link).readlink().name in _PARAVIRTUAL:
                return True
        except OSError:
            continue
    return False


def _device_type(uevent: str) -> str:
    for line in uevent.split("\n"):
        key, _, value = line.partition("=")
        if key == "DEVTYPE":
            return value.lower()
    return ""


def _lower(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(printable_name(entry.name.removeprefix("lower_")) for entry in folder.glob("lower_*")))
    except OSError:
        return ()


def _speed(text: str) -> int | None:
    """Megabits of sysfs as bytes per second; -1 and 0 mean that the driver does not know."""
    return int(text) * _BYTES_PER_MEGABIT if text.isdigit() and int(text) > 0 else None


def _number(path: Path, base: int) -> int:
    text = read_optional(path)
    try:
        return int(text, base) if text else 0
    except ValueError as error:
        raise MeterError(f"{path}: not a number: {text!r}") from error
