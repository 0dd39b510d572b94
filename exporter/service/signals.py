"""Signals that end or reload a service, as requests in a queue."""

from __future__ import annotations

import asyncio
import signal
from enum import Enum


class Request(Enum):
    """Stop the service, or let another one follow it."""

    STOP = "stop"
    RELOAD = "reload"
    REOPEN = "reopen"


def signal_requests(loop: asyncio.AbstractEventLoop) -> asyncio.Queue[Request]:
    """STOP for SIGTERM and SIGINT, RELOAD for SIGHUP where the system has it."""
    requests: asyncio.Queue[Request] = asyncio.Queue()
    for name, request in (("SIGTERM", Request.STOP), ("SIGINT", Request.STOP), ("SIGHUP", Request.RELOAD)):
        if hasattr(signal, name):
            _on_signal(loop, getattr(signal, name), requests, request)
    return requests


def _on_signal(
    loop: asyncio.AbstractEventLoop, number: signal.Signals, requests: asyncio.Queue[Request], request: Request
) -> None:
    try:
        loop.add_signal_handler(number, requests.put_nowait, request)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(requests.put_nowait, request))
