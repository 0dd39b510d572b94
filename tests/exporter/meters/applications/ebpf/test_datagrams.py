"""Known datagrams by real programs: UDP with and without segmentation, QUIC, ICMP; and what the kernel sends itself."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.traffic import KERNEL
from tests.end_to_end.namespaces import Moved
from tests.worlds.datagram_programs import DATAGRAMS, PING, QUIC_CLIENT, QUIC_SERVER, SINK
from tests.worlds.own_line import OURS
from tests.worlds.programs import program

if TYPE_CHECKING:
    from tests.exporter.meters.applications.ebpf.conftest import Seen
    from tests.worlds.own_line import Line

pytestmark = pytest.mark.namespaces
HEADERS, IPV6_HEADERS = 14 + 20 + 8, 14 + 40 + 8
ICMP_HEADERS = 14 + 20 + 8
QUIC_SIZE = 1_000_000


@pytest.mark.parametrize(("processes", "count", "size"), [(1, 2000, 1200), (1, 500, 0), (100, 3, 700)])
def test_datagrams_are_counted_to_the_last_byte(
    line: Line, seen: Seen, tmp_path: Path, processes: int, count: int, size: int
) -> None:
    sender, sink = program(tmp_path, "send"), program(tmp_path, "sink")
    near, far = line.counters()
    with sink.serving(line.far, SINK, line.network.far) as port:
        sender.run(line.near, DATAGRAMS, line.network.far, port, *map(str, (processes, count, size, 0)))
    now_near, now_far = line.counters()

    sent = processes * (count * (size + HEADERS) + 1 + HEADERS)
    assert seen.of(sender.command) == now_near - near == Moved(processes * (1 + HEADERS), sent)
    assert seen.of(sink.command) == now_far - far
    assert seen.packets_of(sender.command, OURS, "udp") == Moved(processes, processes * (count + 1))


def test_datagrams_of_ipv6_are_counted_to_the_last_byte(line: Line, seen: Seen, tmp_path: Path) -> None:
    sender, sink = program(tmp_path, "send"), program(tmp_path, "sink")
    with sink.serving(line.far, SINK, line.network.far_ipv6) as port:
        sender.run(line.near, DATAGRAMS, line.network.far_ipv6, port, "1", "100", "1000", "0")

    sent = 100 * (1000 + IPV6_HEADERS) + 1 + IPV6_HEADERS
    assert seen.of(sender.command, OURS, "udp") == Moved(1 + IPV6_HEADERS, sent)
    assert seen.of(sink.command, OURS, "udp") == Moved(sent, 1 + IPV6_HEADERS)


def test_segments_of_a_datagram_are_counted_with_their_headers(line: Line, seen: Seen, tmp_path: Path) -> None:
    sender, sink = program(tmp_path, "send"), program(tmp_path, "sink")
    before, _ = line.counters()
    with sink.serving(line.far, SINK, line.network.far) as port:
        sender.run(line.near, DATAGRAMS, line.network.far, port, "1", "40", "12000", "1200")
    moved = line.counters()[0] - before

    assert moved.transmit == 400 * (1200 + HEADERS) + 1 + HEADERS
    assert seen.of(sender.command) == moved
    assert seen.packets_of(sender.command) == Moved(1, 401)


def test_quic_is_counted_to_the_last_byte(line: Line, seen: Seen, tmp_path: Path) -> None:
    packages = find_spec("aioquic")
    if packages is None or packages.origin is None:
        pytest.skip("aioquic is not installed")
    folder = str(Path(packages.origin).parents[1])
    client, server = program(tmp_path, "quic"), program(tmp_path, "serve")
    certificate, key = tmp_path / "certificate", tmp_path / "key"
    made = (
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=x",
    )
    subprocess.run([*made, "-out", certificate, "-keyout", key], check=True, capture_output=True)
    near, far = line.counters()
    with server.serving(line.far, QUIC_SERVER, folder, line.network.far, str(certificate), str(key)):
        fetched = client.run(line.near, QUIC_CLIENT, folder, line.network.far, str(QUIC_SIZE))
        now_near, now_far = line.counters()
        counted = seen.of(client.command), seen.of(server.command)

    assert fetched == f"{QUIC_SIZE}\n"
    assert counted == (now_near - near, now_far - far)
    assert seen.of(client.command, OURS, "udp").receive > QUIC_SIZE


def test_a_ping_is_the_programs_and_its_answers_the_kernels(line: Line, seen: Seen, tmp_path: Path) -> None:
    ping = program(tmp_path, "ping")

    ping.run(line.near, PING, line.network.far, "20", "1000")

    one_way = 20 * (1000 + ICMP_HEADERS)
    assert seen.of(ping.command, OURS, "icmp") == Moved(one_way, one_way)
    assert seen.of(KERNEL, OURS, "icmp").transmit == one_way
