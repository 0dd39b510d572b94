"""Known bytes of TCP by real programs through a real kernel, with the interfaces' counters as truth."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from exporter.meters.applications.traffic import KERNEL, UNKNOWN
from tests.end_to_end.namespaces import Moved, run
from tests.worlds.devices import packets, switch_off_segmentation
from tests.worlds.own_line import OURS, connected
from tests.worlds.programs import ACCEPT, CONNECT, SECONDS, Program, program

if TYPE_CHECKING:
    from tests.exporter.meters.applications.ebpf.conftest import Seen
    from tests.worlds.own_line import Line, Network

pytestmark = pytest.mark.namespaces
SIZE = 5_000_000
SHORT_ONES, SHORT_SIZE = 500, 100_000
ETHERNET_IP_TCP_HEADERS = 14 + 20 + 32
"""TCP with timestamps."""


class Exchange(NamedTuple):
    """Both programs, what each end's device moved meanwhile, and the segments that the client received and sent."""

    client: Program
    server: Program
    near: Moved
    far: Moved
    segments: Moved


def exchange(line: Line, folder: Path, *, accept: str = "send", connect: str = "take", address: str = "") -> Exchange:
    """One connection from near to far; one end sends in its way, the other takes in its way."""
    client, server = program(folder, "connect"), program(folder, "accept")
    address = address or line.network.far
    near, far = line.counters()
    with server.serving(line.far, ACCEPT, address, str(SIZE), accept) as port:
        moved, segments = client.run(line.near, CONNECT, address, port, str(SIZE), connect).splitlines()
    assert moved == str(SIZE)
    # A client that took everything closes its side last: its FIN and the answer are behind what it printed.
    sent, received = (int(count) + connect.startswith("take") for count in segments.split())
    now_near, now_far = line.counters()
    return Exchange(client, server, now_near - near, now_far - far, Moved(received, sent))


def is_within(seen: Moved, moved: Moved, share: float) -> bool:
    """Whether bytes differ from a counter by at most this share, or a packet."""
    pairs = ((seen.receive, moved.receive), (seen.transmit, moved.transmit))
    return all(abs(one - other) <= max(other * share, 100) for one, other in pairs)


def test_the_bytes_of_a_namespace_that_is_gone_stay(network: Network, seen: Seen, tmp_path: Path) -> None:
    with connected(network, "gso_max_segs", "1") as line:
        done = exchange(line, tmp_path)

    assert seen.of(done.client.command) == done.near
    assert seen.of(done.client.command) == done.near, "nothing is added when it has gone"


@pytest.mark.parametrize(
    ("accept", "connect"),
    [
        ("send", "take"),
        ("take", "send"),
        ("sendfile", "take"),
        ("take", "sendfile"),
        ("take", "splice"),
        ("send", "take_by_splice"),
        ("send", "take_and_peek"),
        ("send", "take_late"),
        ("take_late", "send"),
    ],
)
def test_a_connection_is_the_interfaces_bytes_to_the_last_one(
    line: Line, seen: Seen, tmp_path: Path, accept: str, connect: str
) -> None:
    done = exchange(line, tmp_path, accept=accept, connect=connect)

    assert seen.of(done.client.command) == done.near
    assert is_within(seen.of(done.server.command), done.far, 0.001)
    assert seen.of(done.client.command, OURS, "tcp") == seen.of(done.client.command)


def test_packets_are_the_interfaces_packets(line: Line, seen: Seen, tmp_path: Path) -> None:
    done = exchange(line, tmp_path)

    assert seen.packets_of(done.client.command) == done.segments


def test_ipv6_is_the_interfaces_bytes_to_the_last_one(line: Line, seen: Seen, tmp_path: Path) -> None:
    done = exchange(line, tmp_path, address=line.network.far_ipv6)

    assert seen.of(done.client.command) == done.near
    assert is_within(seen.of(done.server.command), done.far, 0.001)
    assert seen.of(done.client.command, OURS, "tcp") == seen.of(done.client.command)


def test_packets_that_the_kernel_cuts_before_the_device_are_counted_with_every_header(
    segmenting_line: Line, seen: Seen, tmp_path: Path
) -> None:
    for namespace in (segmenting_line.near, segmenting_line.far):
        switch_off_segmentation(namespace, "eth9")

    done = exchange(segmenting_line, tmp_path, accept="take", connect="send")

    assert seen.of(done.client.command) == done.near
    assert is_within(seen.of(done.server.command), done.far, 0.001)


@pytest.mark.parametrize(("accept", "connect"), [("send", "take"), ("take", "send")])
def test_packets_that_the_device_cuts_are_counted_with_every_header(
    segmenting_line: Line, seen: Seen, tmp_path: Path, accept: str, connect: str
) -> None:
    """A veth hands such a packet over whole, and counts one header: the others are to be added to its counter."""
    whole = packets(segmenting_line.near, "eth9")
    done = exchange(segmenting_line, tmp_path, accept=accept, connect=connect)
    whole = packets(segmenting_line.near, "eth9") - whole

    more = done.segments - whole
    headers = Moved(more.receive * ETHERNET_IP_TCP_HEADERS, more.transmit * ETHERNET_IP_TCP_HEADERS)
    assert headers.bytes > SIZE * 0.01
    assert seen.of(done.client.command) == done.near + headers
    assert seen.packets_of(done.client.command) == done.segments


def test_processes_that_end_at_once_are_named_to_the_last_byte(line: Line, seen: Seen, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    client, server = program(tmp_path, "short", Path(curl)), program(tmp_path, "accept")
    address = line.network.far
    before = line.near.counter("eth9")
    with server.serving(line.far, ACCEPT, address, str(SHORT_SIZE), "send") as port:
        one = f"{client.path} --http0.9 --silent --fail --output /dev/null http://{address}:{port}/"
        loop = f"for each in $(seq {SHORT_ONES}); do {one}; done"
        run("ip", "netns", "exec", line.near.name, "sh", "-ec", loop, timeout=SECONDS)
    moved = line.near.counter("eth9") - before

    assert moved.receive > SHORT_ONES * SHORT_SIZE
    assert seen.of(client.command) == moved
    assert seen.of(server.command).transmit >= moved.receive * 0.999
    nobodys = seen.of(UNKNOWN, OURS) + seen.of(KERNEL, OURS)
    assert nobodys.bytes < moved.bytes * 0.001
    assert seen.of("", OURS) == moved + Moved(moved.transmit, moved.receive)
