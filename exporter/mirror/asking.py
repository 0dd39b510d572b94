"""A question of a command to the mirror, over a connection of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from exporter.mirror.address import parse_address
from exporter.mirror.connecting import connect, faults
from exporter.mirror.faults import fault_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from exporter.mirror.faults import Fault

Result = TypeVar("Result")
CLOSE_SECONDS = 2.0


class MirrorFaultError(Exception):
    """The mirror cannot be asked, or refuses; the text says what to do."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


def ask_mirror(url: str, question: Callable[[Any], Awaitable[Result]], *, timeout: float = 10.0) -> Result:
    """The answer to a question that is given a connection of asyncpg's, to an address that was accepted.

    `timeout` are seconds to connect to each host. Raises MirrorFaultError, and what the question raises that
    neither the server nor the driver has raised.
    """

    async def ask() -> Result:
        connection = await connect(parse_address(url), timeout=timeout)
        try:
            return await question(connection)
        finally:
            await connection.close(timeout=CLOSE_SECONDS)

    try:
        return asyncio.run(ask())
    except faults() as error:
        raise MirrorFaultError(fault_of(error)) from error
