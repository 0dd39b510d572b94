"""Checks of real servers on loopback: good ones, and each way in which one can fail."""

from __future__ import annotations

import asyncio
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from exporter.meters.requests.monitors.probing import MOST_BODY, Prober
from exporter.meters.requests.monitors.settings import Monitor, StatusRange
from tests.exporter.meters.requests.monitors.certified import ANSWER, certificate, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECONDS = 0.5
PUBLIC = "8.8.8.8"


@pytest.fixture
def resolver() -> Iterator[ThreadPoolExecutor]:
    executor = ThreadPoolExecutor(1)
    yield executor
    executor.shutdown(wait=False)


def monitor(port: int, scheme: str = "http", path: str = "/health?key=1", **parts: Any) -> Monitor:
    usual = {"name": "site", "url": f"{scheme}://localhost:{port}{path}", "allow_private": True}
    return Monitor(**{**usual, **parts})


def trusting(pem: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pem))


@pytest.fixture
def prober(resolver: ThreadPoolExecutor) -> Callable[..., Prober]:
    def make(**parts: Any) -> Prober:
        return Prober(resolver, **{"resolve": lambda _host, _port: ["127.0.0.1"], "seconds": SECONDS, **parts})

    return make


async def test_a_good_answer_has_its_status_its_time_and_its_bytes(prober: Callable[..., Prober]) -> None:
    async with serving(ANSWER) as (port, heads):
        probe = await prober().probe(monitor(port))

    assert (probe.code, probe.reason, probe.response_bytes, probe.certificate_ends) == (200, "", 5, None)
    assert 0 < probe.duration < SECONDS * 1e6
    assert heads[0].startswith(b"GET /health?key=1 HTTP/1.1\r\nHost: localhost:%d\r\n" % port)


ANSWERS = [
    ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204, "", 0),
    ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", 200, "", 0),
    ("GET", b"HTTP/1.1 503 Down\r\nContent-Length: 2\r\n\r\nno", 503, "status 503", 2),
    ("GET", b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + ANSWER, 200, "", 5),
    ("GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, "", 13),
    ("GET", b"HTTP/1.0 200\r\n\r\nuntil the end", 200, "", 13),
    ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\nless", 0, "its answer is cut off", 0),
    ("GET", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 0, "its answer is not HTTP", 0),
    ("GET", b"HTTP/1.1 200 OK\r\n", 0, "its answer is cut off", 0),
    ("GET", b"", 0, "it hung up without an answer", 0),
    ("GET", b"HTTP/1.1 100 Go on\r\n\r\n" * 6, 0, "its answer does not begin", 0),
    ("GET", b"x" * 70_000, 0, "its answer begins with more than 65536 bytes of headers", 0),
]


@pytest.mark.parametrize(("method", "answer", "code", "reason", "size"), ANSWERS)
async def test_every_answer_ends_in_a_status_or_a_reason(
    prober: Callable[..., Prober], method: str, answer: bytes, code: int, reason: str, size: int
) -> None:
    async with serving(answer) as (port, _):
        probe = await prober().probe(monitor(port, method=method))

    assert (probe.code, probe.reason, probe.response_bytes) == (code, reason, size)


async def test_no_more_of_a_body_is_read_than_the_limit(prober: Callable[..., Prober]) -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10 * MOST_BODY) as (port, _):
        probe = await prober(seconds=5).probe(monitor(port))

    assert (probe.code, probe.response_bytes) == (200, MOST_BODY)


async def test_a_redirection_is_an_answer_and_is_not_followed(prober: Callable[..., Prober]) -> None:
    async with serving(ANSWER) as (other, other_heads):
        moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % other
        async with serving(moved) as (port, _):
            probe = await prober().probe(monitor(port))
            strict = await prober().probe(monitor(port, expected=(StatusRange(200, 299),)))

    assert (probe.code, probe.reason) == (302, "")
    assert (strict.code, strict.reason) == (302, "status 302")
    assert not other_heads


async def _hang(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def _drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b".")
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("handler", [_hang, _drip])
async def test_an_answer_that_does_not_end_is_given_up_in_time(
    prober: Callable[..., Prober], handler: Callable[..., Any]
) -> None:
    async with serving(handler) as (port, _):
        probe = await prober(seconds=0.2).probe(monitor(port))

    assert (probe.code, probe.reason) == (0, "no end of the answer within 0.2 s (answer)")


async def test_a_port_where_nothing_listens_is_a_reason(prober: Callable[..., Prober]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        probe = await prober().probe(monitor(taken.getsockname()[1]))

    assert (probe.code, probe.reason) == (0, "Connection refused")


async def test_the_next_address_of_a_name_is_asked_where_one_refuses(prober: Callable[..., Prober]) -> None:
    async with serving(ANSWER) as (port, _):
        probe = await prober(resolve=lambda _host, _port: ["127.0.0.2", "127.0.0.1"]).probe(monitor(port))

    assert (probe.code, probe.reason) == (200, "")


def _no_such_name(_host: str, _port: int) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


async def test_a_name_that_nobody_knows_is_a_reason(prober: Callable[..., Prober]) -> None:
    probe = await prober(resolve=_no_such_name).probe(monitor(80))

    assert (probe.code, probe.reason) == (0, "its name has no address: Name or service not known")


async def test_tls_answers_have_the_end_of_their_certificate(prober: Callable[..., Prober], tmp_path: Path) -> None:
    pem = certificate(tmp_path, days=3)
    async with serving(ANSWER, pem) as (port, _):
        probe = await prober(tls=trusting(pem), seconds=5).probe(monitor(port, "https"))

    assert (probe.code, probe.reason) == (200, "")
    assert probe.certificate_ends is not None


CERTIFICATES = [
    ("localhost", -1, True, "certificate has expired"),
    ("other.example", 30, True, "Hostname mismatch, certificate is not valid for 'localhost'."),
    ("localhost", 30, False, "self-signed certificate"),
]


@pytest.mark.parametrize(("name", "days", "is_trusted", "reason"), CERTIFICATES)
async def test_a_certificate_that_does_not_hold_is_a_failure(
    prober: Callable[..., Prober], tmp_path: Path, name: str, days: int, reason: str, *, is_trusted: bool
) -> None:
    pem = certificate(tmp_path, name, days=days)
    tls = trusting(pem) if is_trusted else ssl.create_default_context()
    async with serving(ANSWER, pem) as (port, _):
        probe = await prober(tls=tls, seconds=5).probe(monitor(port, "https"))

    assert (probe.code, probe.reason) == (0, f"its certificate is refused: {reason}")


async def test_plain_http_where_tls_is_meant_is_a_reason(prober: Callable[..., Prober]) -> None:
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        probe = await prober(seconds=5).probe(monitor(server.sockets[0].getsockname()[1], "https"))

    assert probe.code == 0
    assert probe.reason.startswith("TLS: ")


async def test_this_machine_is_not_asked_unless_it_is_allowed(prober: Callable[..., Prober]) -> None:
    async with serving(ANSWER) as (port, heads):
        by_name = await prober().probe(monitor(port, allow_private=False))
        by_address = await prober(resolve=lambda host, _port: [host]).probe(
            monitor(port, url=f"http://127.0.0.1:{port}/", allow_private=False)
        )

    assert {by_name.reason, by_address.reason} == {
        "its address is of this machine or of a private network: allow_private permits that"
    }
    assert not heads


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that connections were made to; none is."""
    found: list[str] = []

    async def connect(host: str, *_: object, **__: object) -> None:
        found.append(host)
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncio, "open_connection", connect)
    return found


async def test_a_name_that_changes_its_address_cannot_lead_to_this_machine(
    prober: Callable[..., Prober], connected: list[str]
) -> None:
    """DNS rebinding: a name is resolved once a check, and what was checked is what is connected to."""
    answers = iter([[PUBLIC], ["127.0.0.1"], [PUBLIC, "169.254.169.254"], ["::ffff:127.0.0.1"]])
    rebinding = prober(resolve=lambda _host, _port: next(answers))

    for _ in range(4):
        await rebinding.probe(monitor(80, allow_private=False))

    assert connected == [PUBLIC, PUBLIC]
    assert next(answers, None) is None
