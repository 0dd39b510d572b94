"""Tells of a crossed threshold: a web address or a program gets JSON, again until it is taken; nobody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import ssl
from typing import TYPE_CHECKING

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout, InvalidURL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from exporter.settings import Notify

log = logging.getLogger(__name__)

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 2.0
"""Doubled after each failed attempt: 2, 4, 8 and 16 seconds."""

TIMEOUT_SECONDS = 10.0
JSON_HEADERS = {"Content-Type": "application/json"}


class Notifier:
    """Remembers in the ledger what it has told, so that a restart does not tell it again."""

    def __init__(
        self,
        remember: Callable[[str], Awaitable[bool]],
        *,
        first_pause: float = FIRST_PAUSE_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        """`remember` writes a key down; False says that it stood there already."""
        self._remember, self._first_pause, self._timeout = remember, first_pause, timeout_seconds
        self._told: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def tell_once(self, *, key: str, notify: Notify, message: Mapping[str, object]) -> bool:
        """Begin to tell, unless this key was told before; returns whether it is new."""
        if key in self._told:
            return False
        try:
            is_new = await self._remember(key)
        except sqlite3.Error as error:
            # Better told again after a restart than not at all: a full disk is no reason to overrun a cap in silence
            log.warning("a notice of a plan cannot be noted in the ledger: %s", error)
            is_new = True
        self._told.add(key)
        if is_new and (notify.webhook or notify.command):
            task = asyncio.create_task(self._deliver(notify, msgspec.json.encode(message)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return is_new

    async def close(self) -> None:
        """Give up what is still being told."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, notify: Notify, body: bytes) -> None:
        if notify.webhook:
            webhook = notify.webhook
            await self._until_taken("the webhook", lambda: _post(webhook, body, self._timeout))
        if notify.command:
            await self._until_taken("the command", lambda: _run(notify.command, body, self._timeout))

    async def _until_taken(self, what: str, attempt: Callable[[], Awaitable[None]]) -> None:
        pause = self._first_pause
        for number in range(1, ATTEMPTS + 1):
            try:
                await attempt()
            except (ClientError, OSError, TimeoutError, DeliveryError) as error:
                reason = _reason(error)
                log.warning(
                    "%s of a plan did not take the notice (attempt %d of %d): %s", what, number, ATTEMPTS, reason
                )
            else:
                return
            if number < ATTEMPTS:
                await asyncio.sleep(pause)
                pause *= 2


def _reason(error: Exception) -> str:
    """Why, without the address, which may be a secret."""
    if isinstance(error, InvalidURL):
        return "not a web address"
    return str(error) or "no answer in time"


class DeliveryError(Exception):
    """Somebody answered, and did not take the notice."""


async def _post(url: str, body: bytes, seconds: float) -> None:
    timeout = ClientTimeout(total=seconds)
    # aiohttp's own context was made without certificates, to save a service its memory: a call needs a real one
    context = ssl.create_default_context() if url.startswith("https") else True
    async with (
        ClientSession(timeout=timeout) as session,
        # A redirection would make it a GET, whose answer says nothing about the notice
        session.post(url, data=body, headers=JSON_HEADERS, ssl=context, allow_redirects=False) as response,
    ):
        if response.status >= 300:  # noqa: PLR2004 - HTTP's own border
            raise DeliveryError(f"status {response.status}")


async def _run(command: tuple[str, ...], body: bytes, seconds: float) -> None:
    """Run without a shell; the notice comes on standard input."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        await asyncio.wait_for(process.communicate(body), seconds)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        raise DeliveryError(f"exit code {process.returncode}")
