"""Peers that are installed here, measured beside us."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.bench.http_client import KeptConnection
from tests.bench.places import place_with
from tests.bench.process_figures import cpu_seconds, memory_of
from tests.bench.rows import KERNEL_MEGABYTE, MILLISECOND, Row, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.places import Place
    from tests.bench.settings import Bench

NODE_EXPORTERS = ("prometheus-node-exporter", "node_exporter")
NODE_EXPORTER_PORT = 19100
START_SECONDS = 10.0


def measure(bench: Bench) -> list[Row]:
    """node_exporter with its netdev collector only: memory and CPU of a scrape, with 4 interfaces."""
    program = next(filter(None, map(shutil.which, NODE_EXPORTERS)), None)
    if program is None:
        return [skipped("node_exporter beside us", "not installed (package prometheus-node-exporter)")]
    with place_with(2) as place, _node_exporter(place, program) as pid:
        connection = KeptConnection(place.connect(NODE_EXPORTER_PORT))
        costs = [_burst(connection, pid, bench.requests) for _ in range(bench.rounds)]
        memory = memory_of(pid)
        connection.close()
    return [
        Row("node_exporter, netdev only: CPU of one scrape", "ms", None, tuple(costs)),
        Row("node_exporter, netdev only: RSS", "MB", None, (memory.resident / KERNEL_MEGABYTE,)),
        Row("node_exporter, netdev only: PSS", "MB", None, (memory.proportional / KERNEL_MEGABYTE,)),
    ]


def _burst(connection: KeptConnection, pid: int, count: int) -> float:
    before = cpu_seconds(pid)
    for _ in range(count):
        connection.get("/metrics")
    return (cpu_seconds(pid) - before) / count / MILLISECOND


@contextmanager
def _node_exporter(place: Place, program: str) -> Iterator[int]:
    options = ("--collector.disable-defaults", "--collector.netdev")
    process = subprocess.Popen(
        [*place.prefix, program, *options, f"--web.listen-address=127.0.0.1:{NODE_EXPORTER_PORT}"],
        stderr=subprocess.DEVNULL,
    )
    try:
        _await_listening(place)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _await_listening(place: Place) -> None:
    ends = time.monotonic() + START_SECONDS
    while True:
        try:
            place.connect(NODE_EXPORTER_PORT).close()
        except ConnectionRefusedError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.02)
        else:
            return
