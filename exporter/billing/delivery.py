"""Delivery of a notice, once: by a webhook or by a command."""

from __future__ import annotations

import asyncio
import contextlib
import os
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
from exporter.settings.plans.notify import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.settings.plans.notify import Notify

WAYS = ("webhook", "command")
TIMEOUT_SECONDS = 10.0
JSON_HEADERS = {"Content-Type": "application/json"}
REDIRECTIONS = 300
OWN_VARIABLES = ("NETLEDGER_", "BANDWIDTH_API_KEY", "NEON_DB_URL")
"""The first status that is no success."""


class DeliveryError(Exception):
    """The receiver did not take a notice; the text has the reason, without the address, which may be a secret."""


async def deliver(way: str, notify: Notify, message: Mapping[str, object], seconds: float = TIMEOUT_SECONDS) -> None:
    """Make one attempt by a way of WAYS that the settings have; raises DeliveryError."""
    body = msgspec.json.encode(message)
    try:
        if way == "webhook" and notify.webhook:
            await _post(notify.webhook, body, seconds)
        elif way == "command" and notify.command:
            command = filled(notify.command, parts_of(message))
            # A command that places parts among its arguments shows them to people: so it gets the text on input, too.
            text = body if command == notify.command else f"{message.get('text', '')}\n".encode()
            await _run(command, text, seconds)
    except (ClientError, OSError, ValueError) as error:
        raise DeliveryError(_reason(error)) from error


def _reason(error: Exception) -> str:
    """The reason without the address, which may be a secret: the library's own texts have it."""
    match error:
        case ClientResponseError():
            return "its answer is not HTTP"
        case ServerDisconnectedError():
            return "it hung up without an answer"
        case ClientConnectorError():
            return f"no connection to {error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
        case FileNotFoundError():
            return "there is no such program"
        # aiohttp leaves a host that DNS cannot have to the codec, which raises UnicodeError.
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
        # a redirection makes it a GET, whose answer is not about the notice
        session.post(url, data=body, headers=JSON_HEADERS, ssl=context, allow_redirects=False) as response,
    ):
        if response.status >= REDIRECTIONS:
            raise DeliveryError(f"status {response.status}")


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without our own settings, keys among them: a program that shows a message needs none."""
    return {name: value for name, value in environ.items() if not name.startswith(OWN_VARIABLES)}


async def _run(command: tuple[str, ...], body: bytes, seconds: float) -> None:
    """Run a command without a shell, with the notice on standard input."""
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
