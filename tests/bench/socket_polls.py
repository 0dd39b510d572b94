"""What it costs to list TCP sockets: a poll of sock_diag, and `ss` over the same sockets."""

from __future__ import annotations

import resource
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.sock_diag.source import SockDiagSource
from tests.bench.places import place_with
from tests.bench.rows import MILLISECOND, Row, skipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.places import Place
    from tests.bench.settings import Bench

COUNTS = {100: None, 1_000: None, 10_000: 35.0}
"""Sockets, and the milliseconds that a poll may take."""
REMARK = "CPU of one read with no name to find, at idle sockets; ss is one `ss -tinpe` over the same sockets, CPU too"
ENDS = 500
DESCRIPTORS_BESIDE = 200


def measure(bench: Bench) -> list[Row]:
    """CPU of a poll at 100, 1,000 and 10,000 sockets, of the first one, and of 500 connections that come and go."""
    needed = max(COUNTS) + DESCRIPTORS_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        return [skipped("sock_diag: polls", f"10,000 sockets need {needed} descriptors; this process may have {hard}")]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    try:
        with place_with(0) as place:
            return [row for count in COUNTS for row in _polls(place, bench, count)] + [_ends(place, bench)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _polls(place: Place, bench: Bench, count: int) -> list[Row]:
    with _connections(place, count // 2):
        began = time.process_time()
        source = _source(place)
        first = time.process_time() - began
        # those whose process was not found are looked for a second time
        source.read()
        polls = tuple(_cpu(source) for _ in range(bench.rounds))
        source.close()
        peer = _ss(place)
    name = f"sock_diag: a poll at {count:,} sockets"
    rows = [Row(name, "ms", COUNTS[count], polls, peer, remark=REMARK if count == max(COUNTS) else "")]
    if count == max(COUNTS):
        rows.append(Row(f"sock_diag: the start at {count:,} sockets", "ms", None, (first / MILLISECOND,)))
    return rows


def _ends(place: Place, bench: Bench) -> Row:
    """What a read takes for connections that no poll saw."""
    source = _source(place)
    costs = []
    for _ in range(bench.rounds):
        with _connections(place, ENDS // 2) as connected:
            for each in connected:
                each.send(b"x")
        time.sleep(0.2)
        costs.append(_cpu(source))
    source.close()
    return Row(f"sock_diag: a read after {ENDS} sockets came and went", "ms", None, tuple(costs))


def _cpu(source: SockDiagSource) -> float:
    began = time.process_time()
    source.read()
    return (time.process_time() - began) / MILLISECOND


def _ss(place: Place) -> str:
    if shutil.which("ss") is None:
        return ""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # a child of the thread that is inside; `ip netns exec` would hide the cgroups, and ss complain of each socket
    quiet = subprocess.DEVNULL
    place.inside(lambda: subprocess.run(["ss", "-tinpe"], stdout=quiet, stderr=quiet, check=True))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return f"ss {seconds / MILLISECOND:.0f} beside us"


def _source(place: Place) -> SockDiagSource:
    return place.inside(lambda: SockDiagSource(Scopes({}).of))


@contextmanager
def _connections(place: Place, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as kept:
        listening = kept.enter_context(place.inside(lambda: socket.create_server(("127.0.0.1", 0), backlog=count)))
        port = listening.getsockname()[1]

        def connect() -> list[socket.socket]:
            made = []
            for _ in range(count):
                made.append(kept.enter_context(socket.create_connection(("127.0.0.1", port))))
                made.append(kept.enter_context(listening.accept()[0]))
            return made

        yield place.inside(connect)
