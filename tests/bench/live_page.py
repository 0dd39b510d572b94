"""The live page over ten years: bytes and time of a first visit, what a live frame costs, memory of visits."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from tests.bench.places import Place
from tests.bench.process_figures import cpu_seconds, memory_of
from tests.bench.rows import KERNEL_MEGABYTE, MILLISECOND, Row, skipped
from tests.bench.running import running
from tests.bench.seeding import History, seed

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.bench.running import Running
    from tests.bench.settings import Bench

TEN_YEARS_DAYS = 3_652
COMPRESSED = "Accept-Encoding: gzip\r\n"
STREAM = b"GET /api/live/stream HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLIENTS = 50
LOADS = 5
SETTLING_SECONDS = 3.0
PERCENT = 100.0
FCP = "page: first contentful paint"
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


class UnexpectedAnswerError(Exception):
    """The service did not answer as it must."""


class KnownPlace(Place):
    """This machine, and the port that a service has here: a browser wants to know it."""

    def __init__(self) -> None:
        """Choose a port."""
        self._port = super().free_port()

    def free_port(self) -> int:
        return self._port


def measure(bench: Bench) -> list[Row]:
    """All of the page; the first contentful paint where there is a browser."""
    ledger = seed(bench.folder / "page.db", History(("eth0", "eth1"), TEN_YEARS_DAYS))
    place = KnownPlace()
    port = place.free_port()
    with running(place, ledger) as service:
        time.sleep(SETTLING_SECONDS)
        return [
            _memory(service),
            _size(service),
            *_times(service, bench),
            *_frames(service, port, bench),
            _paints(f"http://127.0.0.1:{port}/", bench),
        ]


def _memory(service: Running) -> Row:
    """The first visits of this service's life, and a first report where there is one."""
    before = memory_of(service.pid).resident
    for _ in range(LOADS):
        _ask(service, "/")
    visited = memory_of(service.pid).resident
    status = service.get("/api/export/wrapup").status
    reported = memory_of(service.pid).resident
    remark = f"of it {(visited - before) / KERNEL_MEGABYTE:.1f} MB for the page loads"
    if status != HTTPStatus.OK:
        remark = f"the page loads alone: the report answered {status}"
    more = (reported - before) / KERNEL_MEGABYTE
    return Row(f"RSS after {LOADS} page loads and a first report: more by", "MB", 8, (more,), remark=remark)


def _size(service: Running) -> Row:
    page = service.connect()
    try:
        plain = page.get("/").body.decode()
        total = len(page.get("/", COMPRESSED).body)
        for path in sorted(set(re.findall(r'(?:src|href)="/?(assets/[^"]+)"', plain))):
            total += len(page.get(f"/{path}", COMPRESSED).body)
    finally:
        page.close()
    remark = "page, styles, scripts, chart library and icon, gzip; no other host is asked"
    return Row("page: bytes on first load", "kB", 120, (total / 1000,), "PacketBuddy 640 and a CDN", remark=remark)


def _times(service: Running, bench: Bench) -> list[Row]:
    page = service.connect()
    before = cpu_seconds(service.pid)
    count = bench.rounds * 10
    seconds = [page.get("/", COMPRESSED).seconds for _ in range(count)]
    cost = (cpu_seconds(service.pid) - before) / count / MILLISECOND
    page.close()
    return [
        Row("page: made and sent, warm", "ms", None, tuple(took / MILLISECOND for took in seconds)),
        Row("page: CPU of one, warm", "ms", None, (cost,)),
    ]


def _frames(service: Running, port: int, bench: Bench) -> list[Row]:
    """CPU of the service with 50 listeners less that without any, per listener and second: one frame each."""
    alone, heard = [], []
    for _ in range(bench.rounds):
        alone.append(_cpu_share(service, bench.window_seconds / 4))
        with _listening(port):
            heard.append(_cpu_share(service, bench.window_seconds / 4))
    more = [with_them - without for without, with_them in zip(alone, heard, strict=True)]
    return [
        Row(
            "one live frame, CPU per client",
            "ms",
            0.1,
            tuple(share / CLIENTS / MILLISECOND for share in more),
            "polls three endpoints",
            remark=f"{CLIENTS} clients, a frame a second; sampling alone is taken off",
        ),
        Row(f"{CLIENTS} listening clients, of a core", "%", 2, tuple(share * PERCENT for share in more)),
    ]


def _cpu_share(service: Running, seconds: float) -> float:
    before, began = cpu_seconds(service.pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(service.pid) - before) / (time.monotonic() - began)


@contextmanager
def _listening(port: int) -> Iterator[None]:
    connected: list[socket.socket] = []
    try:
        for _ in range(CLIENTS):
            client = Place().connect(port)
            connected.append(client)
            client.sendall(STREAM)
        time.sleep(1)
        yield
        for client in connected:
            _require_frames(client)
    finally:
        for client in connected:
            client.close()


def _require_frames(client: socket.socket) -> None:
    if b"event: live" not in client.recv(1 << 16):
        raise UnexpectedAnswerError("a client that listens got no frame")


def _ask(service: Running, path: str) -> None:
    answer = service.get(path)
    if answer.status != HTTPStatus.OK:
        raise UnexpectedAnswerError(f"{path}: {answer.status} {answer.body[:200]!r}")


def _paints(url: str, bench: Bench) -> Row:
    program = shutil.which("chromium")
    if program is None:
        return skipped(FCP, "chromium is not installed")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - the other figures need no browser

    arguments = ["--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    values = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        for _ in range(bench.rounds + 1):
            context = browser.new_context()
            page = context.new_page()
            page.goto(url)
            page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
            values.append(float(page.evaluate(FIRST_PAINT)))
            context.close()
        browser.close()
    remark = "ten years of two interfaces, nothing cached; the browser's own first start is left out"
    return Row(FCP, "ms", 300, tuple(values[1:]), "PacketBuddy: blank offline", remark=remark)
