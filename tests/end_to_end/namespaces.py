"""Network namespaces, their links, and the kernel's own counters in them."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

CLONE_NEWNET = 0x40000000
COMMAND_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Moved:
    """Bytes received and transmitted by one device."""

    receive: int = 0
    transmit: int = 0

    @property
    def bytes(self) -> int:
        return self.receive + self.transmit

    def __add__(self, other: Moved) -> Moved:
        return Moved(self.receive + other.receive, self.transmit + other.transmit)

    def __sub__(self, other: Moved) -> Moved:
        return Moved(self.receive - other.receive, self.transmit - other.transmit)


def run(*command: str, timeout: float = COMMAND_TIMEOUT_SECONDS) -> str:
    """Run a command of the system and return what it printed; raises AssertionError with its words."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}"
    return done.stdout


def parse_net_dev(text: str) -> dict[str, Moved]:
    """Bytes per device from the text of /proc/net/dev."""
    rows = (line.split(":", 1) for line in text.splitlines()[2:])
    fields = {name.strip(): counters.split() for name, counters in rows}
    return {name: Moved(int(counters[0]), int(counters[8])) for name, counters in fields.items()}


class Namespace:
    """One network namespace with a name of its own, gone after `delete()`."""

    def __init__(self, role: str) -> None:
        self.name = f"nl{token_hex(3)}-{role}"
        run("ip", "netns", "add", self.name)
        try:
            self._silence()
        except AssertionError:
            self.delete()
            raise

    def _silence(self) -> None:
        # Neighbour discovery and router solicitations would move bytes at instants of the kernel's choosing.
        for scope in ("all", "default"):
            self.switch_on(f"ipv6/conf/{scope}/disable_ipv6")
        self.ip("link", "set", "lo", "up")

    def delete(self) -> None:
        run("ip", "netns", "delete", self.name)

    def switch_on(self, setting: str) -> None:
        """Set one of /proc/sys/net to 1; the program sysctl is not on every user's PATH."""
        self.inside(partial(Path("/proc/sys/net", setting).write_text, "1", "ascii"))

    def ip(self, *arguments: str) -> str:
        return run("ip", "-n", self.name, *arguments)

    def run(self, *command: str) -> str:
        return run("ip", "netns", "exec", self.name, *command)

    def counters(self) -> dict[str, Moved]:
        """What the kernel has counted so far, per device."""
        # /proc/net is the view of the process' first thread; this one is of the thread that entered.
        return parse_net_dev(self.inside(Path("/proc/thread-self/net/dev").read_text))

    def counter(self, device: str) -> Moved:
        return self.counters()[device]

    def counters_after(self, *, seconds: float) -> dict[str, Moved]:
        time.sleep(seconds)
        return self.counters()

    def hardware_address(self, device: str) -> str:
        """The Ethernet address of a device, or nothing for one that needs none."""
        _, ethernet, address = self.ip("-o", "link", "show", "dev", device).partition("link/ether ")
        return address.split()[0] if ethernet else ""

    def know_neighbour(self, device: str, address: str, hardware_address: str) -> None:
        """Make a neighbour permanent, so that no ARP runs."""
        if hardware_address:
            self.ip(
                *("neighbour", "replace", address, "lladdr", hardware_address),
                *("dev", device, "nud", "permanent"),
            )

    def inside(self, call: Callable[[], T]) -> T:
        """Run `call` in a thread that has entered this namespace; its sockets stay inside for life."""
        results: list[T] = []
        errors: list[BaseException] = []

        def enter_and_call() -> None:
            try:
                _enter(Path("/run/netns", self.name))
                results.append(call())
            except BaseException as error:  # noqa: BLE001 - handed to the caller's thread, whatever it is
                errors.append(error)

        thread = Thread(target=enter_and_call)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return results[0]

    def datagram_socket(self) -> socket.socket:
        return self.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))


def _enter(namespace: Path) -> None:
    # os.setns came with Python 3.12.
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"can't enter {namespace}")
    finally:
        os.close(descriptor)
