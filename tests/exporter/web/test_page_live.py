"""Live frames: one a second for all, bounded in every way, and gone with the service."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from msgspec.structs import replace

from exporter.web import server
from exporter.web.page import live
from exporter.web.page.live import FEED, MOST_LISTENERS, LiveFeed
from reports.text.amounts import human_bytes
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STREAM = "/api/live/stream"
PATIENCE_SECONDS = 10
STOP_SECONDS = 15
MOST_FRAMES = 5


class Listener:
    """One client of the stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def raw(self) -> bytes:
        """The next event as it was sent; b"" at the end."""
        lines = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (line := await self.response.content.readline()).strip():
                lines.append(line)
        return b"".join(lines)

    async def all(self) -> None:
        """A hundred events, if there are so many."""
        for _ in range(100):
            await self.raw()

    async def frame(self) -> Any:
        """The next frame."""
        while not (event := await self.raw()).startswith(b"event: live\n"):
            assert event, "the stream has ended"
        return json.loads(event.partition(b"data: ")[2])


@asynccontextmanager
async def listening(service: RunningService, path: str = STREAM) -> AsyncIterator[Listener]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(service.url + path) as response,
    ):
        yield Listener(response)


def feed_of(service: RunningService) -> LiveFeed:
    server = service.service._server
    assert server is not None
    app: Any = server._runner.app
    return app[FEED]  # type: ignore[no-any-return]


def is_working(feed: LiveFeed) -> bool:
    return feed._task is not None


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds are for people; tests have none to give away."""
    monkeypatch.setattr(live, "FRAME_SECONDS", 0.05)


async def test_a_frame_tells_what_has_just_moved(service: RunningService) -> None:
    async with listening(service) as client:
        assert client.response.headers["Content-Type"].startswith("text/event-stream")
        assert client.response.headers["Server"] == "netledger"
        before = await client.frame()
        service.machine.move("eth0", 2_000_000, 500_000)
        service.pass_time(2)
        after = await client.frame()

    assert (before["receive"], before["texts"]["today"]) == (0, "0 B")
    assert (after["receive"], after["transmit"]) == (1_000_000, 250_000)
    assert after["texts"]["receive"] == "8.00 Mbit/s"
    assert after["texts"]["today"] == "2.50 MB"
    assert after["interfaces"]["eth0"] == ["8.00 Mbit/s", "2.00 Mbit/s", "2.50 MB", "2.50 MB"]
    assert after["at"] == before["at"] + 2
    assert after["state"] == "live"


async def test_frames_agree_with_the_api(service: RunningService) -> None:
    service.machine.move("eth0", 77_000, 1)
    service.pass_time()
    async with listening(service) as client:
        frame = await client.frame()

    today, plan = await service.get("/api/today"), (await service.get("/api/plans"))["plans"][0]
    assert frame["texts"]["today"] == human_bytes(today["total_bytes"])
    assert frame["texts"]["plan-0-used"] == human_bytes(plan["used_bytes"])
    days = (await service.get("/api/month"))["days"]
    assert frame["texts"]["month"] == human_bytes(sum(day["total_bytes"] or 0 for day in days)) == "77.00 kB"
    assert frame["problems"] == (await service.get("/api/health"))["problems"]


async def test_everybody_gets_the_same_bytes(service: RunningService) -> None:
    async with listening(service) as one, listening(service) as other:
        await one.raw(), await other.raw()
        ours = [await one.raw() for _ in range(4)]
        theirs = [await other.raw() for _ in range(4)]

    assert set(ours) & set(theirs)


async def test_without_listeners_nothing_runs(service: RunningService) -> None:
    feed = feed_of(service)
    assert not is_working(feed)

    async with listening(service) as client:
        await client.frame()
        assert is_working(feed)

    await until(lambda: not is_working(feed))
    assert feed.listener_count == 0


async def test_who_comes_back_gets_no_frame_of_then(service: RunningService) -> None:
    async with listening(service) as client:
        await client.frame()
    await until(lambda: not is_working(feed_of(service)))
    service.pass_time(5)

    async with listening(service) as client:
        assert (await client.frame())["at"] == service.machine.seconds


async def test_more_clients_than_are_kept_are_told_the_rule(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_LISTENERS", 2)
    async with listening(service) as one, listening(service) as other:
        await one.frame(), await other.frame()
        refused = await service.ask(STREAM)
    await until(lambda: feed_of(service).listener_count == 0)

    assert refused.status == 503
    assert refused.json == {"error": "2 clients listen already, and no more may: close one, or ask /api/live"}
    async with listening(service) as again:
        assert await again.frame()


@asynccontextmanager
async def listening_from(service: RunningService, address: str) -> AsyncIterator[Listener]:
    """From another address of loopback, which stands for another machine."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.get(service.url + STREAM) as response,
    ):
        yield Listener(response)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
async def test_who_takes_every_place_keeps_nobody_else_out(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_LISTENERS", 4)
    feed = feed_of(service)
    async with AsyncExitStack() as clients:
        greedy = [await clients.enter_async_context(listening_from(service, "127.0.0.2")) for _ in range(4)]
        await asyncio.gather(*(client.frame() for client in greedy))
        owner = await clients.enter_async_context(listening_from(service, "127.0.0.3"))
        assert await owner.frame()
        with pytest.raises(aiohttp.ClientError):
            await greedy[0].all()
        assert await greedy[1].frame()
        other = await clients.enter_async_context(listening_from(service, "127.0.0.3"))
        assert await other.frame()
        third = await clients.enter_async_context(listening_from(service, "127.0.0.3"))

        assert third.response.status == 503  # two and two is fair
        assert feed.listener_count == 4
        assert await owner.frame()


async def test_no_more_listen_than_may_however_many_come_at_once(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_LISTENERS", 5)
    feed, most = feed_of(service), 0
    async with AsyncExitStack() as clients:
        coming = [clients.enter_async_context(listening(service)) for _ in range(40)]
        some = await asyncio.gather(*coming)
        for _ in range(20):
            most = max(most, feed.listener_count)
            await asyncio.sleep(0.01)

        assert most == 5
        assert sum(client.response.status == 503 for client in some) >= 30


@pytest.mark.parametrize(
    ("site", "origin", "status"),
    [
        ("cross-site", None, 403),
        ("cross-site", "https://evil.example", 403),
        ("cross-site", "https://mine.example", 200),
        ("same-origin", None, 200),
        ("same-site", None, 200),
        ("none", None, 200),
    ],
)
async def test_pages_from_elsewhere_take_no_place(
    unstarted: RunningService, site: str, origin: str | None, status: int
) -> None:
    unstarted.server = replace(unstarted.server, cors_origins=("https://mine.example",))
    headers = {"Sec-Fetch-Site": site} | ({} if origin is None else {"Origin": origin})
    async with (
        running(unstarted) as service,
        aiohttp.ClientSession() as session,
        session.get(service.url + STREAM, headers=headers) as response,
    ):
        assert response.status == status


async def test_late_data_is_said_while_it_is_late(service: RunningService) -> None:
    async with listening(service) as client:
        await client.frame()
        service.meter.problem = "the kernel is busy"
        service.pass_time(2)
        late = await _frame_in(client, "late")
        service.meter.problem = ""
        service.pass_time(2)
        well = await _frame_in(client, "live")

    assert late["says"] == "Late: the interfaces cannot be read"
    assert late["problems"] == ["the interface meter fails: the kernel is busy"]
    assert well["state"] == "live"


async def _frame_in(client: Listener, state: str) -> dict[str, Any]:
    """The next frame in this state: a second may have ended, and made a frame, before the time that was passed."""
    for _ in range(MOST_FRAMES):
        frame = await client.frame()
        if frame["state"] == state:
            break
    assert frame["state"] == state
    return dict(frame)


async def test_an_open_gap_is_said(service: RunningService) -> None:
    async with listening(service) as client:
        await client.frame()
        service.meter.problem = "gone"
        service.pass_time(2_000)
        frame = await _frame_in(client, "gap")

    assert frame["says"].startswith("Gap open: no sample for 20")


async def test_a_frame_that_cannot_be_made_ends_nothing(
    service: RunningService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(service) as client:
        await client.frame()
        with monkeypatch.context() as broken:
            broken.setattr(live, "live_frame", lambda *_: 1 / 0)
            await asyncio.sleep(0.2)
        while await client.frame():
            break

    assert "a live frame could not be made" in caplog.text


@pytest.fixture
def wordy(unstarted: RunningService, monkeypatch: pytest.MonkeyPatch) -> RunningService:
    """A service whose frames are large and many."""
    monkeypatch.setattr(live, "FRAME_SECONDS", 0.002)
    for number in range(200):
        unstarted.machine.create(f"interface-with-a-long-name-{number}", is_uplink=True)
    return unstarted


def connect_and_take_nothing(service: RunningService) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(PATIENCE_SECONDS)
    client.connect(("127.0.0.1", service.port))
    client.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def held_for(feed: LiveFeed) -> int:
    """Bytes that wait for the client that has most of them."""
    transports = [writer.transport for writer in feed._writers]
    return max((transport.get_write_buffer_size() for transport in transports if transport), default=0)


def take_the_rest(client: socket.socket) -> None:
    """Read until the connection ends; TimeoutError where it does not."""
    with contextlib.suppress(ConnectionResetError):
        while client.recv(1 << 16):
            pass


async def test_a_client_that_takes_nothing_is_let_go_and_nothing_is_kept_for_it(
    wordy: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STUCK_SECONDS", 0.3)
    async with running(wordy) as service:
        feed = feed_of(service)
        with connect_and_take_nothing(service) as client:
            await until(lambda: feed.listener_count == 1)
            most = 0

            def is_gone() -> bool:
                nonlocal most
                most = max(most, held_for(feed))
                return feed.listener_count == 0

            await until(is_gone)
            await asyncio.to_thread(take_the_rest, client)

    assert 0 < most < 1_000_000


async def test_a_client_that_takes_nothing_keeps_no_connection(
    wordy: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STUCK_SECONDS", 0.3)
    async with running(wordy) as service:
        http: Any = service.service._server
        with connect_and_take_nothing(service):
            await until(lambda: feed_of(service).listener_count == 1)
            await until(lambda: not http._runner.server.connections)


@pytest.fixture
def _patient_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that would wait for its clients far longer than these tests wait for it."""
    monkeypatch.setattr(server, "SHUTDOWN_SECONDS", 4 * STOP_SECONDS)
    monkeypatch.setattr(live, "STUCK_SECONDS", 4 * STOP_SECONDS)


@pytest.mark.usefixtures("_patient_server")
async def test_a_client_that_takes_nothing_does_not_hold_up_the_stop(wordy: RunningService) -> None:
    await wordy.start()
    feed = feed_of(wordy)
    with connect_and_take_nothing(wordy):
        await until(lambda: held_for(feed))
        async with asyncio.timeout(STOP_SECONDS):
            await wordy.stop()


@pytest.mark.usefixtures("_patient_server")
@pytest.mark.parametrize("count", [50])
async def test_the_service_stops_at_once_whoever_listens(unstarted: RunningService, count: int) -> None:
    await unstarted.start()
    async with AsyncExitStack() as clients:
        some = [await clients.enter_async_context(listening(unstarted)) for _ in range(count)]
        await asyncio.gather(*(client.frame() for client in some))
        async with asyncio.timeout(STOP_SECONDS):
            await unstarted.stop()
        while await some[0].raw():
            pass


async def test_head_tells_what_it_is_and_ends(service: RunningService) -> None:
    told = await service.ask(STREAM, "HEAD")

    assert (told.status, told.headers["Content-Type"]) == (200, "text/event-stream")
    assert feed_of(service).listener_count == 0


async def test_with_a_key_the_stream_asks_for_it(unstarted: RunningService) -> None:
    unstarted.auth = replace(unstarted.auth, api_keys=("a-key-for-the-page",))
    async with running(unstarted) as service:
        told = await service.ask(STREAM, headers={"X-API-Key": "wrong"})

    assert (told.status, told.json) == (401, {"error": "the API key is wrong"})


async def test_a_page_that_is_loaded_later_begins_with_what_was_told(service: RunningService) -> None:
    async with listening(service) as client:
        await client.frame()
        service.machine.move("eth0", 4_000)
        service.pass_time(2)
        while (await client.frame())["receive"] != 2000:
            pass
        page = (await service.ask("/")).text

    history = json.loads(page.partition('data-history="')[2].partition('"')[0])
    assert history[0][-1] == service.machine.seconds
    assert history[1][-1] == 2000


def test_the_bound_is_generous_to_people() -> None:
    assert MOST_LISTENERS >= 100
