"""Applications by eBPF: what a packet costs in the kernel, what reading costs, and what it takes from a service."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.meters.applications.ebpf import loading, syscalls
from exporter.meters.applications.ebpf.source import EbpfSource, find_cgroup, open_ebpf
from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.traffic import SourceError
from tests.bench.places import Place
from tests.bench.process_figures import cpu_seconds, memory_of
from tests.bench.rows import KERNEL_MEGABYTE, MILLISECOND, Row, skipped
from tests.bench.running import running
from tests.privileges import reason_against_namespaces
from tests.worlds.own_line import any_network, connected
from tests.worlds.programs import ACCEPT, INTERPRETER, program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.meters.applications.traffic import Traffic
    from tests.bench.settings import Bench
    from tests.worlds.own_line import Line

NAME = "eBPF"
PREFIXES, RUNS, APPLICATIONS = 1_000, 1_000_000, 1_000
SHORT_ONES, SHORT_SIZE = 500, 100_000
FEWEST_PAIRS, STREAM_SECONDS = 8, 2
LONGEST_STREAM_SECONDS = 30
SETTLING_SECONDS = 5.0
MINUTE = 60.0
HEAD = f"{'02' * 12} 0800 4500003c00000000 40110000"
"""Of a packet: Ethernet, then IPv4 with UDP, up to its addresses."""
SEND = """
import ctypes, socket, time
senders = []
for number in range(50):
    ctypes.CDLL(None).prctl(15, f"sender-{number}".encode(), 0, 0, 0)
    senders.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
print("ready", flush=True)
while True:
    for sender in senders:
        sender.sendto(b"x", ("127.0.0.1", 9))
    time.sleep(0.5)
"""
"""Sockets of 50 names, each sends twice a second."""


def measure(bench: Bench) -> list[Row]:
    """Kernel cost of a packet, of reading, of short processes, of a stream; CPU and memory of a service."""
    if reason_against_namespaces():
        return [skipped(NAME, reason_against_namespaces())]
    try:
        open_ebpf(Scopes({}), find_cgroup()).close()
    except SourceError as error:
        return [skipped(NAME, str(error))]
    return [
        *_packets(bench),
        *_readings(bench),
        _short_processes(bench),
        _stream(bench),
        *_service(bench),
    ]


def _packets(bench: Bench) -> list[Row]:
    """Nanoseconds by BPF_PROG_TEST_RUN; the packet is of a socket without an owner, to an address of no prefix."""
    networks = {"many": tuple(ip_network(f"100.{64 + n // 256}.{n % 256}.0/24") for n in range(PREFIXES))}
    scopes = Scopes(networks)
    loaded = loading.load(loading.read_knowledge(), scopes.prefixes(), len(scopes.names))
    address = {"of a prefix": "64400709", "of none": "0b162c37"}
    rows = []
    with closing(loaded.held), connected(any_network()) as line:
        device = line.near.inside(lambda: socket.if_nametoindex("eth9"))
        for direction in ("ingress", "egress"):
            descriptor = loaded.programs[f"cgroup_skb/{direction}"]
            for peer, packed in address.items():
                packet = bytes.fromhex(
                    f"{'02' * 12}0800 4500003c00000000 40110000 {packed * 2} 00090009 00280000"
                ) + bytes(32)
                run = partial(syscalls.test_run, descriptor, packet, RUNS, device)
                values = tuple(float(line.near.inside(run)) for _ in range(bench.rounds))
                figure = f"{NAME}: kernel cost of a packet, {direction}, 1,000 prefixes, peer {peer}"
                rows.append(Row(figure, "ns", 120, values))
    return rows


def _readings(bench: Bench) -> list[Row]:
    """What a read takes when all of 1,000 applications have moved since the last one, and when none has."""
    loaded = loading.load(loading.read_knowledge(), (), 3)
    moved: list[float] = []
    unmoved: list[float] = []
    with closing(EbpfSource(loaded, ("loopback", "lan", "internet"), find_cgroup())) as source:
        for turn in range(1, bench.rounds * 4 + 1):
            _move(loaded, turn, APPLICATIONS)
            for values in (moved, unmoved):
                began = time.perf_counter()
                found = source.read()
                values.append((time.perf_counter() - began) / MILLISECOND)
            assert not found
    remark = "the programs are loaded and not attached: nothing else moves; the first read names all"
    return [
        Row(f"{NAME}: reading 1,000 applications that all moved", "ms", 5, tuple(moved[1:]), remark=remark),
        Row(f"{NAME}: reading 1,000 applications at rest", "ms", 5, tuple(unmoved)),
    ]


def _move(loaded: loading.LoadedPrograms, turn: int, count: int) -> None:
    table = loaded.maps[loading.ACCOUNTS]
    value = loading.COUNTS.pack(turn * 1000, turn * 100, turn, turn).ljust(table.value_size, b"\0")
    for number in range(count):
        key = loading.ACCOUNT.pack(f"application-{number}".encode()[:16], 1, 0, 0, 0, 2, 0, 0, 0)
        syscalls.update(table.descriptor, key, value)


def _short_processes(bench: Bench) -> Row:
    """CPU of the reads, once a second, while 500 processes of curl fetch 100 KB each; nethogs on the same device."""
    figure = f"{NAME}: CPU for 500 short processes of curl"
    curl = shutil.which("curl")
    if curl is None:
        return skipped(figure, "curl is not installed")
    values, peers = [], []
    for _ in range(min(bench.rounds, 3)):
        with connected(any_network(), "gso_max_segs", "1") as line, _nethogs(line) as nethogs:
            with closing(open_ebpf(line.network.scopes, find_cgroup())) as source:
                source.refresh()
                source.read()
                values.append(_cpu_of_reads(source, line, Path(curl), bench.folder) / MILLISECOND)
            if nethogs:
                peers.append(cpu_seconds(nethogs) / MILLISECOND)
    peer = f"nethogs {min(peers):.0f} to {max(peers):.0f}" if peers else ""
    return Row(
        figure, "ms", 5, tuple(values), peer, remark="in user space: reads once a second; nethogs -t on the device"
    )


def _cpu_of_reads(source: EbpfSource, line: Line, curl: Path, folder: Path) -> float:
    client, server = program(folder, "curl", curl), program(folder, "serve")
    with server.serving(line.far, ACCEPT, line.network.far, str(SHORT_SIZE), "send") as port:
        url = f"http://{line.network.far}:{port}/"
        one = f"{client.path} --http0.9 --silent --fail --output /dev/null {url}"
        loop = f"for each in $(seq {SHORT_ONES}); do {one}; done"
        found: list[Traffic] = []
        used = 0.0
        with subprocess.Popen(["ip", "netns", "exec", line.near.name, "sh", "-ec", loop]) as process:
            is_over = False
            while not is_over:
                is_over = _is_over(process)
                before = time.process_time()
                found += source.read()
                used += time.process_time() - before
    received = sum(each.receive_bytes for each in found if each.owner.command == client.command)
    assert received > SHORT_ONES * SHORT_SIZE
    return used


def _is_over(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        return False
    return True


@contextmanager
def _nethogs(line: Line) -> Iterator[int]:
    """Its pid; 0 where it is not installed."""
    if not shutil.which("nethogs"):
        yield 0
        return
    command = ("ip", "netns", "exec", line.near.name, "nethogs", "-t", "-C", "-v", "2", "eth9")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(1)
        yield process.pid
        process.terminate()


def _stream(bench: Bench) -> Row:
    """Percent of iperf3's throughput that is lost while the programs count; a pair of runs a value."""
    figure = f"{NAME}: throughput of iperf3 (TCP) lost while it counts"
    if not shutil.which("iperf3"):
        return skipped(figure, "not installed (package iperf3)")
    values, speeds = [], []
    with connected(any_network()) as line:
        for pair in range(max(FEWEST_PAIRS, bench.rounds * 2)):
            measured = {}
            for is_on in (pair % 2 == 0, pair % 2 == 1):
                measured[is_on] = _speed(line, is_on=is_on)
            values.append(100 * (1 - measured[True] / measured[False]))
            speeds.append(measured[False])
    remark = (
        f"median of {len(values)} pairs of {STREAM_SECONDS} s, on and off in turn, between two namespaces on this "
        f"machine, {min(speeds) / 1e9:.0f} to {max(speeds) / 1e9:.0f} Gbit/s without it; below 0 is noise"
    )
    return Row(figure, "%", 3, tuple(values), remark=remark)


def _speed(line: Line, *, is_on: bool) -> float:
    if is_on:
        with closing(open_ebpf(line.network.scopes, find_cgroup())):
            return _speed(line, is_on=False)
    serve = ("ip", "netns", "exec", line.far.name, "iperf3", "--server", "--one-off", "--forceflush")
    fetch = ("ip", "netns", "exec", line.near.name, "iperf3", "-c", line.network.far, "-t", str(STREAM_SECONDS), "-J")
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        next(line for line in server.stdout if "listening" in line)
        printed = subprocess.run(
            fetch, capture_output=True, text=True, check=True, timeout=LONGEST_STREAM_SECONDS
        ).stdout
        server.communicate(timeout=LONGEST_STREAM_SECONDS)
    return float(json.loads(printed)["end"]["sum_received"]["bits_per_second"])


def _service(bench: Bench) -> list[Row]:
    """What a service needs more with this meter than with applications.meter off, 50 applications moving."""
    on: dict[str, list[float]] = {"cpu": [], "rss": []}
    off: dict[str, list[float]] = {"cpu": [], "rss": []}
    with subprocess.Popen([INTERPRETER, "-S", "-c", SEND], stdout=subprocess.PIPE) as senders:
        try:
            assert senders.stdout is not None
            senders.stdout.readline()
            for turn in range(min(bench.rounds, 3)):
                for way, held in (("off", off), ("ebpf", on)):
                    _measure_service(bench, way, turn, held)
        finally:
            senders.kill()
    return [
        Row(
            f"{NAME}: idle CPU added at samples of 1 s, 50 applications that move",
            "s/min",
            0.03,
            _differences(on["cpu"], off["cpu"]),
            remark=f"a service with applications.meter: ebpf less one with off, windows of {bench.window_seconds:g} s",
        ),
        Row(f"{NAME}: RSS added", "MB", 4, _differences(on["rss"], off["rss"])),
    ]


def _measure_service(bench: Bench, way: str, turn: int, held: dict[str, list[float]]) -> None:
    settings = {"NETLEDGER_APPLICATIONS_METER": way, "NETLEDGER_INTERFACES_SAMPLE_INTERVAL": "1s"}
    with running(Place(), bench.folder / f"applications-{way}-{turn}.db", settings) as service:
        time.sleep(SETTLING_SECONDS)
        before, began = cpu_seconds(service.pid), time.monotonic()
        time.sleep(bench.window_seconds)
        held["cpu"].append((cpu_seconds(service.pid) - before) * MINUTE / (time.monotonic() - began))
        held["rss"].append(memory_of(service.pid).resident / KERNEL_MEGABYTE)


def _differences(more: Sequence[float], less: Sequence[float]) -> tuple[float, ...]:
    return tuple(one - other for one, other in zip(more, less, strict=True))
