"""What a supervisor hears: of the protocol by a socket of our own, of a whole service by its process."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from exporter.service.supervision import NotificationSocket, Supervision, watchdog_seconds
from tests.exporter.cli.service_process import Service as ServiceProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exporter.service.service import Service

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="a supervisor with sockets of files")

WAIT_SECONDS = 20


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    """The supervisor's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(str(tmp_path / "notify"))
        ours.settimeout(WAIT_SECONDS)
        yield ours


def _messages(heard: socket.socket) -> list[str]:
    """All that waits."""
    heard.settimeout(0)
    found = []
    while True:
        try:
            found.append(heard.recv(4096).decode())
        except BlockingIOError:
            return found


def _service(*, is_late: bool = False, problems: tuple[str, ...] = ()) -> Service:
    context = SimpleNamespace(is_late=is_late, problems=lambda: list(problems))
    return cast("Service", SimpleNamespace(context=context))


def _supervision(heard: socket.socket, **environ: str) -> Supervision:
    return Supervision({"NOTIFY_SOCKET": heard.getsockname(), "WATCHDOG_USEC": "2000000", **environ})


def test_a_path_and_an_abstract_name_are_reached(heard: socket.socket) -> None:
    NotificationSocket(heard.getsockname()).send("READY=1", "STATUS=x")
    assert _messages(heard) == ["READY=1\nSTATUS=x"]

    if sys.platform == "linux":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
            ours.bind(f"\0netledger-{os.getpid()}")
            NotificationSocket(f"@netledger-{os.getpid()}").send("READY=1")
            assert ours.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative", "/there/is/no/socket"])
def test_a_supervisor_that_cannot_be_reached_is_no_fault(address: str) -> None:
    opened = NotificationSocket(address)

    opened.send("READY=1")

    assert opened.is_there is address.startswith("/")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, 0),
        ({"WATCHDOG_USEC": "30000000"}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
    ],
)
def test_the_watchdog_is_of_this_process(environ: dict[str, str], seconds: float) -> None:
    assert watchdog_seconds(environ, 7) == seconds


def test_the_watchdog_hears_a_service_only_while_it_samples(heard: socket.socket) -> None:
    supervision = _supervision(heard)
    supervision.note_ready(_service(), "http://127.0.0.1:7373")
    supervision.report()
    assert _messages(heard) == ["READY=1\nSTATUS=listens on http://127.0.0.1:7373", "WATCHDOG=1"]

    supervision.note_ready(_service(is_late=True, problems=("no sample for 31 s",)), "http://127.0.0.1:7373")
    supervision.report()

    assert _messages(heard) == ["READY=1\nSTATUS=listens on http://127.0.0.1:7373; no sample for 31 s"]


def test_a_status_is_sent_when_it_changes_and_is_one_line(heard: socket.socket) -> None:
    supervision, problems = _supervision(heard, WATCHDOG_USEC=""), [""]
    context: Any = SimpleNamespace(is_late=False, problems=lambda: [text for text in problems if text])
    supervision.note_ready(cast("Service", SimpleNamespace(context=context)), "http://[::1]:1")
    supervision.report()
    assert len(_messages(heard)) == 1

    problems[0] = "the disk\nREADY=1 is full"
    supervision.report()

    assert _messages(heard) == ["STATUS=listens on http://[::1]:1; the disk READY=1 is full"]


def test_a_reload_is_watched_for_as_long_as_it_may_take(heard: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    supervision = _supervision(heard)
    supervision.note_ready(_service(), "")
    supervision.note_reload()
    supervision.report()
    reloading, sign = _messages(heard)[1:]
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert sign == "WATCHDOG=1"

    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 601)
    supervision.report()

    assert _messages(heard) == []


def test_a_service_is_ready_goes_on_reloads_and_stops(
    tmp_path: Path, heard: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", heard.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    process = ServiceProcess(tmp_path, tmp_path / "ledger.db")
    try:
        url = process.start()
        assert f"STATUS=listens on {url}" in _next(heard, "READY=1")
        _next(heard, "WATCHDOG=1")
        process.send(signal.SIGHUP)
        _next(heard, "RELOADING=1")
        process.next_address()
        _next(heard, "READY=1")
        assert process.stop().code == 0
        _next(heard, "STOPPING=1")
    finally:
        process.end()


def _next(heard: socket.socket, beginning: str) -> str:
    heard.settimeout(WAIT_SECONDS)
    while not (message := heard.recv(4096).decode()).startswith(beginning):
        continue
    return message
