"""Strangers with many connections, and with slow ones, keep a service from nothing."""

from __future__ import annotations

import contextlib
import http.client
import json
import resource
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.exporter.cli.service_process import Service, fetch

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT, STRANGERS = 1024, 1010


@pytest.fixture
def descriptors() -> Iterator[None]:
    """Many for this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * LIMIT:
        pytest.skip("this process may not open enough connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 65536, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def start_with_few_descriptors(service: Service, limit: int = LIMIT) -> tuple[str, int]:
    """Start it as a shell with `ulimit -n` would; returns host and port."""
    url = service.start(within=("sh", "-c", f'ulimit -S -n {limit} && exec "$@"', "sh"))
    host, _, port = url.removeprefix("http://").partition(":")
    return host, int(port)


def get(address: tuple[str, int], path: str) -> str:
    connection = http.client.HTTPConnection(*address, timeout=60)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def opened_by(service: Service) -> int:
    return len(list(Path(f"/proc/{service.pid}/fd").iterdir()))


@pytest.mark.usefixtures("descriptors")
@pytest.mark.parametrize(
    "sent", [b"", b"GET /metrics HTT", b"POST /api/commit HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"]
)
def test_a_thousand_silent_connections_stop_neither_answers_nor_looks(service: Service, sent: bytes) -> None:
    service.configure(ledger={"commit_interval": "1s"})
    address = start_with_few_descriptors(service)
    with contextlib.ExitStack() as strangers:
        for _ in range(STRANGERS):
            stranger = strangers.enter_context(socket.create_connection(address, timeout=10))
            with contextlib.suppress(OSError):  # it may have been given up already
                stranger.sendall(sent)

        scraped = get(address, "/metrics")
        health = json.loads(get(address, "/api/health"))

        assert opened_by(service) < LIMIT - 100
    assert '\nnetledger_gap_open{meter="interface"} 0' in scraped
    assert (health["status"], health["problems"]) == ("running", [])
    assert health["seconds_since_sample"] < 3
    ended = service.stop()
    assert (ended.code, ended.stderr) == (0, "")


@pytest.mark.usefixtures("descriptors")
def test_with_very_few_descriptors_the_service_answers_and_commits(service: Service) -> None:
    address = start_with_few_descriptors(service, 64)
    with contextlib.ExitStack() as strangers:
        for _ in range(100):
            strangers.enter_context(socket.create_connection(address, timeout=10))

        assert "netledger_build_info" in get(address, "/metrics")
    assert service.command("ledger", "cleanup").code == 0
    assert service.stop().code == 0


@pytest.mark.usefixtures("descriptors")
def test_whoever_takes_no_answer_makes_room_for_others(service: Service) -> None:
    address = start_with_few_descriptors(service, 160)
    ask = b"GET /assets/none HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000
    with contextlib.ExitStack() as strangers:
        for _ in range(80):
            stranger = strangers.enter_context(socket.socket())
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stranger.settimeout(0.2)
            stranger.connect(address)
            with contextlib.suppress(OSError):
                stranger.sendall(ask)

        assert "netledger_build_info" in get(address, "/metrics")
        assert opened_by(service) < 160


def test_a_port_that_another_netledger_has_is_said_to_be_its(service: Service) -> None:
    port = service.start().rsplit(":", 1)[1]
    new = service.folder / "second" / "ledger.db"

    refused = service.command("run", NETLEDGER_SERVER_PORT=port, NETLEDGER_LEDGER_PATH=str(new))

    assert refused.code == 1
    assert refused.stderr == (
        f"netledger: 127.0.0.1:{port} is taken by another netledger: "
        "ask that one, stop it, or set server.port (NETLEDGER_SERVER_PORT)\n"
    )
    assert not new.exists()
    assert fetch(f"http://127.0.0.1:{port}", "/api/health")["status"] == "running"
