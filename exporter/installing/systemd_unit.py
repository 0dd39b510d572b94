"""The unit of systemd: of the system, with a user of its own and confined, or of one user's manager.

Each line of the confinement is one of systemd.exec(5); `systemd-analyze security` rates them 1.1 (systemd 252).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exporter.installing.installation import Installation

WATCHDOG_SECONDS = 30
CAPABILITIES = "CAP_BPF CAP_NET_ADMIN CAP_PERFMON CAP_SYS_PTRACE CAP_DAC_READ_SEARCH"
"""What eBPF wants: loading, attaching, reading of the kernel's memory, and the names of other users' processes."""

STATE_LEDGER = "/var/lib/netledger/ledger.db"

ANYWHERE = (
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "NoNewPrivileges=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_NETLINK AF_UNIX",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallErrorNumber=EPERM",
)
"""What a user's manager can do, too: without root there is no confinement by mounts."""

OF_THE_SYSTEM = (
    "KeyringMode=private",
    "PrivateDevices=yes",
    "PrivateIPC=yes",
    "PrivateMounts=yes",
    "PrivateTmp=yes",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "ProtectSystem=strict",
    "RemoveIPC=yes",
)
WITHOUT_CAPABILITIES = (
    "AmbientCapabilities=",
    "CapabilityBoundingSet=",
    "PrivateUsers=yes",
    "ProtectProc=invisible",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
)
WITH_CAPABILITIES = (
    f"AmbientCapabilities={CAPABILITIES}",
    f"CapabilityBoundingSet={CAPABILITIES}",
    "SystemCallFilter=@system-service bpf perf_event_open",
    "SystemCallFilter=~@resources",
)
"""In a user namespace capabilities are none of the machine, and names want the processes of other users."""


def unit_text(installation: Installation, *, has_lingering: bool = False) -> str:
    """The unit's file. `has_lingering`: the installation switched the user's lingering on, and undoes that."""
    is_of_user = installation.user is not None
    lines = [
        "[Unit]",
        "Description=netledger: every byte of every network interface, counted once",
        "After=network.target",
        # A full disk or a wrong setting is tried again until it is mended.
        "StartLimitIntervalSec=0",
        *(["X-NetledgerLingering=yes"] if has_lingering else []),
        "",
        "[Service]",
        *_service(installation),
        *(sorted(ANYWHERE) if is_of_user else _confinement(installation)),
        "",
        "[Install]",
        f"WantedBy={'default' if is_of_user else 'multi-user'}.target",
    ]
    return "\n".join(lines) + "\n"


def _service(installation: Installation) -> Iterator[str]:
    yield "Type=notify"
    yield f"ExecStart={' '.join(map(_quoted, installation.run_command))}"
    # The shell has a kill of its own, where no package has one.
    yield "ExecReload=/bin/sh -c 'kill -HUP $MAINPID'"
    yield "Restart=on-failure"
    yield "RestartSec=5s"
    # A ledger of an older netledger is migrated before the service is ready.
    yield "TimeoutStartSec=10min"
    yield "TimeoutStopSec=15s"
    yield f"WatchdogSec={WATCHDOG_SECONDS}s"
    # A service that hangs writes where, before it is ended.
    yield "Environment=PYTHONFAULTHANDLER=1 PYTHONDONTWRITEBYTECODE=1"
    yield "LimitCORE=0"
    yield "UMask=0077"
    if installation.user is None:
        yield "DynamicUser=yes"
        yield "StateDirectory=netledger"
        yield "StateDirectoryMode=0700"
        yield f"Environment=NETLEDGER_LEDGER_PATH={STATE_LEDGER}"
        if installation.key_file is not None:
            yield f"LoadCredential=api_keys:{_path(installation.key_file)}"
            yield "Environment=NETLEDGER_AUTH_API_KEY_FILE=%d/api_keys"


def _confinement(installation: Installation) -> list[str]:
    by_capabilities = WITH_CAPABILITIES if installation.has_capabilities else WITHOUT_CAPABILITIES
    hidden = installation.hidden_folders
    homes = ["ProtectHome=tmpfs", *(f"BindReadOnlyPaths={_path(path)}" for path in hidden)]
    return sorted([*ANYWHERE, *OF_THE_SYSTEM, *by_capabilities, *(homes if hidden else ["ProtectHome=yes"])], key=_name)


def _name(line: str) -> str:
    """The key of a line: lines of one key keep their order."""
    return line.partition("=")[0]


def _quoted(argument: str) -> str:
    """An argument of ExecStart, in the quotes and escapes of systemd.syntax(7)."""
    text = argument.replace("%", "%%").replace("$", "$$")
    if text and all(letter.isalnum() or letter in "/._-+=@:%$,~" for letter in text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _path(path: Path) -> str:
    """A path in a list whose items have parts between colons."""
    return _quoted(str(path).replace(":", "\\:")) if ":" in str(path) else _quoted(str(path))
