"""The interface meter of Windows: links and routes from PowerShell, parsed, the boot from the registry."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any

from exporter.metering.counters.readings import Link
from exporter.metering.samples import MeterError
from exporter.meters.commands import run_command
from exporter.meters.interfaces.surveyed import Survey, SurveyedInterfaceMeter, decide_uplinks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BOOT_KEY = r"SYSTEM\CurrentControlSet\Control\Session Manager\Memory Management\PrefetchParameters"
_SCRIPT = (
    "[Console]::OutputEncoding = [Text.Encoding]::UTF8; "
    "@{"
    "adapters = @(Get-NetAdapter -IncludeHidden | Select-Object Name, ifIndex, HardwareInterface,"
    " @{n='Status'; e={[string]$_.Status}}, @{n='Medium'; e={[string]$_.PhysicalMediaType}},"
    " ReceiveLinkSpeed, MacAddress, MtuSize); "
    "interfaces = @(Get-NetIPInterface | Select-Object InterfaceAlias, ifIndex, NlMtu,"
    " @{n='State'; e={[string]$_.ConnectionState}}); "
    "routes = @(Get-NetRoute | Where-Object { $_.NextHop -notin '0.0.0.0', '::'"
    " -or $_.DestinationPrefix -in '0.0.0.0/0', '::/0' } |"
    " Select-Object ifIndex, DestinationPrefix, NextHop)"
    "} | ConvertTo-Json -Depth 4 -Compress"
)
_COMMAND = ("powershell.exe", "-NoProfile", "-NonInteractive", "-Command", _SCRIPT)
_SOURCE = "powershell Get-NetAdapter"
_NO_GATEWAYS = frozenset({"0.0.0.0", "::", None})
_DEFAULTS = frozenset({"0.0.0.0/0", "::/0"})
_KINDS = {
    "802.3": "ethernet",
    "Native 802.11": "wlan",
    "Wireless LAN": "wlan",
    "Wireless WAN": "wwan",
    "BlueTooth": "bluetooth",
}


def open_reader(run: Callable[[Sequence[str]], str] = run_command) -> SurveyedInterfaceMeter:
    """The meter of this machine, surveyed once; a survey that fails is raised by its first scan."""
    meter = SurveyedInterfaceMeter(survey=lambda: survey_windows(run, read_boot_id))
    try:
        meter.refresh_links()
    except MeterError:
        # scan() raises it, and the next survey may succeed
        return meter
    return meter


def read_boot_id() -> str:
    """The number that Windows gives each boot; raises MeterError."""
    try:
        winreg: Any = import_module("winreg")
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _BOOT_KEY) as key:
            return f"boot-{winreg.QueryValueEx(key, 'BootId')[0]}"
    except (ImportError, OSError) as error:
        raise MeterError(f"registry value {_BOOT_KEY}\\BootId: {error}") from error


def survey_windows(run: Callable[[Sequence[str]], str], boot_id: Callable[[], str]) -> Survey:
    """Ask PowerShell for links and routes; raises MeterError."""
    links, uplinks = parse_survey(run(_COMMAND))
    return Survey(boot_id(), links, uplinks, wide_bytes={})


def parse_survey(text: str) -> tuple[dict[str, Link], frozenset[str]]:
    """Links by name and the uplinks, from the script's JSON; raises MeterError on anything else."""
    try:
        survey = json.loads(text.lstrip("\ufeff"))
        adapters = {row["ifIndex"]: _adapter(row) for row in survey["adapters"]}
        others = {row["ifIndex"]: _ip_interface(row) for row in survey["interfaces"]}
        by_index = {**others, **adapters}
        routes = [
            (by_index[row["ifIndex"]].name, row["DestinationPrefix"], row["NextHop"])
            for row in survey["routes"]
            if row["ifIndex"] in by_index
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MeterError(f"{_SOURCE}: not what was asked for ({error!r})") from error
    links = {link.name: link for link in by_index.values()}
    defaults = [name for name, prefix, _ in routes if prefix in _DEFAULTS]
    gateways = [name for name, _, next_hop in routes if next_hop not in _NO_GATEWAYS]
    return links, decide_uplinks(defaults, gateways, links)


def _adapter(row: dict[str, Any]) -> Link:
    is_physical = bool(row["HardwareInterface"])
    speed = row.get("ReceiveLinkSpeed")
    return Link(
        name=str(row["Name"]),
        index=int(row["ifIndex"]),
        kind=_KINDS.get(row["Medium"], "ethernet" if is_physical else "other"),
        is_up=row["Status"] == "Up",
        is_physical=is_physical,
        # disconnected adapters report all ones; virtual ones an invented number
        speed=int(speed) // 8 if is_physical and speed and int(speed) < 2**62 else None,
        address=str(row.get("MacAddress") or "").replace("-", ":").lower(),
        mtu=int(row.get("MtuSize") or 0),
    )


def _ip_interface(row: dict[str, Any]) -> Link:
    """What has addresses but no adapter: the loopback pseudo-interface."""
    name = str(row["InterfaceAlias"])
    is_loopback = name.startswith("Loopback Pseudo-Interface")
    return Link(
        name=name,
        index=int(row["ifIndex"]),
        kind="loopback" if is_loopback else "other",
        is_up=row["State"] == "Connected",
        is_physical=False,
        is_loopback=is_loopback,
        # the loopback's is 2**32 - 1
        mtu=min(int(row.get("NlMtu") or 0), 65536),
    )
