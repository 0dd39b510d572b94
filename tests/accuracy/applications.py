"""Programs that move known bytes at the same time, each over a link of its own, and what is said of each.

A link's own counter is the truth of its program. netledger's two ways on Linux, nethogs and AirTraffic's formula see
the same traffic; the formula splits the machine's rate by each program's share of open sockets, once a minute.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.ebpf.source import find_cgroup, open_ebpf
from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.sock_diag.source import SockDiagSource
from exporter.meters.applications.traffic import SHORT_LIVED
from tests.accuracy.links import Links, lay_links
from tests.worlds.datagram_programs import DATAGRAMS, SINK
from tests.worlds.programs import ACCEPT, INTERPRETER, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from exporter.meters.applications.traffic import Traffic
    from tests.end_to_end.namespaces import Moved

TICK_SECONDS, SECONDS = 60, 125
IDLE_CONNECTIONS = 8
SHORT_ONES, SHORT_SIZE = 100, 1_000_000
HEAD = """\
| program | truth | netledger, eBPF | netledger, sock_diag | nethogs | AirTraffic's formula |
|---|---:|---:|---:|---:|---:|
"""

HOLD = """
import socket, sys, time
held = [socket.create_connection((sys.argv[1], int(sys.argv[2]))) for _ in range(int(sys.argv[3]))]
time.sleep(600)
"""
"""Arguments: address, port, connections. Holds them and moves nothing."""

LISTEN = """
import socket, sys, time
with socket.create_server((sys.argv[1], 0), backlog=64) as server:
    print(server.getsockname()[1], flush=True)
    time.sleep(600)
"""
"""Arguments: address. Accepts connections in the kernel alone."""

SLOWLY = """
import socket, sys, time
address, port, size, seconds = sys.argv[1], *map(int, sys.argv[2:])
with socket.create_connection((address, port)) as connection:
    part = bytes(size // seconds)
    for _ in range(seconds):
        connection.sendall(part)
        time.sleep(1)
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)
"""
"""Arguments: address, port, size, seconds. Sends a part each second."""


class Standing(NamedTuple):
    """Bytes of one program, both ways together: true, and as each says; None where it says nothing."""

    name: str
    truth: int
    ebpf: int
    sock_diag: int
    nethogs: int | None
    formula: int


class Contest:
    """Who is measured, by whom; `programs` are by the name that the table has."""

    def __init__(self, links: Links, folder: Path) -> None:
        self._links, self._folder = links, folder
        self.commands: dict[str, str] = {}
        self._processes: list[subprocess.Popen[str]] = []
        self._held = ExitStack()

    def run(self) -> list[Standing]:
        """All at once; takes about as long as two ticks of a minute."""
        with self._held:
            before = self._links.counters()
            nethogs = self._start_nethogs()
            ebpf = open_ebpf(Scopes({}), find_cgroup())
            self._held.callback(ebpf.close)
            sock_diag = self._links.near.inside(lambda: SockDiagSource(Scopes({}).of))
            self._held.callback(sock_diag.close)
            self._start_programs()
            traffic, formula = self._watch((ebpf.read, sock_diag.read))
            truth = {name: now - before[name] for name, now in self._links.counters().items()}
            return self._standings(truth, traffic, self._said_by(nethogs), formula)

    def _start_programs(self) -> None:
        near, far, curl = self._links.near, self._links.far, shutil.which("curl")
        assert curl is not None
        idle, slow, short, sender = (
            program(self._folder, role, of)
            for role, of in (("idle", INTERPRETER), ("upload", INTERPRETER), ("curl", Path(curl)), ("udp", INTERPRETER))
        )
        server = program(self._folder, "server")
        serve = self._held.enter_context
        ports = {
            "idle": serve(server.serving(far, LISTEN, self._links.far_of("idle"))),
            "upload": serve(server.serving(far, ACCEPT, self._links.far_of("upload"), "0", "take")),
            "curl": serve(server.serving(far, ACCEPT, self._links.far_of("curl"), str(SHORT_SIZE), "send")),
            "udp": serve(server.serving(far, SINK, self._links.far_of("udp"))),
        }
        for role, made in (("idle", idle), ("upload", slow), ("curl", short), ("udp", sender)):
            self.commands[role] = made.command
        there = {role: (self._links.far_of(role), port) for role, port in ports.items()}
        url = f"http://{':'.join(there['curl'])}/"
        once = f"{short.path} --http0.9 --silent --output /dev/null {url}"
        loop = ("sh", "-c", f"sleep 70; for each in $(seq {SHORT_ONES}); do {once}; done")
        self._processes = [
            idle.start(near, HOLD, *there["idle"], str(IDLE_CONNECTIONS)),
            slow.start(near, SLOWLY, *there["upload"], "100000000", "100"),
            sender.start(near, DATAGRAMS, *there["udp"], "1", "25000", "1200", "0"),
            subprocess.Popen(("ip", "netns", "exec", near.name, *loop), text=True),
        ]
        for process in self._processes:
            self._held.callback(process.wait)
            self._held.callback(process.kill)

    def _watch(self, reads: Sequence[Callable[[], Iterable[Traffic]]]) -> tuple[list[list[Traffic]], dict[str, float]]:
        """Read once a second; at each tick, add the machine's rate by the share of open sockets."""
        traffic: list[list[Traffic]] = [[] for _ in reads]
        formula = dict.fromkeys(self.commands, 0.0)
        began, last = time.monotonic(), self._links.total()
        for second in range(1, SECONDS + 1):
            time.sleep(max(began + second - time.monotonic(), 0))
            for read, rows in zip(reads, traffic, strict=True):
                rows.extend(read())
            if second % TICK_SECONDS == 0:
                total = self._links.total()
                shares = self._shares_of_sockets()
                for name, share in shares.items():
                    formula[name] += (total - last) / TICK_SECONDS * share
                last = total
        return traffic, formula

    def _shares_of_sockets(self) -> dict[str, float]:
        counts = dict.fromkeys(self.commands, 0)
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended
                command = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
                name = next((name for name, held in self.commands.items() if held == command), None)
                if name is not None:
                    links = (str(each.readlink()) for each in (folder / "fd").iterdir())
                    counts[name] += sum(link.startswith("socket:") for link in links)
        return {name: count / max(sum(counts.values()), 1) for name, count in counts.items()}

    def _start_nethogs(self) -> subprocess.Popen[bytes] | None:
        if not shutil.which("nethogs"):
            return None
        with (self._folder / "nethogs").open("wb") as output:
            inside = ("ip", "netns", "exec", self._links.near.name)
            command = (*inside, "nethogs", "-t", "-C", "-v", "2", "-d", "1", *self._links.devices)
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
        time.sleep(2)
        self._held.callback(process.wait)
        self._held.callback(process.kill)
        return process

    def _said_by(self, nethogs: subprocess.Popen[bytes] | None) -> dict[str, int] | None:
        """Its lines are PROGRAM/PID/UID, sent, received, in bytes so far; each process has its own."""
        if nethogs is None:
            return None
        most: dict[str, float] = {}
        for line in (self._folder / "nethogs").read_text(encoding="utf-8", errors="replace").splitlines():
            who, *numbers = line.split("\t")
            if len(numbers) == 2:
                most[who] = max(most.get(who, 0.0), sum(map(float, numbers)))
        return {
            name: round(sum(said for who, said in most.items() if command in who))
            for name, command in self.commands.items()
        }

    def _standings(
        self,
        truth: dict[str, Moved],
        traffic: list[list[Traffic]],
        nethogs: dict[str, int] | None,
        formula: dict[str, float],
    ) -> list[Standing]:
        def of(rows: list[Traffic], command: str, special: str = "") -> int:
            found = [row for row in rows if (row.owner.command, row.owner.special) == (command, special)]
            return sum(row.receive_bytes + row.transmit_bytes for row in found)

        ebpf, sock_diag = traffic
        standings = [
            Standing(
                name,
                truth[name].bytes,
                of(ebpf, command),
                of(sock_diag, command),
                None if nethogs is None else nethogs[name],
                round(formula[name]),
            )
            for name, command in self.commands.items()
        ]
        nameless = of(sock_diag, "", SHORT_LIVED)
        return [*standings, Standing(SHORT_LIVED, 0, 0, nameless, None if nethogs is None else 0, 0)]


NAMES = {
    "idle": f"holds {IDLE_CONNECTIONS} idle connections",
    "upload": "one TCP upload over 100 s",
    "curl": f"{SHORT_ONES} processes of curl, 1 MB each",
    "udp": "UDP sender, 25,000 datagrams at once",
}
NAMELESS = "counted without a name"


def measure() -> list[Standing]:
    """The contest in namespaces of its own."""
    with tempfile.TemporaryDirectory(prefix="netledger-accuracy-") as name, lay_links(NAMES) as links:
        return Contest(links, Path(name)).run()


def table(standings: Sequence[Standing]) -> str:
    """Bytes of each program, and in parentheses how far they are from the truth: bytes, or a share of it."""
    return HEAD + "".join(
        f"| {NAMES.get(each.name, NAMELESS)} | {each.truth:,} | "
        + " | ".join(_share(said, each.truth) for said in (each.ebpf, each.sock_diag, each.nethogs, each.formula))
        + " |\n"
        for each in standings
    )


def _share(said: int | None, truth: int) -> str:
    if said is None:
        return "not installed"
    if not truth:
        return f"{said:,}"
    if said == truth:
        return f"{said:,} (**0**)"
    if abs(said - truth) < truth / 1000:
        return f"{said:,} ({said - truth:+,})"
    return f"{said:,} ({said / truth:.1%})" if said < 10 * truth else f"{said:,} ({said / truth:,.0f} times)"
