"""Known bytes of real programs through a real kernel, with the interfaces' counters as truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.exporter.meters.applications.ebpf.programs import FETCH, SERVE, program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.meters.applications.ebpf.conftest import Line, Seen

pytestmark = pytest.mark.namespaces
SIZE = 20_000_000


def test_a_download_is_the_interfaces_bytes_to_the_last_one(line: Line, seen: Seen, tmp_path: Path) -> None:
    client, server = program(tmp_path, "fetch"), program(tmp_path, "serve")
    before, before_far = line.near.counter("eth9"), line.far.counter("eth9")
    with server.start(line.far, SERVE, "AF_INET", line.cable.far_address, str(SIZE)) as serving:
        assert serving.stdout is not None
        port = serving.stdout.readline().strip()
        fetched = client.run(line.near, FETCH, line.cable.far_address, port)
        serving.kill()
    moved, moved_far = line.near.counter("eth9") - before, line.far.counter("eth9") - before_far

    assert fetched == f"{SIZE}\n"
    assert seen.of(client.command) == (moved.receive, moved.transmit)
    received, transmitted = seen.of(server.command)
    assert abs(transmitted - moved_far.transmit) <= moved_far.transmit / 1000
    assert abs(received - moved_far.receive) <= moved_far.receive / 1000
    assert seen.of(client.command, "lan", "tcp") == seen.of(client.command)
