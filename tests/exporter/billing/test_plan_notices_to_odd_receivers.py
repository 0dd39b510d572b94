"""Receivers that are none, or answer nonsense: a notice is given up after all attempts, and no log tells a secret."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from exporter.billing.notifier import ATTEMPTS
from exporter.settings.plans.notify import Notify
from tests.exporter.billing.test_plan_notices import KEY, MESSAGE, NOTED, Kept, finished, kept

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["kept"]

LONG = "x" * 64
ADDRESSES = ["http://a..b", f"http://{LONG}.example", "http://...", "http://[::::]", "https://127.0.0.1:1"]
ANSWERS = {
    "nothing": b"",
    "no HTTP": b"garbage\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nA: b\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\nA: " + b"y" * 100_000,
    "a header that is none": b"HTTP/1.1 200 OK\r\n\xff=\x00\r\n\r\n",
    "an odd status": b"HTTP/1.1 999 Odd\r\n\r\n",
}
LONGEST_LINE = 300


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """A server that answers everybody so, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await reader.read(10_000)
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def assert_given_up(kept: Kept, address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    notifier = kept.notifier(first_pause=0, timeout_seconds=2)
    notifier.notify_once(key=KEY, notify=Notify(webhook=f"{address}/xyzzy?key=xyzzy"), message=MESSAGE)
    await finished(notifier)
    await notifier.close()

    lines = [record.getMessage() for record in caplog.records]
    assert [line.partition("(")[2].partition(")")[0] for line in lines] == [
        f"attempt {number} of {ATTEMPTS}" for number in range(1, ATTEMPTS + 1)
    ]
    assert not [line for line in lines if "xyzzy" in line or "object at" in line or len(line) > LONGEST_LINE]
    assert set(kept.rows()) == {NOTED}


@pytest.mark.parametrize("address", ADDRESSES)
async def test_an_address_that_nobody_can_have_is_given_up(
    kept: Kept,
    address: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await assert_given_up(kept, address, caplog)


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_that_is_none_is_given_up_without_the_secret_of_the_address(
    kept: Kept,
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with answering(ANSWERS[name]) as address:
        await assert_given_up(kept, address, caplog)
