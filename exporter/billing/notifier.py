"""Tells a web address or a program of a crossed threshold, again until it is taken; nothing waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import ssl
from typing import TYPE_CHECKING

import msgspec
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    InvalidURL,
    ServerDisconnectedError,
)

from exporter.billing.messages import parts_of
from exporter.billing.outbox import Notice
from exporter.settings.plans.notify import Notify, filled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from exporter.billing.outbox import DeliveredNotices, Outbox

log = logging.getLogger(__name__)

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 2.0
"""Doubled after each failed attempt: 2, 4, 8 and 16 seconds."""

TIMEOUT_SECONDS = 10.0
JSON_HEADERS = {"Content-Type": "application/json"}

GRACE_SECONDS = 2.0
"""At a stop, so long an attempt that is under way may take: cut short, it would be made again by the next service."""

NOTING_SECONDS = 60.0
"""Between attempts to note in the ledger what was told while it could not be written."""

WAYS = ("webhook", "command")


class Notifier:
    """Tells of each threshold once. What nobody has taken stays in the outbox, and is told by the next service.

    A notice leaves the outbox when it was taken, or given up after all attempts: a crash in between tells it again.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        first_pause: float = FIRST_PAUSE_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        noting_seconds: float = NOTING_SECONDS,
    ) -> None:
        """Nothing is told before `resume`."""
        self._outbox, self._first_pause, self._timeout = outbox, first_pause, timeout_seconds
        self._noting_seconds = noting_seconds
        self._noticed: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = asyncio.Event()

    def resume(self, told: DeliveredNotices, notify_of: Callable[[str], Notify | None]) -> None:
        """Go on where an earlier service stopped; `notify_of` says whom the settings now tell of a plan."""
        self._noticed |= told.keys
        for notice in told.waiting:
            notify = notify_of(str(notice.message.get("plan"))) or Notify()
            self._begin(self._deliver(notice, notify))

    def tell_once(self, *, key: str, notify: Notify, message: Mapping[str, object]) -> bool:
        """Begin to tell of the threshold `key`, unless it was told before; returns whether it is new. Never waits."""
        if key in self._noticed:
            return False
        self._noticed.add(key)
        self._begin(self._tell(key, [Notice(key, way, message) for way in WAYS if getattr(notify, way)], notify))
        return True

    async def close(self) -> None:
        """Stop telling; attempts that are under way have a moment to end."""
        self._is_closing.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, key: str, notices: list[Notice], notify: Notify) -> None:
        try:
            await self._outbox.put(key, notices)
        except (sqlite3.Error, OSError) as error:
            # Better told again after a restart than not at all: a full disk is no reason to overrun a cap in silence
            log.warning("a notice of a plan cannot be noted in the ledger yet: %s", error)
            await asyncio.gather(*(self._attempts(notice, notify) for notice in notices))
            await self._until_noted(lambda: self._outbox.put(key, ()))
        else:
            await asyncio.gather(*(self._deliver(notice, notify) for notice in notices))

    async def _deliver(self, notice: Notice, notify: Notify) -> None:
        if await self._attempts(notice, notify):
            await self._until_noted(lambda: self._outbox.take(notice))

    async def _until_noted(self, note: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await note()
            except (sqlite3.Error, OSError) as error:
                log.warning("that a notice of a plan was told cannot be noted in the ledger yet: %s", error)
                if await self._is_closed_within(self._noting_seconds):
                    return
            else:
                return

    async def _attempts(self, notice: Notice, notify: Notify) -> bool:
        """Attempt until it is taken or given up; False where a stop leaves it to the next service."""
        if not getattr(notify, notice.way):
            log.warning("the settings no longer say whom a notice of plan %s is for", notice.message.get("plan"))
            return True
        message = notice.message
        subject = f"{message.get('threshold_percent')} % of plan {message.get('plan')}"
        return await self._until_taken(notice.way, subject, lambda: deliver(notice.way, notify, message, self._timeout))

    async def _is_closed_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._is_closing.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _until_taken(self, way: str, subject: str, attempt: Callable[[], Awaitable[None]]) -> bool:
        pause = self._first_pause
        for number in range(1, ATTEMPTS + 1):
            try:
                await attempt()
            except DeliveryError as error:
                log.warning(
                    "the %s did not take the notice of %s (attempt %d of %d): %s", way, subject, number, ATTEMPTS, error
                )
            else:
                log.info("the %s took the notice of %s", way, subject)
                return True
            if number < ATTEMPTS and await self._is_closed_within(pause):
                return False
            pause *= 2
        return True


class DeliveryError(Exception):
    """A notice was not taken; the text says why, without the address, which may be a secret."""


async def deliver(way: str, notify: Notify, message: Mapping[str, object], seconds: float = TIMEOUT_SECONDS) -> None:
    """Make one attempt on a way ("webhook" or "command") that the settings have; raises DeliveryError."""
    body = msgspec.json.encode(message)
    try:
        if way == "webhook" and notify.webhook:
            await _post(notify.webhook, body, seconds)
        elif way == "command" and notify.command:
            command = filled(notify.command, parts_of(message))
            # Who places the parts reads them: the text is then for people on standard input, too.
            text = body if command == notify.command else f"{message.get('text', '')}\n".encode()
            await _run(command, text, seconds)
    except (ClientError, OSError, ValueError) as error:
        raise DeliveryError(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Why, without the address, which may be a secret: the library's own texts have it."""
    match error:
        case ClientResponseError():
            return "its answer is not HTTP"
        case ServerDisconnectedError():
            return "it hung up without an answer"
        case ClientConnectorError():
            return f"no connection to {error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
        case FileNotFoundError():
            return "there is no such program"
        # A host that DNS cannot have is found out by the codec alone.
        case InvalidURL() | UnicodeError():
            return "not a web address"
        case _:
            return str(error) or "no answer in time"


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


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Without our own settings, keys among them: they are no business of a program that shows a message."""
    return {name: value for name, value in environ.items() if not name.startswith(("NETLEDGER_", "BANDWIDTH_API_KEY"))}


async def _run(command: tuple[str, ...], body: bytes, seconds: float) -> None:
    """Run without a shell; the notice comes on standard input."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, env=_without_secrets(os.environ)
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
