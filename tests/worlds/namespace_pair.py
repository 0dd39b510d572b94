"""Two network namespaces with a veth pair, IPv4 and IPv6, and programs that run in them; nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.end_to_end.namespaces import Namespace
from tests.worlds import transfers

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

DEVICE = "veth0"
PROGRAM_SECONDS = 120
LAN_ADDRESS, LAN_ADDRESS_6 = "10.204.0.2", "fd00:204::2"
INTERNET_ADDRESS, INTERNET_ADDRESS_6 = "11.22.33.44", "2600:204::2"
"""Addresses of the far end, of both scopes; nothing leaves the namespaces."""
NEAR_ADDRESS, NEAR_ADDRESS_6 = "10.204.0.1", "fd00:204::1"


class Program:
    """A program in a namespace; a server has a port."""

    def __init__(self, process: subprocess.Popen[str], port: int = 0) -> None:
        self.process, self.pid, self.port = process, process.pid, port

    def wait(self) -> None:
        """Wait until it ends, and fail where it did not do what it should."""
        assert self.process.wait(PROGRAM_SECONDS) == 0

    def end(self) -> None:
        """End it, however it is."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.kill()
        self.process.wait(PROGRAM_SECONDS)
        self.process.stdout.close()


class NamespacePair:
    """`near` is metered, `far` is the rest of the world, with an address of lan and of internet."""

    def __init__(self) -> None:
        self._undo = ExitStack()
        try:
            self.near, self.far = self._namespace("n"), self._namespace("f")
            self._connect()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._undo.close()

    def serve(self, namespace: Namespace, address: str, *, name: str = "", port: int = 0) -> Program:
        """Start a server of tests/worlds/transfers.py, which listens when this returns."""
        program = self._start(namespace, "serve", address, "--name", name, "--port", str(port))
        assert program.process.stdout is not None
        return Program(program.process, int(program.process.stdout.readline()))

    def fetch(
        self,
        namespace: Namespace,
        address: str,
        port: int,
        *,
        name: str = "",
        times: int = 0,
        upload: int = 0,
        download: int = 0,
        hold_seconds: float = 0,
    ) -> Program:
        """Start a client of tests/worlds/transfers.py, or one that forks `times` clients, one after the other."""
        return self._start(
            namespace,
            *("fetch", address, str(port), "--name", name, "--times", str(times)),
            *("--upload", str(upload), "--download", str(download), "--hold-seconds", str(hold_seconds)),
        )

    def _start(self, namespace: Namespace, *arguments: str) -> Program:
        process = subprocess.Popen(
            ["ip", "netns", "exec", namespace.name, sys.executable, "-IS", transfers.__file__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        program = Program(process)
        self._undo.callback(program.end)
        return program

    def _namespace(self, role: str) -> Namespace:
        made = Namespace(role)
        self._undo.callback(made.delete)
        return made

    def _connect(self) -> None:
        self.near.ip("link", "add", DEVICE, "type", "veth", "peer", "name", DEVICE, "netns", self.far.name)
        for namespace in (self.near, self.far):
            namespace.inside(partial(Path(f"/proc/sys/net/ipv6/conf/{DEVICE}/disable_ipv6").write_text, "0", "ascii"))
            namespace.inside(partial(Path("/proc/sys/net/ipv6/conf/lo/disable_ipv6").write_text, "0", "ascii"))
        self._address(self.near, f"{NEAR_ADDRESS}/24", f"{NEAR_ADDRESS_6}/64")
        self._address(self.far, f"{LAN_ADDRESS}/24", f"{LAN_ADDRESS_6}/64")
        self._address(self.far, f"{INTERNET_ADDRESS}/32", f"{INTERNET_ADDRESS_6}/128")
        for namespace in (self.near, self.far):
            namespace.ip("link", "set", DEVICE, "up")
        self.near.ip("route", "add", "default", "via", LAN_ADDRESS)
        self.near.ip("-6", "route", "add", "default", "via", LAN_ADDRESS_6)
        self._know(self.near, self.far, LAN_ADDRESS, LAN_ADDRESS_6)
        self._know(self.far, self.near, NEAR_ADDRESS, NEAR_ADDRESS_6)

    def _address(self, namespace: Namespace, *addresses: str) -> None:
        for address in addresses:
            # without the detection of duplicates, an address can be used at once
            namespace.ip("address", "add", address, "dev", DEVICE, *(("nodad",) if ":" in address else ()))

    def _know(self, namespace: Namespace, other: Namespace, *addresses: str) -> None:
        for address in addresses:
            namespace.know_neighbour(DEVICE, address, other.hardware_address(DEVICE))
